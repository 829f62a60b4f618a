"""Model backends: one method that answers requests."""
