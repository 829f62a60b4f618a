"""The winner at work: predictions and exports."""
