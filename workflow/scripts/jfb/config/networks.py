"""The network of a run: what its dataset and its study make of it."""

import math
from collections.abc import Mapping
from typing import Any

from jfb.config import choices, settings
from jfb.config.datasets import AnyDataset
from jfb.config.errors import ConfigError
from jfb.config.network_choices import FPN, Own


def made(key: str, entry: Mapping[str, Any], dataset: AnyDataset) -> settings.Network:
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
    if isinstance(cell, FPN | Own):
        _require_relu(f"{key}.activation", cell, entry)
    if isinstance(cell, FPN):
        _require_picture(key, cell, entry, dataset)
        channels, height, width = cell.latent_shape(dataset.image)
        latent_dim = channels * height * width
    network = settings.Network(
        dataset.input_dim, latent_dim, entry["activation"], cell, dataset.outputs, dataset.image
    )
    if entry["stream"] == "report" and network.to_dict().keys() - {*_OF_POINTS}:
        allowed = "draws the report's network only: others need the stream per_seed"
        raise ConfigError(f"{key}.stream", entry["stream"], allowed)
    if getattr(cell, "normalises_batches", False):
        _require_several(f"{key}.network", cell, entry, dataset)
    return network


#: What is told of a network that is the report's but for its latent dimension and activation.
_OF_POINTS = ("input_dim", "latent_dim", "activation")


def _require_loss(key: str, entry: Mapping[str, Any], dataset: AnyDataset) -> None:
    loss = entry["loss"]
    of_classes = choices.Loss.all()[loss].of_classes
    if of_classes != (dataset.outputs > 1):
        needs = "classes" if of_classes else "one number as its target"
        allowed = f"needs a dataset with {needs}, not {entry['dataset']}"
        raise ConfigError(key, loss, allowed)


def _require_picture(key: str, cell: FPN, entry: Mapping[str, Any], dataset: AnyDataset) -> None:
    if dataset.image is None:
        allowed = f"needs a dataset of pictures, not {entry['dataset']}"
        raise ConfigError(f"{key}.network.name", cell.name, allowed)
    side = min(dataset.image[1:])
    if cell.pool > side:
        allowed = f"must be at most {side}, the side of a picture"
        raise ConfigError(f"{key}.network.pool", cell.pool, allowed)


def _require_relu(key: str, cell: FPN | Own, entry: Mapping[str, Any]) -> None:
    if entry["activation"] != "relu":
        has = {"fpn": "a leaky relu of its own", "own": "what its class has"}[cell.name]
        allowed = f"must be relu, as by default: the network {cell.name} has {has}"
        raise ConfigError(key, entry["activation"], allowed)


def _require_several(
    key: str, cell: choices.Cell, entry: Mapping[str, Any], dataset: AnyDataset
) -> None:
    """Refuse batches of one value per channel, which have no variance."""
    of_injection = "injection_" if cell.normalisation != "batch" else ""
    each = math.prod(cell.latent_shape(dataset.image)[1:]) if isinstance(cell, FPN) else 1
    sizes = [*entry["batch_sizes"], *(p["batch_size"] for p in entry.get("batch_schedule", ()))]
    rest = [dataset.training_size % size or size for size in sizes]
    fewest = min(*rest, dataset.points - dataset.training_size, cell.ghost or math.inf)
    if fewest * each < 2:
        allowed = (
            "needs at least two samples in each batch, the last of an epoch, validation and each "
            "ghost batch too"
        )
        raise ConfigError(f"{key}.{of_injection}normalisation", "batch", allowed)
    if cell.ghost and 2 * cell.ghost > max(sizes):
        allowed = f"must be at most half a batch size of the study, here {max(sizes) // 2}"
        raise ConfigError(f"{key}.ghost", cell.ghost, allowed)
