# The datasets that are points of the room, and those that are scikit-learn's digits.
DIGITS = [
    name for name, one in project.datasets.items() if isinstance(one, settings.Digits)
]
POINTS = [name for name in project.datasets if name not in DIGITS]


rule generate:
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
        dataset=lambda wildcards: project.datasets[wildcards.dataset].to_dict(),
    message:
        "Dataset {wildcards.dataset}"
    script:
        "../scripts/generate.py"


rule take_digits:
    output:
        "results/data/{dataset}.parquet",
    log:
        "results/logs/data/{dataset}.log",
    benchmark:
        "results/benchmarks/data/{dataset}.tsv"
    wildcard_constraints:
        dataset=any_of(DIGITS),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        code=code_of("take_digits.py"),
        dataset=lambda wildcards: project.datasets[wildcards.dataset].to_dict(),
    message:
        "Dataset {wildcards.dataset}"
    script:
        "../scripts/take_digits.py"
