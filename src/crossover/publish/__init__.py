"""Finished studies at the services where people keep theirs."""
