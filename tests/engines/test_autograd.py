"""The engine autograd against the engine reference, and on networks that only it has."""

import dataclasses

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from jfb.config import choices, datasets, gradient_choices, network_choices, settings
from jfb.engines import autograd, blocks, reference, stepping, summary
from jfb.model import adjoints, digits
from jfb.model.autograd import losses, products
from jfb.model.autograd.networks import input_shape, open_cell
from jfb.records import layout
from jfb.storage import parquet
from jfb.storage.errors import Refused
from jfb.streams.interface import open_stream

DEEP = network_choices.MLP(depth=3, normalisation="layer")


@pytest.fixture
def run(project):
    return dataclasses.replace(project.studies["seeds"].runs[600, 0], epochs=5)


def train(engine, run, data):
    return engine.train(run, open_stream(run), *data, lambda row: None)


def both(run, data):
    return [train(engine, run, data) for engine in (reference, autograd)]


@pytest.mark.parametrize("size", [2400, 600])
def test_a_hundred_epochs_are_the_reference_engines_to_rounding(size, run, data):
    """Four seconds: a module is called for each iteration."""
    run = dataclasses.replace(run, batch_size=size, epochs=100)
    expected, found = both(run, data)
    for name in ("train_loss", "val_loss", "spectral_norm"):
        np.testing.assert_allclose(found.log[name], expected.log[name], rtol=2e-4)
    for name in ("iterations_mean", "applications"):
        np.testing.assert_allclose(found.log[name], expected.log[name], rtol=0.01)
    np.testing.assert_allclose(found.final, expected.final, atol=2e-4)
    # The first epoch, before differences grow.
    np.testing.assert_allclose(found.log["train_loss"][0], expected.log["train_loss"][0], rtol=1e-6)


@pytest.mark.parametrize(
    "changes",
    [
        {"gradient": gradient_choices.Neumann(order=3)},
        {"gradient": gradient_choices.Phantom(steps=4, damping=0.5)},
        {"gradient": gradient_choices.Unrolled()},
        {"gradient": gradient_choices.Unrolled(), "solver": choices.Explicit(applications=5)},
        {"solver": choices.Picard(tolerance=1e-3, max_iterations=1000, start="previous")},
        {"solver": choices.Anderson(tolerance=1e-3, max_iterations=100, memory=3)},
        {"solver": choices.Picard(tolerance=1e-3, max_iterations=2), "batch_size": 700},
        {"batch_schedule": ((2, 64),)},
        {"contraction": choices.Projection(bound=0.5, norm="infinity")},
        {"contraction": choices.Projection(bound=0.4)},
    ],
    ids=lambda changes: "-".join(str(getattr(v, "name", v)) for v in changes.values()),
)
def test_each_choice_does_what_it_does_in_the_reference_engine(changes, run, data):
    """With the work that it takes, and the passes that do not converge."""
    expected, found = both(dataclasses.replace(run, **changes), data)
    exact = ("iterations_max", "unconverged", "applications", "adjoint_applications")
    for name in exact:
        np.testing.assert_array_equal(found.log[name], expected.log[name], err_msg=name)
    np.testing.assert_allclose(found.log["val_loss"], expected.log["val_loss"], rtol=1e-4)
    np.testing.assert_allclose(found.snapshots.parameters, expected.snapshots.parameters, atol=1e-5)


@pytest.mark.parametrize("adjoint", ["picard", "anderson", "broyden", "gmres"])
def test_the_implicit_gradient_trains_as_by_elimination(adjoint, run, data):
    run = dataclasses.replace(run, gradient=gradient_choices.Implicit())
    expected = train(reference, run, data)
    run = dataclasses.replace(
        run, gradient=gradient_choices.Implicit(adjoint=adjoint, tolerance=1e-5)
    )
    found = train(autograd, run, data)
    np.testing.assert_allclose(found.log["train_loss"], expected.log["train_loss"], rtol=1e-4)
    assert (found.log["adjoint_applications"] > 1).all()
    assert (found.log["unconverged"] == 0).all()


@pytest.mark.parametrize("engine", [reference, autograd])
def test_an_adjoint_that_is_not_found_counts_and_ends_the_run(engine, run, data, monkeypatch):
    for module in (adjoints, products):
        monkeypatch.setattr(module, "MOST_ITERATIONS", 1)
    gradient = gradient_choices.Implicit(adjoint="picard", tolerance=1e-9)
    outcome = train(engine, dataclasses.replace(run, gradient=gradient), data)
    # Four batches: after the first no parameter is finite, and no search converges.
    assert outcome.log["unconverged_adjoints"].tolist() == [4]
    assert outcome.log["unconverged"].tolist() == [4]
    assert np.isnan(outcome.log["val_loss"][-1])


def test_the_default_adjoint_is_found_in_float32(run, data, pictures):
    """On the report's points late in training, and on pictures with batch normalisation."""
    late = train(reference, dataclasses.replace(run, epochs=150), data).final
    network = NETWORKS["fpn"]
    options, parts = pictures
    gradient = gradient_choices.Implicit()
    again = dataclasses.replace(run, gradient=gradient)
    stream = Fixed(open_stream(again), late)
    outcomes = [
        autograd.train(again, stream, *data, lambda row: None),
        train(autograd, of_pictures(run, options, network, gradient=gradient), parts),
    ]
    for outcome in outcomes:
        assert (outcome.log["unconverged_adjoints"] == 0).all()
        assert np.isfinite(outcome.log["train_loss"]).all()
        assert (outcome.log["adjoint_applications"] >= 2).all()


class Fixed:
    """A stream with another start."""

    def __init__(self, stream, start):
        self._start, self.orders = start, stream.orders

    def initial_parameters(self):
        return self._start.copy()


def test_an_update_whose_adjoint_was_not_found_is_left_out_or_made(run, data, monkeypatch):
    """Of conjugate gradients to 1e-30 in one step; the searches for fixed points converge."""
    monkeypatch.setattr(
        products, "open_adjoint", lambda *_: products.CGNormal(1e-30, 1, coupled=False)
    )
    skipped, made = (
        train(
            autograd,
            dataclasses.replace(run, gradient=gradient_choices.CGNormal(skip_failed=skip)),
            data,
        )
        for skip in (True, False)
    )
    start = open_stream(run).initial_parameters()
    assert np.array_equal(skipped.final, start)
    assert not np.array_equal(made.final, start)
    assert np.isfinite(made.log["train_loss"]).all()
    for outcome in (skipped, made):
        assert (outcome.log["unconverged_adjoints"] == 4).all()
        assert (outcome.log["unconverged"] == 0).all()
        # Three products to start with, and two a step.
        assert (outcome.log["adjoint_applications"] == 5).all()


@pytest.mark.parametrize("cell", [network_choices.Report(), DEEP])
def test_parameters_lie_in_the_order_of_the_layout(cell):
    network = settings.Network(3, 4, cell=cell)
    shapes = {name: tuple(p.shape) for name, p in open_cell(network).named_parameters()}
    assert list(shapes.items()) == list(layout.shapes(network).items())
    fans = dict(layout.fan_in(network))
    assert fans["injection.bias"] == 3
    assert all(fans[name] == 4 for name in shapes if not name.startswith("injection"))


def test_a_deep_network_trains(run, data):
    network = settings.Network(3, 4, "tanh", DEEP)
    solver = choices.Picard(tolerance=1e-3, max_iterations=20)
    run = dataclasses.replace(run, network=network, epochs=20, batch_size=64, solver=solver)
    outcome = train(autograd, run, data)
    assert outcome.log["train_loss"][-1] < 0.8 * outcome.log["train_loss"][0]
    assert np.isnan(outcome.log["spectral_norm"]).all()
    assert outcome.final.shape == (layout.size(network),)
    assert settings.Run.from_dict(run.to_dict()) == run
    again = train(autograd, run, data)
    assert all(
        np.array_equal(again.log[name], outcome.log[name], equal_nan=True)
        for name in outcome.log
        if name != "train_seconds"
    )
    row = summary.of_run(run, outcome.log, outcome.best, data[0])
    assert row["exact_best_loss"] is None
    assert row["final_spectral_norm"] is None


def test_views_are_of_one_vector():
    cell = open_cell(settings.Network(3, 4, "relu", DEEP))
    start = torch.arange(float(layout.size(settings.Network(3, 4, "relu", DEEP))))
    vectors = autograd.OnOneVector(cell, start)
    assert torch.equal(torch.nn.utils.parameters_to_vector(cell.parameters()), start)
    start.mul_(2)
    assert torch.equal(torch.nn.utils.parameters_to_vector(cell.parameters()), start)
    sum(p.sum() for p in cell.parameters()).backward()
    assert (vectors.gradient == 1).all()


@pytest.fixture(scope="module")
def pictures():
    options = datasets.Digits(training_share=0.75, split_seed=3)
    return options, digits.make(options)


def test_digits_are_scikit_learns_and_split_by_class(pictures):
    options, (training, validation) = pictures
    inputs, classes = load_digits(return_X_y=True)
    assert (len(training), len(validation)) == (1348, 449) == (options.training_size, 1797 - 1348)
    together = np.concatenate([training.inputs, validation.inputs])
    assert together.dtype == np.float32
    assert sorted(map(bytes, together)) == sorted(map(bytes, (inputs / 16).astype(np.float32)))
    # Each picture has the class that it has there.
    known = {
        bytes(row): k for row, k in zip((inputs / 16).astype(np.float32), classes, strict=True)
    }
    for part in (training, validation):
        assert [known[bytes(row)] for row in part.inputs] == part.target.tolist()
        share = np.bincount(part.target.astype(int)) / len(part) - np.bincount(classes) / 1797
        assert np.abs(share).max() < 0.002
    other, _ = digits.make(dataclasses.replace(options, split_seed=4))
    assert not np.array_equal(other.inputs, training.inputs)


def of_pictures(run, options, network, **changes):
    return dataclasses.replace(
        run,
        dataset=options,
        network=network,
        loss="cross_entropy",
        engine="autograd",
        epochs=2,
        batch_size=64,
        solver=choices.Picard(tolerance=1e-2, max_iterations=50),
        **changes,
    )


NETWORKS = {
    "report": settings.Network(64, 20, "relu", outputs=10, image=(1, 8, 8)),
    "mlp": settings.Network(64, 20, "tanh", network_choices.MLP(depth=2), 10, (1, 8, 8)),
    "fpn": settings.Network(
        64, 96, "relu", network_choices.FPN(channels=6, blocks=1, gamma=0.5), 10, (1, 8, 8)
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_learns_digits(name, run, pictures):
    """Loss and accuracy are those of a plain loop over the same batches, to rounding."""
    options, parts = pictures
    run = of_pictures(run, options, NETWORKS[name])
    outcome = train(autograd, run, parts)
    assert outcome.log["train_accuracy"][-1] > outcome.log["train_accuracy"][0] > 0.1
    expected = by_hand(run, parts)
    for column, values in expected.items():
        np.testing.assert_allclose(outcome.log[column], values, rtol=2e-4, err_msg=column)
    again = train(autograd, run, parts)
    assert np.array_equal(again.final, outcome.final)
    assert settings.Run.from_dict(run.to_dict()) == run
    shapes = {n: tuple(p.shape) for n, p in open_cell(run.network).named_parameters()}
    assert list(shapes.items()) == list(layout.shapes(run.network).items())
    row = summary.of_run(run, outcome.log, outcome.best, parts[0])
    assert row["exact_best_loss"] is None


def by_hand(run, parts):
    """The columns of a log by torch.optim, the iteration written out, and functional's loss."""
    training, validation = parts
    stream = open_stream(run)
    cell = open_cell(run.network)
    torch.nn.utils.vector_to_parameters(
        torch.from_numpy(stream.initial_parameters()), cell.parameters()
    )
    optimiser = torch.optim.Adam(cell.parameters(), lr=run.optimiser.learning_rate)
    columns = {name: [] for name in ("train_loss", "train_accuracy", "val_loss", "val_accuracy")}

    def predict(d):
        q = cell.inject(d)
        with torch.no_grad():
            u = torch.zeros(len(d), *cell.latent_shape)
            for _ in range(run.solver.max_iterations):
                image = cell(u, q)
                if (image - u).abs().max() < run.solver.tolerance:
                    break
                u = image
        return cell.read_out(cell(u, q))

    shape = input_shape(run.network)
    x = torch.from_numpy(training.inputs).reshape(-1, *shape)
    t = torch.from_numpy(training.target).long()
    for _ in range(run.epochs):
        losses, shares = 0.0, []
        for batch in torch.from_numpy(stream.orders(1)[0]).split(run.batch_size):
            y = predict(x[batch])
            loss = torch.nn.functional.cross_entropy(y, t[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses += loss.item() * len(batch) / len(x)
            shares.append((y.argmax(1) == t[batch]).double().mean().item())
        columns["train_loss"].append(losses)
        columns["train_accuracy"].append(np.mean(shares))
        with torch.no_grad():
            y = predict(torch.from_numpy(validation.inputs).reshape(-1, *shape))
            classes = torch.from_numpy(validation.target).long()
            columns["val_loss"].append(torch.nn.functional.cross_entropy(y, classes).item())
            columns["val_accuracy"].append((y.argmax(1) == classes).double().mean().item())
    return columns


def test_a_remembered_point_of_a_picture_is_its_own(run, pictures):
    """On the full batch: with normalisation, other batches have other fixed points."""
    options, parts = pictures
    run = of_pictures(run, options, NETWORKS["fpn"])
    run = dataclasses.replace(run, batch_size=options.training_size)
    tight = dataclasses.replace(run, solver=choices.Picard(tolerance=1e-5, max_iterations=200))
    kept = dataclasses.replace(
        run, solver=choices.Picard(tolerance=1e-5, max_iterations=200, start="previous")
    )
    cold, warm = train(autograd, tight, parts), train(autograd, kept, parts)
    np.testing.assert_allclose(warm.log["train_loss"], cold.log["train_loss"], rtol=1e-3)
    assert warm.log["applications"][0] == cold.log["applications"][0]
    assert warm.log["applications"][1] < cold.log["applications"][1]


def test_a_block_of_pictures_has_a_row_per_run(run, pictures):
    options, parts = pictures
    run = of_pictures(run, options, NETWORKS["fpn"])
    block = settings.Block((run, dataclasses.replace(run, batch_size=300)), (0, 1))
    told = []
    table = blocks.train(block, *parts, told.append)
    assert told == [1, 2, 3, 4]
    outcome = train(autograd, dataclasses.replace(run, seed=1), parts)
    final = parquet.to_numbers(table["final"][1].values)
    assert np.array_equal(final, outcome.final)
    assert table["lowest_loss"][1].as_py() == outcome.log["train_loss"].min()


def test_no_graph_is_left_after_a_step(run, data):
    network = autograd._Network(run, open_stream(run))
    forward = autograd.Forward(network, 5)
    inputs, target = stepping.tensors(data[0])
    kept = torch.empty(1, 5)
    forward(inputs[:, :5], target[:, :5], kept)
    forward.gradient(inputs[:, :5], kept)
    assert forward.gradient.loss is None
    with torch.no_grad():
        forward(inputs[:, :5], target[:, :5], kept)
    assert not forward.gradient.loss.requires_grad


def test_no_class_is_right_where_scores_are_not_finite():
    scores = torch.tensor([[1.0, 2.0], [torch.nan, 0.0], [3.0, torch.inf], [2.0, 1.0]])
    loss, kept = losses.cross_entropy(scores, torch.tensor([1.0, 0.0, 1.0, 1.0]))
    assert kept[1].tolist() == [1, 0, 0, 0]
    assert loss.isnan()
    assert kept[0, 0] == pytest.approx(np.log(1 + np.exp(-1)))


def test_a_run_on_two_threads_has_the_same_bytes_each_time(run, pictures):
    options, parts = pictures
    # The full batch: threads that wait for a busy core take its time at every operation.
    run = of_pictures(run, options, NETWORKS["fpn"])
    run = dataclasses.replace(run, batch_size=len(parts[0]), threads=2)
    first, again = (train(autograd, run, parts) for _ in range(2))
    assert torch.get_num_threads() == 2
    assert np.array_equal(first.final, again.final)
    assert settings.Run.from_dict(run.to_dict()) == run
    alone = train(autograd, dataclasses.replace(run, threads=1), parts)
    assert torch.get_num_threads() == 1
    np.testing.assert_allclose(first.log["train_loss"], alone.log["train_loss"], rtol=1e-3)
    assert torch.are_deterministic_algorithms_enabled()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_refused_in_one_line(run, data):
    with pytest.raises(Refused, match=r"^device: 'cuda' needs a GPU .* here is only: cpu$"):
        train(autograd, dataclasses.replace(run, device="cuda"), data)


GATED = """
import torch
from torch import nn
from jfb.model.autograd.cells import Cell

class Gated(Cell):
    def __init__(self, shape, latent_dim, outputs):
        super().__init__()
        self.latent_shape = (latent_dim,)
        self.latent = nn.Linear(latent_dim, latent_dim)
        self.injection = nn.Linear(*shape, latent_dim)
        self.output = nn.Linear(latent_dim, outputs)

    def forward(self, u, d):
        return torch.tanh(self.latent(u) + self.injection(d))

    def read_out(self, a):
        return self.output(a)
"""


def test_what_a_users_cell_injects_takes_the_place_of_the_inputs(run, data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    injecting = GATED.replace("self.injection(d)", "d")
    injecting += "\n    def inject(self, d):\n        return self.injection(d)\n"
    finals = []
    for name, code in (("plain", GATED), ("injecting", injecting)):
        (tmp_path / f"{name}.py").write_text(code)
        cell = network_choices.Own(file=f"{name}.py", cell="Gated")
        chosen = dataclasses.replace(run, network=settings.Network(3, 4, cell=cell))
        finals.append(train(autograd, chosen, data).final)
    np.testing.assert_allclose(*finals, rtol=1e-5)


def test_a_run_on_the_processor_after_one_elsewhere_is_on_the_processor(run, data):
    torch.set_default_device("meta")
    try:
        train(autograd, dataclasses.replace(run, epochs=1), data)
        assert torch.get_default_device().type == "cpu"
    finally:
        torch.set_default_device(None)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("gradient", [gradient_choices.JFB(), gradient_choices.Implicit()])
def test_a_run_on_a_gpu_is_repeated_and_near_that_of_the_processor(gradient, run, pictures):
    options, parts = pictures
    run = of_pictures(run, options, NETWORKS["fpn"])
    run = dataclasses.replace(run, device="cuda", gradient=gradient)
    first, again = (train(autograd, run, parts) for _ in range(2))
    assert np.array_equal(first.final, again.final)
    alone = train(autograd, dataclasses.replace(run, device="cpu"), parts)
    np.testing.assert_allclose(first.log["train_loss"], alone.log["train_loss"], rtol=1e-2)
