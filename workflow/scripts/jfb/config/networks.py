"""The network of a run: what its dataset and its study make of it."""

from collections.abc import Mapping
from typing import Any

from jfb.config import choices, settings
from jfb.config.datasets import Dataset, Digits
from jfb.config.errors import ConfigError
from jfb.config.network_choices import FPN


def made(key: str, entry: Mapping[str, Any], dataset: Dataset | Digits) -> settings.Network:
    """The network of a study, or of a level of its factors, on a dataset.

    Args:
        key: the place of the study or the level.
        entry: the value of every key that a study may set.
        dataset: the one that it names.

    Raises:
        ConfigError: the loss or the network is for other data.
    """
    cell = choices.Cell.from_dict(entry["network"])
    latent_dim = entry["latent_dim"]
    _require_loss(f"{key}.loss", entry, dataset)
    if isinstance(cell, FPN):
        _require_picture(f"{key}.network", cell, entry, dataset)
        channels, height, width = cell.latent_shape(dataset.image)
        latent_dim = channels * height * width
    return settings.Network(
        dataset.input_dim, latent_dim, entry["activation"], cell, dataset.outputs, dataset.image
    )


def _require_loss(key: str, entry: Mapping[str, Any], dataset: Dataset | Digits) -> None:
    loss = entry.get("loss", "mse")
    of_classes = choices.Loss.all()[loss].of_classes
    if of_classes != (dataset.outputs > 1):
        needs = "classes, as digits has" if of_classes else "one number as its target"
        allowed = f"needs a dataset with {needs}, not {entry['dataset']}"
        raise ConfigError(key, loss, allowed)


def _require_picture(
    key: str, cell: FPN, entry: Mapping[str, Any], dataset: Dataset | Digits
) -> None:
    if dataset.image is None:
        allowed = f"needs a dataset of pictures, not {entry['dataset']}"
        raise ConfigError(f"{key}.name", cell.name, allowed)
    side = min(dataset.image[1:])
    if cell.pool > side:
        raise ConfigError(
            f"{key}.pool", cell.pool, f"must be at most {side}, the side of a picture"
        )
