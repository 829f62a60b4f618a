"""The conductor, its folder on disk, and what is read back from it."""
