"""The penalty on the Jacobian against closed forms and finite differences."""

import dataclasses

import numpy as np
import pytest
import torch

from jfb.config import choices, gradient_choices, step_choices
from jfb.engines import autograd
from jfb.model.autograd import cells
from jfb.model.autograd.equilibrium import DEQ
from jfb.model.autograd.regularisers import InjectionDropout, Jacobian
from jfb.streams.interface import open_stream

PICARD = choices.Picard(tolerance=1e-10, max_iterations=500)
N, SAMPLES = 4, 30


def passed(cell, d):
    """A network that has just passed a batch."""
    deq = DEQ(cell, PICARD, gradient_choices.JFB())
    deq(d)
    return deq


def affine(activation="relu", seed=0):
    torch.manual_seed(seed)
    cell = cells.Affine(3, N, 1, activation).double()
    return cell, torch.randn(SAMPLES, 3, dtype=torch.float64)


def penalty_of(options, seed=0):
    return Jacobian(choices.JacobianRegulariser(**options), seed)


def with_vectors(penalty, monkeypatch):
    """Orthogonal vectors in place of drawn ones, whose mean is that over all directions."""
    drawn = iter(range(N * 100))

    def draw(distribution, shape):
        v = torch.zeros(shape)
        v[..., next(drawn) % N] = N**0.5
        return v

    monkeypatch.setattr(penalty, "_drawn", draw)
    return penalty


def active(cell, deq):
    """Which units of each sample are active at its fixed point, (samples, n)."""
    with torch.no_grad():
        return (cell.latent(deq.point) + deq.injected > 0).double()


def test_of_one_affine_layer_it_is_the_squares_of_the_rows_of_active_units(monkeypatch):
    """E |v^T J|^2 = sum_i s_i |W_i|^2 with J = diag(s) W; its gradient is 2 s_i W_i."""
    cell, d = affine()
    deq = passed(cell, d)
    found = with_vectors(penalty_of({"weight": 0.7, "vectors": N}), monkeypatch).penalty(deq)
    s, w = active(cell, deq), cell.latent.weight
    assert 0.2 < s.mean() < 0.8
    expected = 0.7 * (s @ w.square().sum(1)).sum() / (N * SAMPLES)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=0)
    found.backward()
    by_hand = 0.7 * 2 * s.sum(0)[:, None] * w / (N * SAMPLES)
    torch.testing.assert_close(cell.latent.weight.grad, by_hand.detach(), rtol=1e-12, atol=0)
    for other in (cell.latent.bias, cell.injection.weight, cell.output.weight):
        assert other.grad is None or not other.grad.any()


def test_drawn_vectors_estimate_it_without_bias():
    """4,000 vectors of 30 samples: the standard error is below a percent."""
    cell, d = affine()
    deq = passed(cell, d)
    found = penalty_of({"weight": 1.0, "vectors": 4000}).penalty(deq)
    expected = (active(cell, deq) @ cell.latent.weight.square().sum(1)).sum() / (N * SAMPLES)
    assert found.item() == pytest.approx(expected.item(), rel=0.03)


def test_its_gradient_is_that_of_finite_differences_where_the_fixed_point_is_held():
    """Of a deep map, in every parameter, with the same vectors."""
    torch.manual_seed(1)
    cell = cells.MLP(3, N, 1, "tanh", 2, "layer").double()
    d = torch.randn(SAMPLES, 3, dtype=torch.float64)
    deq = passed(cell, d)

    def value():
        deq.injected = cell.inject(d)
        return penalty_of({"weight": 1.0, "vectors": 2}, seed=5).penalty(deq)

    value().backward()
    checked = 0
    for parameter in cell.parameters():
        for place in range(0, parameter.numel(), 3):
            entry = parameter.data.view(-1)
            before, values = entry[place].item(), []
            for step in (1e-5, -1e-5):
                entry[place] = before + step
                values.append(value().item())
            entry[place] = before
            difference = (values[0] - values[1]) / 2e-5
            analytic = 0.0 if parameter.grad is None else parameter.grad.view(-1)[place].item()
            assert analytic == pytest.approx(difference, rel=1e-5, abs=1e-9)
            checked += abs(difference) > 1e-6
    assert checked > 10


@pytest.mark.parametrize("gradient", [gradient_choices.JFB(), gradient_choices.Unrolled()])
def test_the_gradient_of_the_loss_is_left_as_it_is(gradient):
    cell, d = affine("tanh")

    def gradients(weight):
        cell.zero_grad(set_to_none=True)
        deq = DEQ(cell, PICARD, gradient)
        loss = deq(d).square().mean()
        penalty = penalty_of({"weight": 1.0}).penalty(deq)
        (loss + weight * penalty).backward()
        return torch.cat([p.grad.flatten() for p in cell.parameters()])

    without, once, twice = (gradients(weight) for weight in (0.0, 1.0, 2.0))
    torch.testing.assert_close(twice - once, once - without, rtol=1e-9, atol=1e-12)
    assert (once - without).abs().max() > 1e-4
    deq = DEQ(cell, PICARD, gradient)
    cell.zero_grad(set_to_none=True)
    deq(d).square().mean().backward()
    plain = torch.cat([p.grad.flatten() for p in cell.parameters()])
    torch.testing.assert_close(without, plain, rtol=1e-12, atol=1e-14)


def test_a_batch_has_it_with_its_frequency():
    cell, d = affine()
    deq, penalty = passed(cell, d), penalty_of({"weight": 1.0, "frequency": 0.3, "vectors": 2})
    had = []
    for _ in range(1000):
        found = penalty.penalty(deq)
        assert penalty.products == (0 if found is None else 2)
        had.append(found is not None)
    assert np.mean(had) == pytest.approx(0.3, abs=0.06)


@pytest.fixture
def run(project):
    return dataclasses.replace(project.studies["seeds"].runs[600, 0], engine="autograd", epochs=20)


def train(run, data):
    return autograd.train(run, open_stream(run), *data, lambda row: None)


def squares(final, data):
    """Mean square of the entries of the Jacobian at the training points."""
    cell = cells.Affine(3, 3, 1, "relu")
    torch.nn.utils.vector_to_parameters(torch.from_numpy(final), cell.parameters())
    deq = passed(cell, torch.from_numpy(data[0].inputs))
    return (active(cell, deq).float() @ cell.latent.weight.square().sum(1)).mean().item() / 9


def test_a_run_with_it_has_a_smaller_jacobian_and_its_losses_are_without_it(run, data):
    run = dataclasses.replace(run, optimiser=step_choices.Adam(learning_rate=0.01))
    chosen = dataclasses.replace(run, regulariser=choices.JacobianRegulariser(weight=10.0))
    plain, found = train(run, data), train(chosen, data)
    small, large = (squares(outcome.final, data) for outcome in (found, plain))
    assert 0 < small < 0.3 * large
    # A product for each point of each batch.
    assert found.log["adjoint_applications"].tolist() == [1] * 20
    assert plain.log["adjoint_applications"].tolist() == [0] * 20
    again = train(chosen, data)
    np.testing.assert_array_equal(found.final, again.final)
    # The first batch of the first epoch is passed before any step.
    whole = dataclasses.replace(run, batch_size=2400, epochs=2)
    first = [
        train(dataclasses.replace(whole, regulariser=some), data).log["train_loss"]
        for some in (choices.NoRegulariser(), choices.JacobianRegulariser(weight=100.0))
    ]
    assert first[0][0] == first[1][0]
    assert first[0][1] != first[1][1]


def test_dropout_sets_a_share_of_the_injection_to_zero_and_keeps_its_mean():
    dropout = InjectionDropout(choices.InjectionDropout(share=0.3), seed=0)
    injected = torch.full((400, 50), 2.0, requires_grad=True)
    changed = dropout.change(injected)
    assert changed.unique().tolist() == [0, pytest.approx(2 / 0.7)]
    assert (changed == 0).double().mean().item() == pytest.approx(0.3, abs=0.01)
    assert not torch.equal(changed, dropout.change(injected))
    changed.sum().backward()
    assert torch.equal(injected.grad, changed.detach() / 2)


def test_with_dropout_the_fixed_point_is_that_of_one_map():
    cell, d = affine()
    dropout = InjectionDropout(choices.InjectionDropout(share=0.5), seed=0)
    deq = DEQ(cell, PICARD, gradient_choices.JFB())
    with torch.no_grad():
        deq(d, change=dropout.change)
        assert deq.solve.converged
        assert (deq.injected == 0).any()
        torch.testing.assert_close(deq.point, cell(deq.point, deq.injected), rtol=0, atol=1e-9)


def test_a_validation_is_without_dropout(run, data):
    """At a learning rate that moves nothing, its loss is that of a run without."""
    still = dataclasses.replace(run.optimiser, learning_rate=1e-30)
    plain, found = (
        train(dataclasses.replace(run, optimiser=still, epochs=2, regulariser=some), data)
        for some in (choices.NoRegulariser(), choices.InjectionDropout(share=0.5))
    )
    np.testing.assert_array_equal(plain.log["val_loss"], found.log["val_loss"])
    assert (plain.log["train_loss"] != found.log["train_loss"]).all()
