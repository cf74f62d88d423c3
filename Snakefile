"""config.yaml -> datasets -> runs (per batch size and seed) -> summaries -> table, figures."""

from snakemake.utils import min_version

min_version("9.0")


configfile: "config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/summarise.smk"
include: "workflow/rules/table.smk"
include: "workflow/rules/figures.smk"


localrules:
    all,
    dataset,


rule all:
    default_target: True
    input:
        [products_of(study) for study in project.default_studies],
        rules.table1.output,
        rules.figure1.output,
        rules.figure2.output,
        rules.figure3.output,
        [figure_of(name, project.distribution) for name in SEED_FIGURES],


rule dataset:
    input:
        [dataset_of(study) for study in project.default_studies],


# A study is a target by its name: its runs and their summary.
for study in project.studies:

    rule:
        name:
            study
        input:
            products_of(study),
        localrule: True


# The figures of many seeds, for the study that the configuration names.
for figure in SEED_FIGURES:

    rule:
        name:
            figure
        input:
            figure_of(figure, project.distribution),
        localrule: True
