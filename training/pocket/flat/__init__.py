"""Training on a GPU: batches of fixed shapes, drawn by processes beside it, in one flat sequence of episodes."""
