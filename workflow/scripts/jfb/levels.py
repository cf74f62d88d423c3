"""Levels of the lowest loss that tables and figures speak of."""

#: A run has reached the minimum if its lowest loss is at most this.
REACHED = 1e-3
