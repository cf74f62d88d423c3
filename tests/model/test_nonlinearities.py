"""The two forms of each activation, in PyTorch and in NumPy, and their derivatives."""

import numpy as np
import pytest
import torch

from jfb.config.choices import Activation
from jfb.model.activations import ACTIVATIONS
from jfb.model.nonlinearities import NONLINEARITIES


def test_both_tables_have_every_activation_that_a_run_can_choose():
    assert ACTIVATIONS.keys() == NONLINEARITIES.keys() == Activation.all().keys()


@pytest.mark.parametrize("name", Activation.all())
def test_values_and_slopes_are_those_of_autograd(name):
    h = torch.linspace(-3, 3, 60, dtype=torch.float64, requires_grad=True)
    a = ACTIVATIONS[name].function(h)
    (expected,) = torch.autograd.grad(a.sum(), h)
    values, a = h.detach(), a.detach()
    np.testing.assert_allclose(NONLINEARITIES[name].apply(values.numpy()), a, rtol=1e-14)
    np.testing.assert_allclose(NONLINEARITIES[name].slope(a.numpy()), expected, rtol=1e-12)
    torch.testing.assert_close(ACTIVATIONS[name].apply_(values.clone()), a)
    dtype = ACTIVATIONS[name].slope_dtype or torch.float64
    slope = ACTIVATIONS[name].slope(a, torch.empty_like(a, dtype=dtype))
    torch.testing.assert_close(slope.double(), expected)
