"""The handwritten digits that scikit-learn has with it."""

import numpy as np
from sklearn.datasets import load_digits

from jfb.config.datasets import Digits
from jfb.model import parts
from jfb.records.dataset import Part

#: The largest grey value of a pixel.
_WHITE = 16


def make(options: Digits) -> tuple[Part, Part]:
    """The training part and the validation part, stratified by class."""
    inputs, classes = load_digits(return_X_y=True)
    inputs = (inputs / _WHITE).astype(np.float32)
    return parts.split(options, inputs, classes.astype(np.float32), has_classes=True)
