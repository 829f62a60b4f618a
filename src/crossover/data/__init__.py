"""Task files and examples: read, split, checked, before anything is spent."""
