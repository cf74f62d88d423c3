# What is measured of every run of a study from its snapshots.
for name, what in names.MEASURED.items():

    rule:
        name:
            f"measure_{name}"
        input:
            data=lambda wildcards: dataset_of(wildcards.study),
            own=lambda wildcards: unchanged(
                own_files.of_runs(*project.studies[wildcards.study].runs.values())
            ),
            snapshots=lambda wildcards: beside_logs(
                wildcards.study, "_snapshots.safetensors"
            ),
        output:
            f"results/{name}/{{study}}.parquet",
        log:
            f"results/logs/{name}/{{study}}.log",
        benchmark:
            f"results/benchmarks/{name}/{{study}}.tsv"
        wildcard_constraints:
            study=having(name),
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            mem_mb=3000,
            runtime=60,
        params:
            code=code_of("measure.py", f"jfb.measure.{name}"),
            own=lambda wildcards: own_contents(
                own_files.of_runs(*project.studies[wildcards.study].runs.values())
            ),
            module=f"jfb.measure.{name}",
            runs=lambda wildcards: runs_of(wildcards.study),
        message:
            f"{what} of {{wildcards.study}}"
        script:
            "../scripts/measure.py"
