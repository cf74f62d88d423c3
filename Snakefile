"""config.yaml -> datasets -> runs (per batch size and seed) -> summaries -> table, figures."""

import gc

from snakemake.utils import min_version

min_version("9.0")

# A plan is millions of objects that stay: to walk them in search of garbage as often as Python does
# by default takes a tenth of the time of a large plan. Scripts run in processes of their own.
gc.set_threshold(100_000, 20, 20)


# Before Snakemake reads the file: it would run code in it.
include: "workflow/rules/check.smk"


configfile: "config.yaml"


report: "workflow/report/workflow.rst"


onstart:
    if scheduler:
        scheduler.started()
    pace.ease(workflow)


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/summarise.smk"
include: "workflow/rules/table.smk"
include: "workflow/rules/further.smk"
include: "workflow/rules/catalogue.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/gradients.smk"
include: "workflow/rules/minima.smk"
include: "workflow/rules/measured.smk"
include: "workflow/rules/timing.smk"
include: "workflow/rules/explore.smk"
include: "workflow/rules/evidence.smk"
include: "workflow/rules/claims.smk"


if not IS_MODULE:

    # These pages are of this clone.
    include: "workflow/rules/findings.smk"


# Targets by the name of a figure: of which study.
SEED_FIGURES = {
    "levels": project.distribution,
    "ecdf": project.distribution,
    "bands": project.trajectories,
}


localrules:
    all,
    everything,
    dataset,
    alignment,
    minima,


BY_DEFAULT = [
    [products_of(study) for study in project.default_studies],
    rules.table1.output,
    [figure_of(name) for name in ("figure1", "figure2", "figure3")],
    [figure_of(name, SEED_FIGURES[name]) for name in ("levels", "ecdf")],
    rules.claims.output,
]
ALL = [
    BY_DEFAULT,
    [made_of(study) for study in project.studies],
    [figure_of(name, study) for name, study in SEED_FIGURES.items()],
    f"results/alignment_{project.alignment}.csv",
    [
        figure_of("alignment", study)
        for study in dict.fromkeys((project.alignment, ALIGNED))
    ],
    figure_of("spectral_norm", project.alignment),
    figure_of("cost"),
    figure_of("timing"),
    [minima_of(study) for study in (project.replay, project.trajectories)],
    [[answer_of(name), figure_of(name)] for name in ASKED],
    figure_of("catalogue"),
    figure_of("sharp_minima"),
]


rule all:
    default_target: True
    input:
        unless_in_parts(project.default_studies, BY_DEFAULT),


rule everything:
    input:
        unless_in_parts(project.studies, ALL),


# JFB beside other gradients along the runs of the study that the configuration names.
rule alignment:
    input:
        alignments_of(project.alignment),
        f"results/alignment_{project.alignment}.csv",
        figure_of("alignment", project.alignment),
        figure_of("spectral_norm", project.alignment),


# What the final networks of the replay and of the trajectories are, and how sharp their minima.
rule minima:
    input:
        [minima_of(study) for study in (project.replay, project.trajectories)],


rule dataset:
    input:
        [dataset_of(study) for study in project.default_studies],


# A study is a target by its name: its runs, their summary, the figures that its shape allows, and
# what is measured of its final networks where it keeps no logs.
for study in project.studies:

    rule:
        name:
            study
        input:
            unless_in_parts([study], made_of(study)),
        localrule: True


# The figures of many seeds, for the studies that the configuration names.
for name, study in SEED_FIGURES.items():

    rule:
        name:
            name
        input:
            figure_of(name, study),
        localrule: True
