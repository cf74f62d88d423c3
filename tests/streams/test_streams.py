"""The streams: where the report's runs start, and what is paired in the others."""

import dataclasses
import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from conftest import DATA, ROOT
from jfb.records import layout
from jfb.streams import report
from jfb.streams.interface import open_stream
from jfb.streams.recording import Recording

#: Written by the plain loop in tests/plain.py, from PyTorch's process-wide generator.
STATES = {int(k): v for k, v in json.loads((DATA / "stream_states.json").read_text()).items()}


@pytest.mark.parametrize("batch_size", STATES)
def test_each_run_of_the_report_starts_where_the_original_stood(batch_size, replay):
    stream = open_stream(replay[batch_size])
    expected = STATES[batch_size]
    parameters = stream.initial_parameters()
    state = stream._generator.get_state().numpy().tobytes()
    assert hashlib.sha256(state).hexdigest() == expected["state_sha256"]
    assert parameters.dtype == np.float32
    assert parameters.tolist() == expected["parameters"]
    (order,) = stream.orders(1)
    assert order[:8].tolist() == expected["first_order"]
    assert sorted(order) == list(range(2400))


def test_draws_at_once_are_the_draws_one_by_one():
    together = torch.empty(9, dtype=torch.int64).random_(generator=torch.Generator().manual_seed(3))
    generator = torch.Generator().manual_seed(3)
    single = [torch.empty((), dtype=torch.int64).random_(generator=generator) for _ in range(9)]
    assert together.tolist() == [int(draw) for draw in single]


def test_noise_is_drawn_column_by_column():
    torch.manual_seed(5)
    x, y, z = torch.randn(50), torch.randn(50), torch.randn(50)
    noise = report.noise(50, torch.Generator().manual_seed(5))
    assert torch.equal(noise, torch.stack([x, y, z]))


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


def test_a_stream_per_seed_loads_no_torch():
    code = (
        "import sys; sys.path.insert(0, 'workflow/scripts');"
        "import jfb.streams.per_seed; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
