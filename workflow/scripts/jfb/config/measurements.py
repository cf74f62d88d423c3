"""Which studies the measurements that a configuration asks for are defined on.

All raise a `ConfigError` of the first finding.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from jfb.config import checks, datasets, requirements, settings
from jfb.config.choices import MOST_UNITS
from jfb.config.errors import ConfigError
from jfb.config.study import Study

#: Snapshots of a run that an alignment needs, or one per epoch where there are fewer epochs.
FEWEST_SNAPSHOTS = 30


def require_alignable(alignment: Mapping[str, Any], study: Study) -> None:
    """Refuse a study with few snapshots, and tolerances that are no tighter than in training."""
    for run in study.runs.values():
        needed = min(FEWEST_SNAPSHOTS, run.epochs)
        if run.snapshots < needed:
            allowed = f"must be a study with at least {needed} snapshots, not {run.snapshots}"
            raise ConfigError("alignment.study", alignment["study"], allowed)
        if min(alignment["tolerances"]) >= run.solver.tolerance:
            allowed = f"must have one below {run.solver.tolerance:g}, the tolerance of the study"
            raise ConfigError("alignment.tolerances", alignment["tolerances"], allowed)


def require_catalogued(catalogue: settings.Catalogue, studies: Mapping[str, Study]) -> None:
    """Refuse studies whose minima are not those of one network on the same points."""
    key = "catalogue.studies"
    for name in catalogue.studies:
        checks.require_one_of(key, name, studies)
        for allowed in _not_catalogued(studies[name], catalogue.studies[0], studies):
            raise ConfigError(key, name, allowed)


def placed(catalogue: settings.Catalogue, studies: Mapping[str, Study]) -> list[str]:
    """The studies whose final networks have a place among the minima of a checked catalogue."""
    first = catalogue.studies[0]
    return [name for name in studies if not any(_not_catalogued(studies[name], first, studies))]


def _not_catalogued(study: Study, first: str, studies: Mapping[str, Study]) -> Iterator[str]:
    """What a study would have to be, as a sentence goes on after its name."""
    yield from requirements.lacking(requirements.CATALOGUED, study)
    run, one = (next(iter(s.runs.values())) for s in (study, studies[first]))
    if run.network.latent_dim > MOST_UNITS:
        allowed = f"must be a study of at most {MOST_UNITS} latent units"
        yield f"{allowed}, not {run.network.latent_dim}"
    if (run.dataset, run.network) != (one.dataset, one.network):
        yield f"must have the dataset and the network of {first}"


def require_measurable(key: str, cost: settings.Cost, dataset: datasets.Dataset) -> None:
    """Refuse what the cost of a step can't be measured for, on this dataset."""
    if cost.batch_size > dataset.training_size:
        allowed = f"must be at most {dataset.training_size}, the training points of alignment.study"
        raise ConfigError(f"{key}.batch_size", cost.batch_size, allowed)
    latent_dim = max(cost.latent_dim, *cost.latent_dims)
    checks.require_distinct(f"{key}.gradients", dict(cost.gradients))
    for name, gradient in cost.gradients:
        checks.require_of_reference(f"{key}.gradients.{name}", gradient)
        checks.require_used_tolerance(f"{key}.gradients.{name}", gradient, latent_dim)
