"""A small book shop: a catalogue, customers who sign in, orders that take from the stock."""
