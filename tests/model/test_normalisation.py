"""Ghost batches: samples that are normalised together are a part of the batch."""

import pytest
import torch
from torch import nn

from jfb.config import choices, gradient_choices
from jfb.model.autograd import cells
from jfb.model.autograd.equilibrium import DEQ

TIGHT = choices.Picard(tolerance=1e-12, max_iterations=1000)


def fpn(ghost, normalisation="batch"):
    torch.manual_seed(0)
    options = {"normalisation": normalisation, "injection_normalisation": normalisation}
    cell = cells.FPN((1, 6, 6), 4, (4, 3, 3), 2, 2, 0.3, 2, **options, ghost=ghost)
    return cell.double(), torch.randn(12, 1, 6, 6, dtype=torch.float64)


def mlp(ghost):
    torch.manual_seed(0)
    cell = cells.MLP(2, 5, 1, "tanh", 2, "batch", ghost).double()
    return cell, torch.randn(12, 2, dtype=torch.float64)


@pytest.mark.parametrize("size", [2, 5, 64])
@pytest.mark.parametrize("kind", [nn.BatchNorm1d, nn.BatchNorm2d])
def test_one_ghost_batch_is_pytorchs_batch_norm_to_the_last_bit(kind, size):
    shape = (size, 3) if kind is nn.BatchNorm1d else (size, 3, 4, 4)
    x = torch.randn(shape, generator=torch.Generator().manual_seed(size))
    expected = kind(3, affine=False, track_running_stats=False)(x)
    for ghost in (None, size, size + 1):
        assert torch.equal(cells.normaliser("batch", x.shape[1:], ghost)(x), expected)


def test_each_ghost_batch_is_normalised_by_itself():
    """A rest that is smaller than a ghost batch goes into the others."""
    x = torch.randn(14, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = cells.normaliser("batch", (3,), 4)(x)
    for part, normalised in zip(x.split([5, 5, 4]), found.split([5, 5, 4]), strict=True):
        by_hand = (part - part.mean(0)) / (part.var(0, correction=0) + 1e-5).sqrt()
        torch.testing.assert_close(normalised, by_hand, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("made", [fpn, mlp])
def test_a_fixed_point_depends_on_its_ghost_batch_only(made):
    cell, d = made(4)
    module = DEQ(cell, TIGHT, gradient_choices.JFB())
    with torch.no_grad():
        whole = module(d)
        alone = torch.cat([module(part) for part in d.split(4)])
        torch.testing.assert_close(whole, alone, rtol=1e-9, atol=1e-9)
        others = DEQ(made(12)[0], TIGHT, gradient_choices.JFB())(d)
    assert (whole - others).abs().max() > 1e-3


def test_without_normalisation_over_the_batch_ghosts_change_nothing():
    (cell, d), (other, _) = fpn(4, "layer"), fpn(None, "layer")
    with torch.no_grad():
        found = [DEQ(c, TIGHT, gradient_choices.JFB())(d) for c in (cell, other)]
    assert torch.equal(*found)
