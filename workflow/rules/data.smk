rule generate:
    input:
        library=library("generate.py"),
    output:
        "results/data/{dataset}.parquet",
    params:
        dataset=lambda wildcards: dataclasses.asdict(
            project.datasets[wildcards.dataset]
        ),
    log:
        "results/logs/data/{dataset}.log",
    benchmark:
        "results/benchmarks/data/{dataset}.tsv"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    message:
        "Dataset {wildcards.dataset}"
    conda:
        "../../environment.yml"
    script:
        "../scripts/generate.py"
