"""One metric a file: gold and answer -> score."""
