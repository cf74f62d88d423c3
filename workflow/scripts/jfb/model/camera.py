"""The picture that scikit-image has with it, as a function of the place."""

import numpy as np
from skimage import data, transform

from jfb.config.datasets import Camera
from jfb.model import parts
from jfb.records.dataset import Part

#: The largest grey value of a pixel.
_WHITE = 255


def make(options: Camera) -> tuple[Part, Part]:
    """The training part and the validation part."""
    grey = picture(options.side).ravel().astype(np.float32)
    return parts.split(options, inputs_of(options), grey, has_classes=False)


def picture(side: int) -> np.ndarray:
    """The picture, (side, side) float64 in [0, 1]: means of squares of pixels."""
    whole = data.camera()
    return transform.downscale_local_mean(whole, (len(whole) // side,) * 2) / _WHITE


def inputs_of(options: Camera) -> np.ndarray:
    """Coordinates of the pixels, row by row, with their waves: (side^2, m) float32."""
    centres = (2 * np.arange(options.side) + 1) / options.side - 1
    y, x = np.meshgrid(centres, centres, indexing="ij")
    places = np.stack([x.ravel(), y.ravel()], axis=1)
    angles = [2**j * np.pi * places for j in range(options.frequencies)]
    waves = [wave(angle) for angle in angles for wave in (np.sin, np.cos)]
    return np.concatenate([places, *waves], axis=1).astype(np.float32)
