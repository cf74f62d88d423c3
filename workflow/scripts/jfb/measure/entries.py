"""What is measured of each entry of the catalogue of minima."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from jfb.config import settings
from jfb.measure import functions, stationary
from jfb.model.exact_loss import ExactLoss
from jfb.records.dataset import Part
from jfb.records.descents import NEARBY


def measure(
    networks: Iterable[np.ndarray],
    network: settings.Network,
    training: Part,
    steps: int,
    after_entry: Callable[[int], None],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Functions and curvature at the networks that found the entries.

    Args:
        networks: (p,) of each, in the order of their ids, from 1.
        network: its dimensions, with relu.
        training: all training points, on a line.
        steps: of a search, at most.
        after_entry: told how many are done.

    Returns:
        A row per entry: id, loss, gradient (its largest entry), loss_of_pieces (that of the
        function as it is drawn, see `jfb.measure.functions.loss`), kinks, active_units,
        flat_before and flat_after (whether its first and its last piece is), those of
        `jfb.measure.stationary.Curvature`, lower_nearby (of `NEARBY` searches, those that end
        lower) and least_loss_nearby (`jfb.measure.functions`). And a row per end of a piece: id,
        position (metres along the line), value.
    """
    problem = ExactLoss(network, training)
    rows: list[Mapping[str, Any]] = []
    ends = []
    for number, parameters in enumerate(networks, start=1):
        function = functions.of_network(parameters, network, training)
        loss = problem.loss(parameters)
        gradient = float(np.abs(problem.gradient()).max())
        rows.append(
            {
                "id": number,
                "loss": loss,
                "gradient": gradient,
                "loss_of_pieces": functions.loss(function, training),
                "kinks": len(function.kinks),
                "active_units": function.active_units,
                "flat_before": bool(function.flat[0]),
                "flat_after": bool(function.flat[-1]),
                **stationary.curvature(network, parameters, training)._asdict(),
                "lower_nearby": stationary.lower_nearby(problem, parameters, steps, NEARBY),
                "least_loss_nearby": functions.least_loss_nearby(function, training),
            }
        )
        places = {"id": number, "position": function.position, "value": function.value}
        ends.append(pd.DataFrame(places))
        after_entry(number)
    return pd.DataFrame(rows), pd.concat(ends, ignore_index=True)
