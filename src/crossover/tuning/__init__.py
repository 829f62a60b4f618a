"""One training loop for every way of tuning weights."""
