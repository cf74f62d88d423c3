"""Full runs by the dozen: minutes each, for what a few of them in tests/ may miss."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from conftest import load_project, make_data
from jfb.engines import reference
from jfb.engines.fused import engine as fused
from jfb.streams.interface import open_stream


def lowest_loss(engine, study, batch_size, seed):
    """The lowest loss of a full run, in a process of its own."""
    run = load_project().studies[study].runs[batch_size, seed]
    train = {"fused": fused, "reference": reference}[engine].train
    outcome = train(run, open_stream(run), *make_data(run.dataset), lambda row: None)
    return outcome.log["train_loss"].min()


@pytest.mark.parametrize("batch_size", [2400, 600])
def test_20_seeds_reach_the_level_that_they_reach_in_the_reference(batch_size):
    """The engines differ in rounding only, which training amplifies."""
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        found, expected = (
            np.array(
                list(
                    pool.map(
                        lowest_loss, [engine] * 20, ["seeds"] * 20, [batch_size] * 20, range(20)
                    )
                )
            )
            for engine in ("fused", "reference")
        )
    levels = [0.001, 0.01]
    same = np.digitize(found, levels) == np.digitize(expected, levels)
    print(f"batch size {batch_size}: {same.sum()} of 20 runs at the same level")
    assert same.mean() >= 0.9


@pytest.mark.parametrize(("batch_size", "lowest"), [(1200, 0.0143), (600, 0.0143)])
def test_the_printed_formula_gives_other_losses(batch_size, lowest):
    assert round(lowest_loss("reference", "printed", batch_size, 42), 4) == lowest
