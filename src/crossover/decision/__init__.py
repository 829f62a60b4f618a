"""Limits, costs and the verdict."""
