"""Loss and accuracy of a pass, of what is kept of each prediction."""

import torch
from torch import Tensor

from jfb.config import settings


class Scores:
    """What is kept of the predictions of one pass over a part of the data, batch by batch.

    Args:
        size: number of points.
        batch_size: of all batches but the last, which may be smaller.
    """

    #: Numbers that are kept of a prediction.
    kept = 1

    def __init__(self, size: int, batch_size: int) -> None:
        errors = torch.empty(self.kept, size)
        #: (kept, size of the batch) each, to be written to.
        self.batches = errors.split(batch_size, dim=1)
        self._size = size
        whole = size - size % batch_size
        # (batches, kept, size of a batch).
        self._groups = [errors[:, :whole].view(self.kept, -1, batch_size).transpose(0, 1)]
        if whole < size:
            self._groups.append(errors[:, whole:][None])

    def losses(self, group: Tensor) -> Tensor:
        """The loss of each prediction, (batches, size), of (batches, kept, size)."""
        raise NotImplementedError

    def hits(self, group: Tensor) -> Tensor:
        """Whether each prediction is accurate, likewise."""
        raise NotImplementedError

    def loss(self) -> float:
        """Mean over the points, as the batches' float32 means weighted by their sizes."""
        total = 0.0
        for group in self._groups:
            for mean in self.losses(group).mean(dim=1).tolist():
                total += mean * group.shape[2]
        return total / self._size

    def accuracy(self) -> float:
        """Share of accurate predictions: the unweighted mean over the batches."""
        shares = [
            share
            for group in self._groups
            for share in self.hits(group).float().mean(dim=1).tolist()
        ]
        return sum(shares) / len(shares)


class OfErrors(Scores):
    """Mean squared errors; kept is y - target.

    Args:
        size, batch_size: see `Scores`.
        threshold: largest absolute error that counts as accurate.
    """

    def __init__(self, size: int, batch_size: int, threshold: float) -> None:
        super().__init__(size, batch_size)
        self._threshold = threshold

    def losses(self, group: Tensor) -> Tensor:
        """Squares of the errors."""
        return group[:, 0].square()

    def hits(self, group: Tensor) -> Tensor:
        """Whether the error is within the threshold."""
        return group[:, 0].abs() <= self._threshold


class OfClasses(Scores):
    """Cross-entropy; kept are the loss, and 1 where the class is right, else 0."""

    kept = 2

    def losses(self, group: Tensor) -> Tensor:
        """Those that are kept."""
        return group[:, 0]

    def hits(self, group: Tensor) -> Tensor:
        """Whether the class is right."""
        return group[:, 1]


def open_scores(run: settings.Run, size: int, batch_size: int) -> Scores:
    """The scores of a run's loss, for `size` points in batches."""
    if run.loss == "cross_entropy":
        return OfClasses(size, batch_size)
    return OfErrors(size, batch_size, run.accuracy_threshold)
