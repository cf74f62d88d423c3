rule generate:
    output:
        "results/data/{dataset}.parquet",
    log:
        "results/logs/data/{dataset}.log",
    benchmark:
        "results/benchmarks/data/{dataset}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        code=code_of("generate.py"),
        dataset=lambda wildcards: project.datasets[wildcards.dataset].to_dict(),
    message:
        "Dataset {wildcards.dataset}"
    script:
        "../scripts/generate.py"
