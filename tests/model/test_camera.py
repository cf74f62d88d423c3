"""The picture of scikit-image as points."""

import numpy as np
import pytest
from skimage import data

from jfb.config.datasets import Camera, from_dict
from jfb.model import camera

WHOLE = Camera(side=64, training_share=0.75, split_seed=3)


def joined(options):
    """Inputs and grey values of both parts, by place."""
    parts = camera.make(options)
    inputs, grey = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("inputs", "target")
    )
    order = np.lexsort((inputs[:, 0], inputs[:, 1]))
    return inputs[order], grey[order]


def test_a_pixel_is_the_mean_of_a_square_of_the_whole_picture():
    _, grey = joined(WHOLE)
    whole = data.camera().astype(float) / 255
    for row, column in ((0, 0), (5, 40), (63, 63)):
        square = whole[8 * row : 8 * row + 8, 8 * column : 8 * column + 8]
        assert grey[64 * row + column] == pytest.approx(square.mean(), rel=1e-6)
    assert grey.dtype == np.float32
    assert 0 <= grey.min() < 0.1 < 0.9 < grey.max() <= 1


def test_coordinates_are_those_of_the_centres_of_pixels():
    inputs, _ = joined(WHOLE)
    np.testing.assert_allclose(inputs[0], [-63 / 64, -63 / 64])
    # The first row, from the left to the right; then the next.
    np.testing.assert_allclose(inputs[63], [63 / 64, -63 / 64])
    np.testing.assert_allclose(inputs[64], [-63 / 64, -61 / 64])


def test_waves_are_sines_and_cosines_of_doubling_frequencies():
    options = Camera(side=8, training_share=0.5, split_seed=0, frequencies=3)
    assert options.inputs[:8] == (
        *("x", "y", "sin_x_0", "sin_y_0", "cos_x_0", "cos_y_0", "sin_x_1", "sin_y_1"),
    )
    assert options.input_dim == 14
    inputs = dict(zip(options.inputs, camera.inputs_of(options).T, strict=True))
    for j in range(3):
        for axis in "xy":
            angle = 2**j * np.pi * inputs[axis].astype(float)
            np.testing.assert_allclose(inputs[f"sin_{axis}_{j}"], np.sin(angle), atol=1e-6)
            np.testing.assert_allclose(inputs[f"cos_{axis}_{j}"], np.cos(angle), atol=1e-6)


def test_the_parts_are_those_of_their_sizes_and_seed():
    training, validation = camera.make(WHOLE)
    assert (len(training), len(validation)) == (3072, 1024)
    again, _ = camera.make(WHOLE)
    np.testing.assert_array_equal(training.inputs, again.inputs)
    other, _ = camera.make(Camera(side=64, training_share=0.75, split_seed=4))
    assert not np.array_equal(training.inputs, other.inputs)


@pytest.mark.parametrize("frequencies", [0, 4])
def test_what_is_told_of_it_is_read_again(frequencies):
    options = Camera(side=16, training_share=0.5, split_seed=1, frequencies=frequencies)
    told = options.to_dict()
    assert told["source"] == "camera"
    assert ("frequencies" in told) == bool(frequencies)
    assert from_dict(told) == options
