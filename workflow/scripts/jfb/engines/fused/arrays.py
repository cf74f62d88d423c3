"""What the kernel works on: named tuples of numbers and arrays, float32 unless told otherwise.

n is the latent dimension, m the input dimension, p the number of parameters in the order of
`jfb.records.layout`. Samples stand in columns, `WIDTH` of them in a vector; the last vector of a
batch is filled up with copies of its last sample.
"""

from typing import NamedTuple

import numpy as np

#: As the order of a Neumann series: the whole of it.
IMPLICIT = -1
#: What keeps the latent map contractive: nothing, a projection of singular values or of rows, or a
#: weight that is a capped one of a free one.
FREE, SINGULAR_VALUES, ROWS, CAPPED = range(4)


class Settings(NamedTuple):
    """The numbers of a run, with the meaning that they have in `jfb.config.settings`.

    `order` is that of the Neumann series of the adjoint (0 for jfb), or IMPLICIT; `contraction` is
    FREE, SINGULAR_VALUES, ROWS or CAPPED, and `ceiling` the largest norm that it leaves the latent
    weight. With `remembers`, a solve starts from the last fixed point of each sample.
    """

    batch_size: int
    tolerance: float
    max_iterations: int
    accuracy_threshold: float
    clock: int
    order: int
    contraction: int
    ceiling: float
    remembers: bool


class Batch(NamedTuple):
    """Samples in columns: inputs (m, slots), target (slots,)."""

    inputs: np.ndarray
    target: np.ndarray


class FixedPoint(NamedTuple):
    """What a solve leaves, (n, slots): injection(d), u, and its image T(u; d).

    `iterations` (slots / WIDTH,) int64 counts the applications of T by vector of samples.
    """

    injected: np.ndarray
    u: np.ndarray
    image: np.ndarray
    iterations: np.ndarray


class Errors(NamedTuple):
    """y - t in `values` (slots,), and in the rows of `terms` (2, slots) its square and dL/dy.

    `sums` (2,) are the sums of these rows over the batch.
    """

    values: np.ndarray
    terms: np.ndarray
    sums: np.ndarray


class Patterns(NamedTuple):
    """The implicit adjoints of a batch by pattern of active units; see `adjoint`.

    `keys` (k,) uint32 has bit i set where unit i is active, `adjoints` (k, n) is the adjoint of
    each in float32, `count` (1,) int64 is how many are known. `system` (n, n + 1) float64 is room
    to solve for one; `active` (WIDTH,) uint32 and `lanes` (n, WIDTH) are the patterns and adjoints
    of a vector of samples.
    """

    keys: np.ndarray
    adjoints: np.ndarray
    count: np.ndarray
    system: np.ndarray
    active: np.ndarray
    lanes: np.ndarray


class Backward(NamedTuple):
    """Room for a gradient: dh (n, slots), and sums over the samples of a batch.

    `columns` (c, slots), with n + m filled up with zeros to a multiple of 8, has u and d, of which
    the batch and its fixed point are views; `rows` (WIDTH, c) are those of a vector of samples.
    `latent` (n, c) is the sum of dh times such a row, `output` (n,) that of dL/dy times the image,
    `partial` (max(n, 2), WIDTH) room for the partial sums of `sums`.
    """

    dh: np.ndarray
    columns: np.ndarray
    rows: np.ndarray
    latent: np.ndarray
    output: np.ndarray
    partial: np.ndarray


class Scratch(NamedTuple):
    """Room for one batch; gradient as in State.

    `rotated` (n, n) and `rotation` (n, n) float64 are room for a projection; or, where the latent
    weight is capped, what the gradient goes through.
    """

    batch: Batch
    fixed: FixedPoint
    errors: Errors
    patterns: Patterns
    backward: Backward
    gradient: np.ndarray
    rotated: np.ndarray
    rotation: np.ndarray


class Memory(NamedTuple):
    """The last fixed point of each sample, in rows: training (N, n) and validation (V, n).

    `places` (V,) int64 are the numbers of the validation samples. Empty if nothing is remembered.
    """

    training: np.ndarray
    validation: np.ndarray
    places: np.ndarray


class State(NamedTuple):
    """What training carries on: vectors of p numbers, filled up with 0 to a multiple of WIDTH.

    `trained` is what the optimiser changes: `parameters` themselves, or free ones where the latent
    weight is capped. `lowest` (1,) float64 is the lowest training loss so far, and `best` the
    parameters at the end of its epoch. `snapshots` has such a vector in each row.
    """

    trained: np.ndarray
    parameters: np.ndarray
    best: np.ndarray
    lowest: np.ndarray
    snapshots: np.ndarray
    memory: Memory


class Columns(NamedTuple):
    """Columns of a log, a row per epoch: float64, counts int64, latent weights (., n, n).

    `snapshot` int64 is read: the row of the snapshots for the parameters after the epoch, or -1.
    """

    train_loss: np.ndarray
    val_loss: np.ndarray
    train_accuracy: np.ndarray
    val_accuracy: np.ndarray
    train_seconds: np.ndarray
    iterations_mean: np.ndarray
    iterations_max: np.ndarray
    unconverged: np.ndarray
    applications: np.ndarray
    latent_weight: np.ndarray
    snapshot: np.ndarray
