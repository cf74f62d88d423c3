"""What a command takes as evidence, by the configuration and its targets.

What lies in the results says nothing: the same command gives the same claims.
"""

import dataclasses
from collections.abc import Collection, Iterable
from typing import NamedTuple

from jfb.analysis.sources import KINDS, ROLES, Source
from jfb.config import measurements, names, requirements
from jfb.config.project import Project
from jfb.config.study import Study

#: Targets and files that need everything.
WHOLE = {
    "everything",
    "findings",
    "README.md",
    *(f"docs/{name}.md" for name in names.PAGES),
}
WHOLE |= {"collect_numbers", "docs/numbers.json"}


def roles(project: Project) -> dict[str, str]:
    """The studies that the configuration gives a part to, by what claims and pages call them."""
    studies = (project.replay, project.distribution, project.trajectories)
    return dict(zip(ROLES, studies, strict=True))


def sizes(project: Project, products: Iterable[Source]) -> dict[str, dict[str, int]]:
    """The numbers of `seeds` and `splits` of the studies of products, by what claims call them."""
    named = {product.study for product in products}
    found = {}
    for called, name in ({name: name for name in project.studies} | roles(project)).items():
        if called not in named:
            continue
        found[called] = size(project.studies[name])
    return found


def size(study: Study) -> dict[str, int]:
    """The numbers of `seeds` and `splits` of a study."""
    runs = study.runs.values()
    return {
        "seeds": len({run.seed for run in runs}),
        "splits": len({run.dataset.split_seed for run in runs}),
    }


class Partner(NamedTuple):
    """A `study`, and the (batch_size, seed) of its runs that another study has, too."""

    study: str
    same: list[tuple[int, int]]


def with_equal_epochs(project: Project, study: str) -> Partner:
    """The study that has most runs of a study with updates, the same but for their epochs.

    The study of many seeds, where it has as many as any other, also where no study has one.
    """
    runs = project.studies[study].runs

    def same(name: str) -> list[tuple[int, int]]:
        others = project.studies[name].runs
        return [
            (run.batch_size, run.seed)
            for key, run in runs.items()
            if key in others and dataclasses.replace(others[key], epochs=run.epochs) == run
        ]

    names = [name for name, other in project.studies.items() if not other.updates]
    found = [Partner(name, same(name)) for name in (project.distribution, *names)]
    return max(found, key=lambda partner: len(partner.same))


def study_of(source: Source, project: Project) -> str:
    """The study of the configuration that a source is of; empty where it is of none."""
    if source.kind == "alignment" and source.study == "trajectories":
        # The configuration may name another study with logs for it.
        return project.alignment
    return roles(project).get(source.study, source.study)


def is_taken(product: Source, project: Project, targets: Collection[str]) -> bool:
    """Whether a command takes a product as evidence.

    It takes the data, what is of the replay, of the distribution and of the default studies, what
    its targets make, and the short form of a measurement that they do not; nothing of a study that
    the configuration lacks, or for which the product is not defined. What places runs among the
    minima of the catalogue it takes where `catalogue` is a target.

    Args:
        product: what tables are made from, see `jfb.analysis.sources.products`.
        project: the configuration.
        targets: of the command, as they were given; none for the default target.
    """
    if product.kind == "data":
        return True
    kind, study = KINDS[product.kind], study_of(product, project)
    if kind.placed and not (_asks(targets, "catalogue") and _is_placed(study, project)):
        return False
    if not kind.of_study:
        return _asks(targets, kind.target) != kind.short
    has_part = study in {*roles(project).values(), project.alignment}
    by_default = study in project.made_by_default
    asked = by_default or _asks(targets, kind.target if has_part and kind.target else study)
    return asked and _is_defined(product.kind, study, project)


def _is_placed(study: str, project: Project) -> bool:
    placed = measurements.placed(project.catalogue, project.studies)
    return (study or project.replay) in placed


def _asks(targets: Collection[str], target: str) -> bool:
    return not (WHOLE | {target}).isdisjoint(targets)


def _is_defined(kind: str, study: str, project: Project) -> bool:
    if study not in project.studies:
        return False
    of_it = {study: project.studies[study]}
    return kind not in requirements.NEEDS or bool(requirements.having(kind, of_it))
