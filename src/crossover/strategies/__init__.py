"""One rung of the ladder a file: a candidate in, a better candidate out."""
