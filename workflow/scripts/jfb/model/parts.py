"""The split of samples, by scikit-learn."""

import numpy as np
from sklearn.model_selection import train_test_split

from jfb.config.datasets import Camera, Digits, File
from jfb.records.dataset import Part


def split(
    options: Digits | Camera | File, inputs: np.ndarray, target: np.ndarray, has_classes: bool
) -> tuple[Part, Part]:
    """The training part and the validation part.

    Args:
        options: size of the training part, and the seed.
        inputs: (n, m) float32.
        target: (n,) float32.
        has_classes: whether the split is stratified by the target.
    """
    training, validation, of_training, of_validation = train_test_split(
        inputs,
        target,
        train_size=options.training_size,
        stratify=target if has_classes else None,
        random_state=options.split_seed,
    )
    return Part(training, of_training), Part(validation, of_validation)
