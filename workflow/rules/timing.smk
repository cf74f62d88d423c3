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
            *(ENGINE_MODULES[engine] for engine in project.timing.engines),
            *{f"jfb.streams.{run['stream']}" for run in runs_of(project.replay)},
        ),
        timing=project.timing.to_dict(),
        runs=runs_of(project.replay),
    message:
        "Seconds per epoch by engine and batch size"
    script:
        "../scripts/measure_timing.py"


rule draw_timing:
    input:
        timing="results/timing.csv",
    output:
        drawn("timing", "Where the time goes"),
    log:
        "results/logs/figures/timing.log",
    benchmark:
        "results/benchmarks/figures/timing.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        code=code_of("draw_timing.py"),
        epochs=epochs_of(project.replay),
    message:
        "Figure of the time of a run"
    script:
        "../scripts/draw_timing.py"
