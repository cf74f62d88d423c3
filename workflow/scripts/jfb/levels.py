"""Levels of the lowest loss that tables and figures speak of."""

#: A run has reached the minimum if its lowest loss is at most this.
REACHED = 1e-3
#: Levels at which shares are compared where the choice of one could matter.
LEVELS = (5e-4, REACHED, 2e-3, 5e-3, 1e-2)
