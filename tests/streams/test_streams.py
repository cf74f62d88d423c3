"""The streams: where the report's runs start, and what is paired in the others."""

import dataclasses
import hashlib
import json
import math
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from conftest import DATA, ROOT
from jfb.records import layout
from jfb.streams import splits
from jfb.streams.interface import open_stream
from jfb.streams.noise import noise
from jfb.streams.recording import Recording

#: Written by the plain loop in tests/plain.py, from PyTorch's process-wide generator.
STATES = {int(k): v for k, v in json.loads((DATA / "stream_states.json").read_text()).items()}


def torch_state(generator):
    """The 624 words of a PyTorch generator's state, and how many of them are used up."""
    numbers = generator.get_state().numpy()
    left, following = numbers[8:12].view(np.int32)[0], numbers[16:24].view(np.uint64)[0]
    words = numbers[24 : 24 + 624 * 8].view(np.uint64).astype(np.uint32)
    return words, int(following) if left > 1 else 624


def assert_same_state(stream, generator):
    """The stream stands where the generator stands."""
    words, used = torch_state(generator)
    found = stream._generator.state["state"]
    np.testing.assert_array_equal(found["key"], words)
    assert found["pos"] == used


def oracle(run):
    """PyTorch's own generator, where a run of the report starts."""
    generator = torch.Generator().manual_seed(run.seed)
    for _ in range(3):
        torch.randn(run.dataset.points, generator=generator)
    for _ in range(run.predecessors):
        oracle_parameters(run, generator)
        torch.empty(3 * run.epochs, dtype=torch.int64).random_(generator=generator)
    return generator


def oracle_parameters(run, generator):
    """As `torch.nn.Linear` draws them."""
    flat = torch.empty(layout.size(run.network))
    parts = layout.views(flat, run.network)
    for name, inputs in layout.fan_in(run.network):
        if name.endswith("weight"):
            torch.nn.init.kaiming_uniform_(parts[name], a=math.sqrt(5), generator=generator)
        else:
            bound = 1 / math.sqrt(inputs)
            torch.nn.init.uniform_(parts[name], -bound, bound, generator=generator)
    return flat.numpy()


@pytest.mark.parametrize("batch_size", STATES)
def test_each_run_of_the_report_starts_where_the_original_stood(batch_size, replay):
    stream = open_stream(replay[batch_size])
    generator = oracle(replay[batch_size])
    expected = STATES[batch_size]
    parameters = stream.initial_parameters()
    oracle_parameters(replay[batch_size], generator)
    state = generator.get_state().numpy().tobytes()
    assert hashlib.sha256(state).hexdigest() == expected["state_sha256"]
    assert_same_state(stream, generator)
    assert parameters.dtype == np.float32
    assert parameters.tolist() == expected["parameters"]
    (order,) = stream.orders(1)
    assert order[:8].tolist() == expected["first_order"]
    assert sorted(order) == list(range(2400))


@pytest.mark.parametrize(("n", "m"), [(1, 1), (3, 3), (6, 5), (40, 3)])
@pytest.mark.parametrize("points", [2, 3, 5, 15, 16, 17, 31, 32, 200, 3000])
def test_the_reports_stream_is_pytorchs_over_many_seeds(points, n, m, replay):
    """Noise of any number of points, networks, and orders; seeds above 32 bits among them."""
    run = replay[2400]
    network = dataclasses.replace(run.network, latent_dim=n, input_dim=m)
    data = dataclasses.replace(run.dataset, points=points)
    for seed in (*range(10), 2**31, 2**32 - 1, 2**32 + 5, 2**62 + 17):
        chosen = dataclasses.replace(
            run, network=network, dataset=data, seed=seed, epochs=4, predecessors=seed % 3
        )
        stream, generator = open_stream(chosen), oracle(chosen)
        expected = oracle_parameters(chosen, generator)
        np.testing.assert_array_equal(stream.initial_parameters(), expected)
        draws = torch.empty(4, 3, dtype=torch.int64).random_(generator=generator)[:, 1].tolist()
        for order, draw in zip(stream.orders(4), draws, strict=True):
            alone = torch.Generator().manual_seed(draw)
            expected = torch.randperm(data.training_size, generator=alone)
            np.testing.assert_array_equal(order, expected)
        assert_same_state(stream, generator)


@pytest.mark.parametrize("size", [1, 2, 3, 9, 623, 624, 625, 3000, 70_000])
def test_permutations_are_pytorchs(size):
    for seed in (0, 42, 2**32 - 1, 2**32, 2**53 + 1):
        expected = torch.randperm(size, generator=torch.Generator().manual_seed(seed))
        np.testing.assert_array_equal(splits.permutation(size, seed), expected)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 8, 9, 1023, 1024, 1025, 2400, 70_000])
def test_orders_of_a_seed_are_numpys(size, replay):
    """Drawn in one call or in several."""
    run = replay[2400]
    data = dataclasses.replace(run.dataset, points=size + 1, training_share=size / (size + 1))
    assert data.training_size == size
    for seed in (*range(20), 2**40):
        stream = open_stream(dataclasses.replace(run, dataset=data, stream="per_seed", seed=seed))
        found = np.concatenate([stream.orders(count) for count in (1, 3)])
        generator = np.random.default_rng(np.random.SeedSequence(seed).spawn(2)[1])
        for order in found:
            np.testing.assert_array_equal(order, generator.permutation(size))


def test_noise_is_drawn_column_by_column():
    torch.manual_seed(5)
    x, y, z = torch.randn(50), torch.randn(50), torch.randn(50)
    np.testing.assert_array_equal(noise(50, 5), torch.stack([x, y, z]).numpy())


@pytest.fixture
def paired(replay):
    return {b: dataclasses.replace(run, stream="per_seed", seed=7) for b, run in replay.items()}


def test_one_seed_is_the_same_start_and_orders_at_every_batch_size(paired):
    streams = [open_stream(run) for run in paired.values()]
    starts = [stream.initial_parameters() for stream in streams]
    orders = [stream.orders(3) for stream in streams]
    for start, order in zip(starts, orders, strict=True):
        np.testing.assert_array_equal(start, starts[0])
        np.testing.assert_array_equal(order, orders[0])
    assert not np.array_equal(orders[0][0], orders[0][1])
    assert sorted(orders[0][0]) == list(range(2400))


def test_another_seed_is_another_start_and_order(paired):
    one, other = (open_stream(dataclasses.replace(paired[32], seed=s)) for s in (7, 8))
    assert not np.array_equal(one.initial_parameters(), other.initial_parameters())
    assert not np.array_equal(one.orders(1), other.orders(1))


def test_orders_do_not_depend_on_the_size_of_the_network(paired):
    network = dataclasses.replace(paired[32].network, latent_dim=8)
    small, large = (
        open_stream(paired[32]),
        open_stream(dataclasses.replace(paired[32], network=network)),
    )
    small.initial_parameters()
    large.initial_parameters()
    np.testing.assert_array_equal(small.orders(2), large.orders(2))


def test_parameters_are_distributed_as_pytorchs(paired):
    """Uniform within 1/sqrt(inputs): its mean 0, its variance bound^2 / 3."""
    network = dataclasses.replace(paired[32].network, latent_dim=64, input_dim=16)
    parts = {}
    for seed in range(20):
        stream = open_stream(dataclasses.replace(paired[32], network=network, seed=seed))
        flat = stream.initial_parameters()
        assert flat.dtype == np.float32
        for name, part in layout.views(flat, network).items():
            parts.setdefault(name, []).append(part)
    inputs = {"latent": 64, "injection": 16, "output": 64}
    for name, drawn in parts.items():
        values = np.stack(drawn)
        bound = inputs[name.split(".")[0]] ** -0.5
        assert np.abs(values).max() <= bound
        if values.size > 1000:
            assert np.abs(values).max() > 0.99 * bound
            assert values.mean() == pytest.approx(0, abs=4 * bound / (3 * values.size) ** 0.5)
            assert values.var() == pytest.approx(bound**2 / 3, rel=0.1)


def test_a_recording_is_the_stream_each_time(paired):
    recording = Recording(open_stream(paired[32]), 40, 2400)
    for _ in range(2):
        stream, played = open_stream(paired[600]), recording.play()
        start = played.initial_parameters()
        np.testing.assert_array_equal(start, stream.initial_parameters())
        start += 1
        for epochs in (3, 30, 7):
            found = played.orders(epochs)
            assert found.dtype == np.int64
            np.testing.assert_array_equal(found, stream.orders(epochs))


@pytest.mark.parametrize("stream", ["per_seed", "report"])
def test_a_stream_loads_no_torch(stream):
    code = (
        "import sys; sys.path.insert(0, 'workflow/scripts');"
        f"import jfb.streams.{stream}; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


@pytest.mark.parametrize("stream", ["per_seed", "report"])
def test_what_draws_orders_is_loaded_before_the_first_is_asked_for(stream, replay, tmp_path):
    """While a run is timed, nothing is compiled or loaded; here it is compiled."""
    told = dataclasses.replace(replay[32], stream=stream).to_dict()
    code = (
        "import json, sys; sys.path.insert(0, 'workflow/scripts')\n"
        "from jfb.config.settings import Run; from jfb.streams.interface import open_stream\n"
        "stream = open_stream(Run.from_dict(json.loads(sys.argv[1]))); print('opened')\n"
        "stream.initial_parameters(); stream.orders(2)"
    )
    output = subprocess.run(
        [sys.executable, "-c", code, json.dumps(told)],
        check=True,
        cwd=ROOT,
        env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path), "NUMBA_DEBUG_CACHE": "1"},
        capture_output=True,
        text=True,
    ).stdout
    before, after = output.split("opened")
    assert "data saved to" in before
    assert "data" not in after


def test_a_scaled_start_is_the_start_times_its_scale(project):
    run = project.studies["seeds"].runs[32, 3]
    streams = [open_stream(dataclasses.replace(run, initial_scale=scale)) for scale in (1.0, 0.125)]
    whole, small = (stream.initial_parameters() for stream in streams)
    np.testing.assert_array_equal(small, whole / 8)
    np.testing.assert_array_equal(*(stream.orders(2) for stream in streams))
