# The runs of the replay, one per batch size, from the parameters along which epochs are timed.
for name, timing, extent in (
    ("timing", project.timing, ""),
    ("timing_short", project.timing_short, ", short"),
):

    rule:
        name:
            f"measure_{name}"
        input:
            data=dataset_of(project.replay),
            snapshots=beside_logs(project.replay, "_snapshots.safetensors"),
        output:
            csv=report(
                f"results/{name}.csv",
                caption="../report/timing_table.rst",
                category="Tables",
                subcategory=OF_TIMES,
                labels={"table": f"Seconds per epoch{extent}"},
            ),
            metadata=f"results/{name}.csv-metadata.json",
        log:
            f"results/logs/{name}.log",
        benchmark:
            f"results/benchmarks/{name}.tsv"
        conda:
            "../../environment.yml"
        # All cores, so that nothing else runs beside what is timed.
        threads: all_cores
        resources:
            mem_mb=2000,
            runtime=60,
        params:
            code=code_of(
                "measure_timing.py",
                *(Engine.all()[engine].module for engine in timing.engines),
                *{f"jfb.streams.{run['stream']}" for run in runs_of(project.replay)},
            ),
            timing=timing.to_dict(),
            runs=runs_of(project.replay),
        message:
            f"Seconds per epoch by engine and batch size{extent}"
        script:
            "../scripts/measure_timing.py"
