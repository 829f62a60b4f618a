"""What is measured of the bundled model, one group of figures a module; `training/pocket/evaluate.py` runs them."""
