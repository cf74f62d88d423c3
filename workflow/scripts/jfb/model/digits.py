"""The handwritten digits that scikit-learn has with it, and their split."""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from jfb.config.datasets import Digits
from jfb.records.dataset import Part

#: The largest grey value of a pixel.
_WHITE = 16


def make(options: Digits) -> tuple[Part, Part]:
    """The training part and the validation part, stratified by class."""
    inputs, classes = load_digits(return_X_y=True)
    inputs = (inputs / _WHITE).astype(np.float32)
    training, validation, of_training, of_validation = train_test_split(
        inputs,
        classes.astype(np.float32),
        train_size=options.training_size,
        stratify=classes,
        random_state=options.split_seed,
    )
    return Part(training, of_training), Part(validation, of_validation)
