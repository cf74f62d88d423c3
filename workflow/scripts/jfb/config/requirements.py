"""What a study must be for what is measured and drawn of it; what else is asked for is refused.

Beside the measurements and figures that it speaks of, but without torch: the scheduler reads it.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jfb.config.choices import Engine
from jfb.config.datasets import INPUTS
from jfb.config.errors import ConfigError


@dataclass(frozen=True)
class Needs:
    """What a study must be.

    `logs`: whether its runs keep logs and snapshots; None if either way. `plain`: they differ in
    batch size and seed only. `factors`: they differ in factors. `several`: they are of several
    seeds at several batch sizes. `fixed_point`: their networks have one. `activations`: those for
    which it means something, all where none is named; `solvers` and `gradients` likewise.
    `updates`: whether they are given a number of updates; None if either way. `one_batch_size`: a
    run has the same batch size from its start to its end. `every_epoch`: no optimiser ends a run.
    `losses`: those whose values it shows, all where none is named.
    `of_report`: their networks are the report's with one output, of which the weight is measured.
    `affine`: they are so with any number of outputs. `uncoupled`: a sample does not depend on the
    others of its batch.
    """

    logs: bool | None = True
    plain: bool = True
    factors: bool = False
    several: bool = False
    fixed_point: bool = False
    activations: tuple[str, ...] = ()
    solvers: tuple[str, ...] = ()
    gradients: tuple[str, ...] = ()
    updates: bool | None = None
    one_batch_size: bool = False
    every_epoch: bool = False
    losses: tuple[str, ...] = ()
    of_report: bool = False
    affine: bool = False
    uncoupled: bool = False


#: Units that are active and kinks are those of relu: tanh has neither.
_UNITS = Needs(fixed_point=True, activations=("relu",), every_epoch=True, of_report=True)
#: Classifiers whose fixed points and derivatives are those of a piecewise linear map.
_CLASSIFIERS = Needs(
    plain=False,
    fixed_point=True,
    every_epoch=True,
    activations=("relu",),
    losses=("cross_entropy",),
    affine=True,
)
_FINAL = Needs(logs=None, fixed_point=True, of_report=True)
#: The unrolled gradient goes through the iterates of T, and JFB is what the runs were trained with.
_ALIGNMENT = Needs(
    fixed_point=True, solvers=("picard",), gradients=("jfb",), every_epoch=True, of_report=True
)
#: What shows levels of the mean squared error.
_LEVELS = Needs(logs=None, losses=("mse",))
_FACTORS = Needs(logs=None, plain=False, factors=True, losses=("mse",))
_SEVERAL = Needs(logs=None, several=True)
_UPDATES = Needs(logs=None, updates=True, losses=("mse",))
_UPDATED_BLOCKS = Needs(logs=False, updates=True)
#: The minima of relu networks on all of the data are searched for from a study's final networks.
CATALOGUED = Needs(logs=None, fixed_point=True, activations=("relu",), of_report=True)
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
    "linearisation": Needs(fixed_point=True, every_epoch=True),
    "wellposed": Needs(plain=False, fixed_point=True, every_epoch=True, of_report=True),
    "stability": Needs(plain=False, fixed_point=True, every_epoch=True, uncoupled=True),
    "impurity": Needs(
        plain=False,
        fixed_point=True,
        every_epoch=True,
        losses=("cross_entropy",),
        uncoupled=True,
    ),
    "sensitivity": _CLASSIFIERS,
    "class_sharpness": _CLASSIFIERS,
    "pieces": Needs(
        plain=False, fixed_point=True, activations=("relu",), every_epoch=True, of_report=True
    ),
    "gram": Needs(plain=False, fixed_point=True, every_epoch=True, affine=True),
    "figures/bands": Needs(every_epoch=True),
    "figures/accuracy": Needs(every_epoch=True),
    "figures/levels": _LEVELS,
    "figures/ecdf": _LEVELS,
    "figures/shares": _FACTORS,
    "figures/loss_by_level": _FACTORS,
    "figures/spectral_norm": Needs(plain=False, every_epoch=True, of_report=True),
    "figures/updates": _UPDATES,
}
#: By what the target of a study makes besides its runs and their summary, if it has what `NEEDS`
#: says: what the study must be besides. What else is made, is made of the studies with a role.
OF_TARGET = {
    "figures/bands": _SEVERAL,
    "figures/accuracy": Needs(logs=None, several=True, losses=("cross_entropy",)),
    "figures/levels": _SEVERAL,
    "figures/ecdf": _SEVERAL,
    "figures/shares": _FACTORS,
    "figures/loss_by_level": _FACTORS,
    "figures/spectral_norm": _FACTORS,
    "figures/updates": _UPDATES,
    "figures/sharpness": _UPDATED_BLOCKS,
    "sharpness": _UPDATED_BLOCKS,
    "contraction": Needs(logs=False, updates=False),
}
#: Endings of a figure's files; the HTML report shows the first.
FORMATS = ("svg", "pdf", "png")
#: By key of the configuration: what is made of the study that it names.
_ONE_TABLE = Needs(logs=None, updates=False, losses=("mse",))
ROLES = {
    "replay": (_ONE_TABLE, _UNITS, _FINAL, Needs(one_batch_size=True)),
    "distribution": (_ONE_TABLE, _FINAL),
    "trajectories": (_ONE_TABLE, _UNITS, _FINAL),
    "alignment.study": (_ONE_TABLE, _ALIGNMENT),
}


def lacking(needs: Needs, study: Any) -> Iterator[str]:
    """What a `jfb.config.study.Study` would have to be, as a sentence goes on after its name."""
    if needs.logs and study.block_size is not None:
        yield "must be a study without block_size, which has logs"
    if needs.logs is False and study.block_size is None:
        yield "must be a study with block_size, which has no logs"
    if needs.factors and not study.factors:
        yield "must be a study with factors"
    if needs.plain and study.factors:
        yield "must be a study without factors"
    if needs.plain and any(study.datasets):
        yield "must be a study of one split of its dataset"
    if needs.updates is not None and needs.updates != bool(study.updates):
        yield f"must be a study with{'' if needs.updates else 'out'} updates"
    runs = study.runs.values()
    ending = [run.engine for run in runs if not Engine.all()[run.engine].steps_by_batch]
    if needs.every_epoch and ending:
        yield f"must be a study whose runs have all of their epochs: none of engine {ending[0]}"
    if needs.several and any(len({key[k] for key in study.runs}) < 2 for k in (-2, -1)):
        yield "must be a study of several seeds at several batch sizes"
    losses = {run.loss for run in runs} if needs.losses else set()
    for loss in sorted(losses - set(needs.losses)):
        yield f"must be a study with the loss {' or '.join(needs.losses)}, not {loss}"
    if needs.of_report and any(run.dataset.inputs != INPUTS for run in runs):
        yield "must be a study of points of the room"
    networks = {run.network for run in runs if not run.network.is_reports}
    others = {f"{one.cell.name} (outputs: {one.outputs})" for one in networks}
    for other in sorted(others) if needs.of_report else ():
        yield f"must be a study of the network report with one output, not {other}"
    if needs.affine and any(not run.network.cell.affine for run in runs):
        yield "must be a study of the network report"
    cells = {run.network.cell for run in runs} if needs.uncoupled else set()
    if any(getattr(cell, "couples", False) for cell in cells):
        yield "must be a study of networks without batch normalisation in T"
    if any(getattr(cell, "normalises_batches", False) for cell in cells):
        yield "must be a study of networks without batch normalisation of the injection"
    if needs.one_batch_size and any(run.batch_schedule for run in runs):
        yield "must be a study without batch_schedule"
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
    """The studies for which something is defined; none where its name is not one of `NEEDS`."""
    if product not in NEEDS:
        return []
    return [name for name, study in studies.items() if not any(lacking(NEEDS[product], study))]


def made_by_target(study: Any) -> list[str]:
    """What the target of a study makes besides its runs and their summary, by name in `NEEDS`."""
    return [
        product
        for product, needs in OF_TARGET.items()
        if not any(lacking(NEEDS[product], study)) and not any(lacking(needs, study))
    ]


def check_targets(
    targets: Sequence[str], studies: Mapping[str, Any], figures: Sequence[str]
) -> None:
    """Refuse files of a study for which they are not defined, and those that no study has.

    Args:
        targets: paths, and what is none.
        studies: by name.
        figures: the names of all.

    Raises:
        ConfigError: of the first such file: its study, and what this would have to be, or what
            there is in place of an unknown study or figure.
    """
    folders = [
        *(product for product in NEEDS if os.sep not in product),
        "runs",
        "blocks",
        "summaries",
    ]
    path = re.compile(rf"(?:\./)?results/({'|'.join(folders)})[/_](\w+)[./]")
    figure = re.compile(r"(?:\./)?results/figures/([^/]+)")
    for target in targets:
        if found := figure.fullmatch(target):
            _check_figure(target, found[1], studies, figures)
        elif found := path.match(target):
            _check_product(target, found[1], found[2], studies)


def _check_figure(
    target: str, file: str, studies: Mapping[str, Any], figures: Sequence[str]
) -> None:
    name, _, ending = file.rpartition(".")
    if ending not in FORMATS:
        raise ConfigError(target, ending, f"is no format of figures: {', '.join(FORMATS)}")
    of_study = [figure for figure in figures if f"figures/{figure}" in NEEDS]
    if name in set(figures) - set(of_study):
        return
    for figure in of_study:
        if name.startswith(f"{figure}_"):
            _check_product(target, f"figures/{figure}", name.removeprefix(f"{figure}_"), studies)
            return
    known = [f"{name}_<study>" if name in of_study else name for name in figures]
    raise ConfigError(target, name, f"is no figure; there are: {', '.join(known)}")


def _check_product(target: str, product: str, name: str, studies: Mapping[str, Any]) -> None:
    if name not in studies:
        raise ConfigError(target, name, f"is no study; there are: {', '.join(studies)}")
    if product in NEEDS:
        require(target, name, NEEDS[product], studies[name])
