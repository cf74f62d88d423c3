"""The catalogue of minima: which ends of searches are the same function, and who ends at which.

Units can change places and scales without changing the function, so that minima are told apart by
their functions. Around a minimum of least squares, a function that is off by a root mean square d
has a loss that is higher by d^2: one tolerance says what is near in both.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from jfb.records.descents import SAME
from jfb.records.runlog import GRADIENT, STEP
from jfb.records.units import BY_KINKS, CONSTANT, FLAT_SIDE

#: As `SAME`, for a run that is at an entry: training leaves it that much above.
AT = 0.1
#: An entry is the best function of its form if its loss is above the least by this share at most.
BEST = 0.01
#: The pieces of an entry are its function if their loss is off by this share at most.
OFF = 1e-3
#: The form of an entry that jumps between two training points, so that its pieces are not all seen.
JUMP = "jump between two points"
#: The id of what ends at no entry, and that of the lowest entry.
NONE, LOWEST = 0, 1
#: What an entry is: where the gradient vanishes and no direction leads down; the same, with
#: directions that change nothing; where some direction, or a search from nearby, leads lower; and
#: where no step leads on although the gradient does not vanish: at a kink of the loss, or where
#: fixed points stop being unique.
MINIMUM, FLAT, SADDLE, EDGE = "minimum", "flat minimum", "saddle", "edge"
#: So many searches make an entry of an edge; each ends a little elsewhere.
OFTEN = 5


def group(losses: np.ndarray, values: np.ndarray, ended: Sequence[str | None]) -> np.ndarray:
    """The searches that found an entry, by their loss: the lowest of each function.

    Args:
        losses: (n,) at the ends.
        values: (n, size) of the functions on the training points.
        ended: (n,) why each search ended, of `jfb.records.runlog.ENDS`. Those that end at a small
            gradient found entries; those that no step leads on from do where they are `OFTEN`.

    Returns:
        Their places, (entries,).
    """
    found: list[int] = []
    for end, fewest in ((GRADIENT, 1), (STEP, OFTEN)):
        known, members = len(found), [0] * len(found)
        for k in np.argsort(losses, kind="stable"):
            if ended[k] != end:
                continue
            entry = entry_of(losses[k], values[k], losses[found], values[found], SAME)
            if entry == NONE:
                found.append(int(k))
                members.append(0)
            members[entry - 1] += 1
        new = [k for k, n in zip(found[known:], members[known:], strict=True) if n >= fewest]
        found = found[:known] + new
    return np.array(sorted(found, key=lambda k: losses[k]), dtype=int)


def entry_of(
    loss: float,
    values: np.ndarray,
    losses: np.ndarray,
    functions: np.ndarray,
    tolerance: float,
) -> int:
    """The entry, from 1, whose function is the nearest to one; `NONE` where all are too far.

    Args:
        loss: of the function.
        values: (size,) of it.
        losses: (entries,).
        functions: (entries, size).
        tolerance: `SAME` or `AT`.
    """
    if not len(losses):
        return NONE
    squares = np.square(functions - values).mean(axis=1)
    near = (squares <= tolerance * losses) & (np.abs(loss - losses) <= tolerance * losses)
    if not near.any():
        return NONE
    return int(np.where(near, squares / losses, np.inf).argmin()) + 1


def form(kinks: int, flat: Sequence[bool]) -> str:
    """What a function is: a category of `jfb.records.units`, or its number of kinks.

    Args:
        kinks: how many.
        flat: whether the first piece is, and the last.
    """
    if kinks < 2 and any(flat):
        return FLAT_SIDE if kinks else CONSTANT
    return BY_KINKS[kinks] if kinks < len(BY_KINKS) else f"{kinks} kinks"


def table(
    entries: pd.DataFrame, ended: Sequence[str], runs: pd.DataFrame, closed_forms: pd.DataFrame
) -> pd.DataFrame:
    """The catalogue: a row per entry, the lowest loss first, and one of what ends at none.

    Args:
        entries: as `jfb.measure.entries.measure` returns them.
        ended: why the search that found each did.
        runs: as `assigned` returns them; shares are of the first source.
        closed_forms: as `jfb.measure.closed_forms.table` returns them.

    Returns:
        The entries with form; found and share, how many searches from the first source end there;
        found_by_all, those from any; what, see there; closed_form, the least loss of a function of
        this form, and is_best, whether the entry has it, to `BEST`.
    """
    told = (entries["loss_of_pieces"] / entries["loss"] - 1).abs() <= OFF
    known = closed_forms.set_index("category")["loss"]
    first = runs[runs["source"] == runs["source"].iloc[0]]
    made = entries.assign(
        form=[
            form(kinks, (before, after)) if all_seen else JUMP
            for kinks, before, after, all_seen in zip(
                entries["kinks"], entries["flat_before"], entries["flat_after"], told, strict=True
            )
        ],
        what=list(map(what, ended, *(entries[n] for n in ("negative", "zero", "lower_nearby")))),
    )
    made["closed_form"] = known.reindex(made["form"]).to_numpy()
    made["is_best"] = made["loss"] <= (1 + BEST) * made["closed_form"]
    made = pd.concat([made, pd.DataFrame({"id": [NONE]})], ignore_index=True)
    for name, some in {"found": first, "found_by_all": runs}.items():
        made[name] = [int((some["id"] == entry).sum()) for entry in made["id"]]
    made["share"] = made["found"] / len(first)
    return made[[*_FIRST, *(name for name in made if name not in _FIRST)]]


_FIRST = ("id", "loss", "form", "what", "kinks", "active_units", "share", "found", "found_by_all")


_OF_SEARCH = ("batch_size", "seed", "at", "id", "start_loss", "loss", "steps", "ended")


def of_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """Every search: source, batch_size, seed, at, id, start_loss, loss, steps and ended."""
    return runs[["source", *_OF_SEARCH]]


def shares(runs: pd.DataFrame, entries: Sequence[int]) -> pd.DataFrame:
    """How many runs end where, by source and batch size.

    Args:
        runs: with source, batch_size, id (the entry at which a search from the run ends) and at
            (the entry at which the run itself ends).
        entries: all ids.

    Returns:
        A row per source, batch size and id, also `NONE`: runs (of the source and batch size), ends
        and share (of searches from them that end there), at and share_at (of those already there),
        and on_the_way (that a search leads there, and that are at no entry or at another).
    """
    rows = []
    for (source, size), some in runs.groupby(["source", "batch_size"], sort=False):
        for entry in (*entries, NONE):
            ends, at = some["id"] == entry, some["at"] == entry
            counts = int(ends.sum()), ends.mean(), int(at.sum()), at.mean(), int((ends & ~at).sum())
            rows.append((source, size, entry, len(some), *counts))
    columns = ["source", "batch_size", "id", "runs", "ends", "share", "at", "share_at"]
    return pd.DataFrame(rows, columns=[*columns, "on_the_way"])


def assigned(
    searches: pd.DataFrame,
    starts: np.ndarray,
    ends: np.ndarray,
    losses: np.ndarray,
    functions: np.ndarray,
) -> pd.DataFrame:
    """The searches with `id`, the entry that they end at, and `at`, the one that they start at.

    Args:
        searches: with start_loss and loss.
        starts, ends: (n, size) their functions on the training points; NaN where none is known.
        losses, functions: (entries,) and (entries, size) of the entries.
    """
    at = [
        entry_of(loss, values, losses, functions, AT)
        for loss, values in zip(searches["start_loss"], starts, strict=True)
    ]
    reached = [
        entry_of(loss, values, losses, functions, SAME)
        for loss, values in zip(searches["loss"], ends, strict=True)
    ]
    return searches.assign(id=reached, at=at)


def placed(searches: pd.DataFrame, entries: pd.DataFrame) -> pd.DataFrame:
    """The runs of a study and the entries of the catalogue that they lead to.

    Args:
        searches: from their final networks, as `assigned` returns them.
        entries: as `table` returns them.

    Returns:
        A row per run: batch_size, seed, at, id, start_loss, loss, steps, ended, as in `of_runs`;
        entry_loss and what, of the entry id.
    """
    of_entry = entries[["id", "loss", "what"]].rename(columns={"loss": "entry_loss"})
    runs = searches[[*_OF_SEARCH]]
    return runs.merge(of_entry, on="id", how="left", validate="many_to_one")


def what(ended: str, negative: int, zero: int, lower: int) -> str:
    """What an entry is: `MINIMUM`, `FLAT`, `SADDLE` or `EDGE`.

    Args:
        ended: why the search that found it did.
        negative, zero: how many eigenvalues of the Hessian are, modulo rescaling.
        lower: how many searches from nearby end lower.
    """
    if ended != GRADIENT:
        return EDGE
    if negative or lower:
        return SADDLE
    return FLAT if zero else MINIMUM
