"""Units and kinks along the runs of a study on disk, and the categories that they make."""

from typing import NamedTuple

from jfb.storage import parquet

CONSTANT, STRAIGHT = "constant", "straight line"
FLAT_SIDE, ONE_KINK = "line with a flat side", "one kink, slope on both sides"
TWO_KINKS, MORE_KINKS = "two kinks", "three kinks or more"
#: Functions with slopes on all sides, by their number of kinks.
BY_KINKS = (STRAIGHT, ONE_KINK, TWO_KINKS, "three kinks", "four kinks")
NOT_ON_A_LINE, NO_FIXED_POINT = "points not on a line", "not one fixed point each"
DIVERGED = "diverged"
#: What a network can be, as a function of the position on the training points.
CATEGORIES = (CONSTANT, STRAIGHT, FLAT_SIDE, ONE_KINK, TWO_KINKS, MORE_KINKS)
CATEGORIES += (NOT_ON_A_LINE, NO_FIXED_POINT, DIVERGED)


class Row(NamedTuple):
    """A snapshot of a run.

    `updates` is the number of updates of the parameters until then. `active_units` are the latent
    units that are above 0 at the fixed point of a training point at least, and `switching_units`
    those of them that are not at every training point. `function_kinks` is how often the slope of
    the output changes along the line of the training points, and `flat_pieces` how many of the
    pieces between have slope 0 (`jfb.measure.lines.pieces`): both None where the points are on no
    line. The two counts differ: a unit can switch on and off again, and n units can have up to 2^n
    pieces. `loss` is the mean squared error on all training points.

    All are of exact fixed points (`jfb.model.fixed_points`); `converged` says whether every point
    has one. `diverged` says whether the run has by then: it ended before, its parameters are not
    finite, or its loss is above 1e6. Without fixed points there is nothing to count: counts are
    None.
    """

    batch_size: int
    seed: int
    epoch: int
    updates: int
    active_units: int | None
    switching_units: int | None
    function_kinks: int | None
    flat_pieces: int | None
    loss: float
    converged: bool
    diverged: bool


SCHEMA = parquet.schema_of(Row)
