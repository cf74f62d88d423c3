rule summarise:
    input:
        data=lambda wildcards: dataset_of(wildcards.study),
        logs=lambda wildcards: logs_of(wildcards.study),
        best=lambda wildcards: beside_logs(wildcards.study, "_best.safetensors"),
    output:
        "results/summaries/{study}.parquet",
    log:
        "results/logs/summaries/{study}.log",
    benchmark:
        "results/benchmarks/summaries/{study}.tsv"
    wildcard_constraints:
        study=any_of(LOGGED),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        code=code_of("summarise.py"),
        runs=lambda wildcards: runs_of(wildcards.study),
    message:
        "Summary of {wildcards.study}"
    script:
        "../scripts/summarise.py"


rule gather:
    input:
        blocks=lambda wildcards: blocks_of(wildcards.study),
    output:
        "results/summaries/{study}.parquet",
    log:
        "results/logs/summaries/{study}.log",
    benchmark:
        "results/benchmarks/summaries/{study}.tsv"
    wildcard_constraints:
        study=any_of(BLOCKED),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        code=code_of("gather.py"),
        blocks=lambda wildcards: trained_of(wildcards.study)["blocks"],
    message:
        "Summary of {wildcards.study}"
    script:
        "../scripts/gather.py"
