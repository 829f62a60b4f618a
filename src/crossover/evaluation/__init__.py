"""Scores, intervals, paired tests, and the bench that strategies work at."""
