"""The till and the stock of a corner shop."""
