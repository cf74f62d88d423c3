rule count_units:
    input:
        data=lambda wildcards: dataset_of(wildcards.study),
        snapshots=lambda wildcards: beside_logs(
            wildcards.study, "_snapshots.safetensors"
        ),
    output:
        "results/units/{study}.parquet",
    log:
        "results/logs/units/{study}.log",
    benchmark:
        "results/benchmarks/units/{study}.tsv"
    wildcard_constraints:
        study=having("units"),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=20,
    params:
        code=code_of("count_units.py"),
        runs=lambda wildcards: runs_of(wildcards.study),
    message:
        "Units and kinks along the runs of {wildcards.study}"
    script:
        "../scripts/count_units.py"


rule measure_sharpness:
    input:
        data=lambda wildcards: dataset_of(wildcards.study),
        final=lambda wildcards: finals_of(wildcards.study),
    output:
        "results/sharpness/{study}.parquet",
    log:
        "results/logs/sharpness/{study}.log",
    benchmark:
        "results/benchmarks/sharpness/{study}.tsv"
    wildcard_constraints:
        study=having("sharpness"),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=20,
    params:
        code=code_of("measure_sharpness.py"),
        trained=lambda wildcards: trained_of(wildcards.study),
    message:
        "Sharpness at the end of the runs of {wildcards.study}"
    script:
        "../scripts/measure_sharpness.py"


rule measure_contraction:
    input:
        data=lambda wildcards: dataset_of(wildcards.study),
        final=lambda wildcards: finals_of(wildcards.study),
    output:
        "results/contraction/{study}.parquet",
    log:
        "results/logs/contraction/{study}.log",
    benchmark:
        "results/benchmarks/contraction/{study}.tsv"
    wildcard_constraints:
        study=having("contraction"),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=20,
    params:
        code=code_of("measure_contraction.py"),
        trained=lambda wildcards: trained_of(wildcards.study),
    message:
        "Contraction and fixed points at the end of the runs of {wildcards.study}"
    script:
        "../scripts/measure_contraction.py"


rule measure_wellposed:
    input:
        data=lambda wildcards: dataset_of(wildcards.study),
        snapshots=lambda wildcards: beside_logs(
            wildcards.study, "_snapshots.safetensors"
        ),
    output:
        "results/wellposed/{study}.parquet",
    log:
        "results/logs/wellposed/{study}.log",
    benchmark:
        "results/benchmarks/wellposed/{study}.tsv"
    wildcard_constraints:
        study=having("wellposed"),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=20,
    params:
        code=code_of("measure_wellposed.py"),
        runs=lambda wildcards: runs_of(wildcards.study),
    message:
        "Conditions for a fixed point along the runs of {wildcards.study}"
    script:
        "../scripts/measure_wellposed.py"


rule fit_closed_forms:
    input:
        data="results/data/{dataset}.parquet",
    output:
        "results/closed_forms_{dataset}.csv-metadata.json",
        table="results/closed_forms_{dataset}.csv",
    log:
        "results/logs/closed_forms_{dataset}.log",
    benchmark:
        "results/benchmarks/closed_forms_{dataset}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        code=code_of("closed_forms.py"),
    message:
        "Least losses of simple functions on {wildcards.dataset}"
    script:
        "../scripts/closed_forms.py"


rule tabulate_minima:
    input:
        summary="results/summaries/{study}.parquet",
        units="results/units/{study}.parquet",
        closed_forms=lambda wildcards: closed_forms_of(wildcards.study),
    output:
        "results/minima_{study}.csv-metadata.json",
        "results/fates_{study}.csv-metadata.json",
        minima=report(
            "results/minima_{study}.csv",
            caption="../report/minima_table.rst",
            category="Tables",
            subcategory="Study {study}",
            labels={"table": "Loss by final function: {study}"},
        ),
        fates=report(
            "results/fates_{study}.csv",
            caption="../report/fates_table.rst",
            category="Tables",
            subcategory="Study {study}",
            labels={"table": "Fate of units and functions: {study}"},
        ),
    log:
        "results/logs/minima_{study}.log",
    benchmark:
        "results/benchmarks/minima_{study}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        code=code_of("minima.py"),
    message:
        "Final networks of {wildcards.study}"
    script:
        "../scripts/minima.py"
