rule table1:
    input:
        replay=f"results/summaries/{project.replay}.parquet",
        distribution=f"results/summaries/{project.distribution}.parquet",
        timing=lambda wildcards: taken_of(sources.Source("timing")),
    output:
        "results/table1.csv-metadata.json",
        csv="results/table1.csv",
        markdown="results/table1.md",
        latex="results/table1.tex",
        html=report(
            "results/table1.html",
            caption="../report/table1.rst",
            category=FIRST_IN_REPORT,
            labels={"table": "Table 1"},
        ),
    log:
        "results/logs/table1.log",
    benchmark:
        "results/benchmarks/table1.tsv"
    # What it takes follows from the targets, which a job that is submitted does not know.
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        code=code_of("table1.py"),
        replay=project.replay,
        distribution=project.distribution,
        epochs=epochs_of(project.replay),
        engine=next(iter(project.studies[project.replay].runs.values())).engine,
    message:
        "Table 1"
    script:
        "../scripts/table1.py"
