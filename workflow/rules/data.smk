# The datasets that are points of the room, those that packages have with them, and files of users.
POINTS, PACKAGED, FILES = (
    [name for name, one in project.datasets.items() if isinstance(one, kind)]
    for kind in (datasets.Dataset, tuple(datasets.PACKAGED.values()), datasets.File)
)


rule generate:
    input:
        lambda wildcards: unchanged(own_files_of_dataset(wildcards)),
    output:
        "results/data/{dataset}.parquet",
    log:
        "results/logs/data/{dataset}.log",
    benchmark:
        "results/benchmarks/data/{dataset}.tsv"
    wildcard_constraints:
        dataset=any_of(POINTS),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        code=code_of("generate.py"),
        own=lambda wildcards: own_contents(own_files_of_dataset(wildcards)),
        dataset=lambda wildcards: project.datasets[wildcards.dataset].to_dict(),
    message:
        "Dataset {wildcards.dataset}"
    script:
        "../scripts/generate.py"


rule take_packaged:
    output:
        "results/data/{dataset}.parquet",
    log:
        "results/logs/data/{dataset}.log",
    benchmark:
        "results/benchmarks/data/{dataset}.tsv"
    wildcard_constraints:
        dataset=any_of(PACKAGED),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        code=code_of("take_packaged.py"),
        dataset=lambda wildcards: project.datasets[wildcards.dataset].to_dict(),
    message:
        "Dataset {wildcards.dataset}"
    script:
        "../scripts/take_packaged.py"


rule take_file:
    input:
        lambda wildcards: unchanged(own_files_of_dataset(wildcards)),
    output:
        "results/data/{dataset}.parquet",
    log:
        "results/logs/data/{dataset}.log",
    benchmark:
        "results/benchmarks/data/{dataset}.tsv"
    wildcard_constraints:
        dataset=any_of(FILES),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        code=code_of("take_file.py"),
        own=lambda wildcards: own_contents(own_files_of_dataset(wildcards)),
        dataset=lambda wildcards: project.datasets[wildcards.dataset].to_dict(),
    message:
        "Dataset {wildcards.dataset}"
    script:
        "../scripts/take_file.py"
