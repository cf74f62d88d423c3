FROM_RUNS = "results/catalogue/from_{study}/batch_size={batch_size}.parquet"
FROM_STARTS = "results/catalogue/starts_{width}.parquet"
FROM_HOPS = "results/catalogue/hops.parquet"
# Of all searches; the dataset of all of them is the same.
CATALOGUED = project.catalogue.studies
# Whose final networks have a place among the entries.
PLACED = measurements.placed(project.catalogue, project.studies)
WIDTHS = [f"{width:g}" for width in project.catalogue.widths]
# What the searches are from; no study has such a name as the others.
SOURCES = {
    **{f"starts x {width}": expand(FROM_STARTS, width=width) for width in WIDTHS},
    "basin hopping": [FROM_HOPS],
    **{
        study: expand(FROM_RUNS, study=study, batch_size=batch_sizes_of(study))
        for study in CATALOGUED
    },
}
TABLES = ("catalogue", "catalogue_runs", "catalogue_shares", "catalogue_fits")


# Levenberg-Marquardt from the final networks of the first runs of a study at a batch size.
rule search_from_runs:
    input:
        data=lambda wildcards: dataset_of(wildcards.study),
        final=lambda wildcards: first_finals_of(wildcards)[0],
    output:
        FROM_RUNS,
    log:
        "results/logs/catalogue/from_{study}/batch_size={batch_size}.log",
    benchmark:
        "results/benchmarks/catalogue/from_{study}/batch_size={batch_size}.tsv"
    wildcard_constraints:
        study=any_of(PLACED),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        code=code_of("search_from_runs.py"),
        trained=lambda wildcards: first_finals_of(wildcards)[1],
        seeds=lambda wildcards: first_seeds_of(wildcards.study),
        batch_size=lambda wildcards: int(wildcards.batch_size),
        steps=project.catalogue.steps,
    message:
        "Minima from the final networks of {wildcards.study}, batch size {wildcards.batch_size}"
    script:
        "../scripts/search_from_runs.py"


rule search_from_starts:
    input:
        data=dataset_of(CATALOGUED[0]),
    output:
        FROM_STARTS,
    log:
        "results/logs/catalogue/starts_{width}.log",
    benchmark:
        "results/benchmarks/catalogue/starts_{width}.tsv"
    wildcard_constraints:
        width=any_of(WIDTHS),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        code=code_of("search_from_starts.py", "jfb.streams.per_seed"),
        run=lambda wildcards: runs_of(CATALOGUED[0])[0] | {"stream": "per_seed"},
        starts=project.catalogue.starts,
        steps=project.catalogue.steps,
    message:
        "Minima from starts of {wildcards.width} times the width"
    script:
        "../scripts/search_from_starts.py"


rule search_by_hops:
    input:
        data=dataset_of(CATALOGUED[0]),
        starts=expand(FROM_STARTS, width=WIDTHS),
    output:
        FROM_HOPS,
    log:
        "results/logs/catalogue/hops.log",
    benchmark:
        "results/benchmarks/catalogue/hops.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        code=code_of("search_by_hops.py"),
        run=lambda wildcards: runs_of(CATALOGUED[0])[0],
        hops=project.catalogue.hops,
        steps=project.catalogue.steps,
    message:
        "Minima by basin hopping"
    script:
        "../scripts/search_by_hops.py"


rule tabulate_catalogue:
    input:
        data=dataset_of(CATALOGUED[0]),
        closed_forms=closed_forms_of(CATALOGUED[0]),
        searches=list(itertools.chain(*SOURCES.values())),
    output:
        [f"results/{table}.csv-metadata.json" for table in TABLES],
        runs="results/catalogue_runs.csv",
        networks="results/catalogue/entries.parquet",
        fits="results/catalogue_fits.csv",
        entries=report(
            "results/catalogue.csv",
            caption="../report/catalogue_table.rst",
            category="Tables",
            subcategory=OF_MINIMA,
            labels={"table": "Catalogue of minima"},
        ),
        shares=report(
            "results/catalogue_shares.csv",
            caption="../report/catalogue_shares.rst",
            category="Tables",
            subcategory=OF_MINIMA,
            labels={"table": "Who ends at which minimum"},
        ),
    log:
        "results/logs/catalogue/table.log",
    benchmark:
        "results/benchmarks/catalogue/table.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("tabulate_catalogue.py"),
        run=lambda wildcards: runs_of(CATALOGUED[0])[0],
        sources=SOURCES,
        steps=project.catalogue.steps,
    message:
        "Catalogue of minima"
    script:
        "../scripts/tabulate_catalogue.py"


rule place_runs:
    input:
        data=lambda wildcards: dataset_of(wildcards.study),
        searches=lambda wildcards: expand(
            FROM_RUNS,
            study=wildcards.study,
            batch_size=batch_sizes_of(wildcards.study),
        ),
        entries="results/catalogue.csv",
        networks="results/catalogue/entries.parquet",
    output:
        "results/catalogue/runs_{study}.csv-metadata.json",
        table="results/catalogue/runs_{study}.csv",
    log:
        "results/logs/catalogue/runs_{study}.log",
    benchmark:
        "results/benchmarks/catalogue/runs_{study}.tsv"
    wildcard_constraints:
        study=any_of(PLACED),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_of("place_runs.py"),
        run=lambda wildcards: runs_of(wildcards.study)[0],
    message:
        "Which minimum each run of {wildcards.study} leads to"
    script:
        "../scripts/place_runs.py"
