"""What a study must be for what is measured and drawn of it; what else is asked for is refused.

Beside the measurements and figures that it speaks of, but without torch: the scheduler reads it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jfb.config.errors import ConfigError


@dataclass(frozen=True)
class Needs:
    """What a study must be.

    `logs`: its runs keep logs and snapshots. `plain`: they differ in batch size and seed only.
    `fixed_point`: their networks have one. `activations`: those for which it means something, all
    where none is named; `solvers` and `gradients` likewise. `updates`: whether they are
    given a number of updates; None if either way.
    """

    logs: bool = True
    plain: bool = True
    fixed_point: bool = False
    activations: tuple[str, ...] = ()
    solvers: tuple[str, ...] = ()
    gradients: tuple[str, ...] = ()
    updates: bool | None = None


#: Units that are active and kinks are those of relu: tanh has neither.
_UNITS = Needs(fixed_point=True, activations=("relu",))
_FINAL = Needs(logs=False, fixed_point=True)
#: The unrolled gradient goes through the iterates of T, and JFB is what the runs were trained with.
_ALIGNMENT = Needs(fixed_point=True, solvers=("picard",), gradients=("jfb",))
#: By what is made: a folder or the start of a name in results/, before the name of the study.
NEEDS = {
    "alignment": _ALIGNMENT,
    "figures/alignment": _ALIGNMENT,
    "units": _UNITS,
    "minima": _UNITS,
    "fates": _UNITS,
    "figures/kinks": _UNITS,
    "figures/fates": _UNITS,
    "sharpness": _FINAL,
    "figures/sharpness": _FINAL,
    "contraction": _FINAL,
    "figures/bands": Needs(),
    "figures/levels": Needs(logs=False),
    "figures/ecdf": Needs(logs=False),
    "figures/spectral_norm": Needs(plain=False),
    "figures/updates": Needs(logs=False, updates=True),
}
#: By key of the configuration: what is made of the study that it names.
_ONE_TABLE = Needs(updates=False)
ROLES = {
    "replay": (_ONE_TABLE, _UNITS, _FINAL),
    "distribution": (_ONE_TABLE, _UNITS, _FINAL),
    "alignment.study": (_ONE_TABLE, _ALIGNMENT),
}


def lacking(needs: Needs, study: Any) -> Iterator[str]:
    """What a `jfb.config.project.Study` would have to be, as a sentence goes on after its name."""
    if needs.logs and study.block_size is not None:
        yield "must be a study without block_size, which has logs"
    if needs.plain and study.factors:
        yield "must be a study without factors"
    if needs.plain and study.splits:
        yield "must be a study of one split of its dataset"
    if needs.updates is not None and needs.updates != bool(study.updates):
        yield f"must be a study with{'' if needs.updates else 'out'} updates"
    runs = study.runs.values()
    if needs.fixed_point and any(run.solver.name == "explicit" for run in runs):
        yield "must be a study of networks with a fixed point, not with the solver explicit"
    activations = {run.network.activation for run in runs} if needs.activations else set()
    for activation in sorted(activations - set(needs.activations)):
        allowed = " or ".join(needs.activations)
        yield f"must be a study with the activation {allowed}, not {activation}"
    solvers = {run.solver.name for run in runs} if needs.solvers else set()
    for solver in sorted(solvers - set(needs.solvers)):
        yield f"must be a study with the solver {' or '.join(needs.solvers)}, not {solver}"
    gradients = {run.gradient.name for run in runs} if needs.gradients else set()
    for gradient in sorted(gradients - set(needs.gradients)):
        yield f"must be a study with the gradient {' or '.join(needs.gradients)}, not {gradient}"


def require(key: str, name: str, needs: Needs, study: Any) -> None:
    """Refuse a study for which something is not defined.

    Raises:
        ConfigError: of the key, the study's name, and the first thing that it would have to be.
    """
    for allowed in lacking(needs, study):
        raise ConfigError(key, name, allowed)


def having(product: str, studies: Mapping[str, Any]) -> list[str]:
    """The studies for which something, by its name in `NEEDS`, is defined."""
    return [name for name, study in studies.items() if not any(lacking(NEEDS[product], study))]


def check_targets(targets: Sequence[str], studies: Mapping[str, Any]) -> None:
    """Refuse files of a study for which they are not defined.

    Raises:
        ConfigError: of the first such file, its study, and what this would have to be.
    """
    products, names = ("|".join(map(re.escape, some)) for some in (NEEDS, studies))
    path = re.compile(rf"(?:\./)?results/({products})[/_]({names})[./]")
    for target in targets:
        if found := path.match(target):
            product, name = found.groups()
            require(target, name, NEEDS[product], studies[name])
