"""Candidate + example -> request -> reply: rendered, metered, journaled."""
