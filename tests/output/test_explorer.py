"""The page on which runs are looked at: what it holds."""

import json
import re

import numpy as np
import pandas as pd

from conftest import ROOT
from explored import EPOCHS, FIRST_STOPPED, LAST_STOPPED, SNAPSHOTS
from jfb.output import explorer

pytest_plugins = ["explored"]


def test_what_the_page_has_of_a_run(found):
    assert len(found["runs"]) == 8
    run = found["runs"][1]
    assert (run["study"], run["level"], run["batch_size"], run["seed"]) == ("plain", "jfb", 2400, 1)
    assert (run["lowest"], run["best"]) == (1e-6, 101)
    # The epoch of the lowest loss is shown, wherever it is.
    assert run["series"]["train_loss"][run["epochs"].index(101)] == 1e-6
    assert (run["epochs"][0], run["epochs"][-1]) == (1, EPOCHS)
    assert len(run["epochs"]) <= explorer.EPOCHS + 1
    assert run["form"] == "one kink, slope on both sides"
    assert run["least"] == 0.00049
    assert [snapshot["epoch"] for snapshot in run["snapshots"]] == list(SNAPSHOTS)
    assert run["snapshots"][-1]["corners"] == [[0, 0], [10, 1], [25, 0.2]]
    assert run["trained"] == EPOCHS
    diverged = found["runs"][2]
    assert diverged["series"]["train_loss"][-1] is None
    assert (diverged["form"], diverged["end"], diverged["least"]) == ("diverged", None, None)
    assert diverged["snapshots"][-1]["corners"] == []
    assert found["runs"][-1]["level"] == "implicit"
    assert found["forms"][run["snapshots"][-1]["form"]] == run["form"]
    assert found["size"] == 200
    position, target = np.array(found["points"]).T
    assert len(position) == explorer.POINTS
    np.testing.assert_allclose(target, np.sin(position * 20 / np.sqrt(633)), atol=1e-3)


def test_ranges_hold_each_epoch_that_is_not_shown(found):
    run = found["runs"][1]
    losses = 0.5 / np.arange(1, EPOCHS + 1)
    losses[100] = 1e-6
    lows, highs = run["ranges"]["train_loss"]
    assert len(lows) == len(highs) < len(run["epochs"])
    # Those before have one epoch each.
    alone = len(run["epochs"]) - len(lows)
    assert run["epochs"][:alone] == list(range(1, alone + 1))
    start = alone
    for end, low, high in zip(run["epochs"][alone:], lows, highs, strict=True):
        np.testing.assert_allclose([low, high], [losses[start:end].min(), losses[start]], rtol=5e-3)
        start = end
    assert start == EPOCHS
    # Of a run that diverged, what was finite.
    assert found["runs"][2]["ranges"]["train_loss"][0][-1] is None


def test_searches_that_end_at_their_limit_are_counted(found):
    run, other = found["runs"][3], found["runs"][1]
    assert (other["stopped"], other["stopped_at_best"], other["stopped_since"]) == (0, False, [])
    assert (run["limit"], run["stopped"], run["stopped_at_best"]) == (1000, 30, False)
    assert sum(run["stopped_since"]) == 30
    at = [epoch for epoch, n in zip(run["epochs"], run["stopped_since"], strict=True) if n]
    assert FIRST_STOPPED <= at[0] < at[-1]
    assert run["epochs"][run["epochs"].index(at[-1]) - 1] < LAST_STOPPED


def test_forms_tell_their_number_of_kinks():
    kinks, told = zip(
        *{1: "one kink, slope on both sides", 2: "two kinks", 3: "three kinks"}.items(),
        *{4: "four kinks", 5: "5 kinks", 12: "12 kinks"}.items(),
        strict=True,
    )
    pieces = pd.DataFrame({"function_kinks": kinks, "flat_pieces": 0})
    pieces = pieces.assign(converged=True, diverged=False)
    assert tuple(explorer.forms(pieces)) == told
    lost = explorer.forms(pieces.assign(converged=False, function_kinks=np.nan))
    assert set(lost) == {"some points have no single fixed point"}


def test_the_page_reads_nothing_from_elsewhere(found):
    text = explorer.page(found, ROOT / "workflow/explorer")
    own = text.replace((ROOT / "workflow/explorer/vendor/d3-7.9.2.min.js").read_text(), "")
    for reference in re.findall(r"(?:src|href)=[\"']([^\"']*)", own):
        assert reference == "data:," or reference.startswith("#")
    assert not re.search(
        r"\bfetch\(|XMLHttpRequest|import\(",
        "".join(path.read_text() for path in (ROOT / "workflow/explorer").glob("*.js")),
    )
    assert "/* data */" not in text
    # A run takes some 12 kB: 345 of them and the libraries stay below 5 MB.
    each = len(json.dumps(found["runs"][0], separators=(",", ":")))
    libraries = len(explorer.page(found | {"runs": []}, ROOT / "workflow/explorer"))
    assert libraries + 345 * 1.5 * each < 5e6


def test_no_text_of_the_data_ends_the_script(found):
    found = found | {"runs": [found["runs"][0] | {"study": "</script><b>"}]}
    assert "</script><b>" not in explorer.page(found, ROOT / "workflow/explorer")
