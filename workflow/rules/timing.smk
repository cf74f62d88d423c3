# The runs of the replay, one per batch size, from the parameters along which epochs are timed.
rule measure_timing:
    input:
        data=dataset_of(project.replay),
        snapshots=beside_logs(project.replay, "_snapshots.safetensors"),
    output:
        csv=report(
            "results/timing.csv",
            caption="../report/timing_table.rst",
            category="Tables",
            labels={"table": "Seconds per epoch"},
        ),
        metadata="results/timing.csv-metadata.json",
    log:
        "results/logs/timing.log",
    benchmark:
        "results/benchmarks/timing.tsv"
    conda:
        "../../environment.yml"
    # All cores, so that nothing else runs beside what is timed.
    threads: workflow.cores
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        code=code_of(
            "measure_timing.py",
            *(Engine.all()[engine].module for engine in project.timing.engines),
            *{f"jfb.streams.{run['stream']}" for run in runs_of(project.replay)},
        ),
        timing=project.timing.to_dict(),
        runs=runs_of(project.replay),
    message:
        "Seconds per epoch by engine and batch size"
    script:
        "../scripts/measure_timing.py"
