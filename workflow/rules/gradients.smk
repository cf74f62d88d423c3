rule align:
    input:
        data=lambda wildcards: dataset_of(wildcards.study),
        snapshots=lambda wildcards: [
            f"{RUN}/_snapshots.safetensors".format(
                study=wildcards.study, **place_of(run)
            )
            for run in runs_at(wildcards)
        ],
    output:
        ALIGNMENT,
    log:
        "results/logs/alignment/{study}/batch_size={batch_size}.log",
    benchmark:
        "results/benchmarks/alignment/{study}/batch_size={batch_size}.tsv"
    wildcard_constraints:
        study=having("alignment"),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=20,
        in_turn=1,
    params:
        code=code_of("align.py"),
        runs=lambda wildcards: [run.to_dict() for run in runs_at(wildcards)],
        tolerances=list(project.alignment_tolerances),
    message:
        "Gradients along the runs of {wildcards.study}: batch size {wildcards.batch_size}"
    script:
        "../scripts/align.py"


# Of any network: gradients side by side, the Jacobian of T and the Hessian of the loss.
rule linearise:
    input:
        data=lambda wildcards: dataset_of(wildcards.study),
        own=lambda wildcards: unchanged(own_files.of_runs(runs_at(wildcards)[0])),
        snapshots=lambda wildcards: [
            f"{RUN}/_snapshots.safetensors".format(
                study=wildcards.study, **place_of(run)
            )
            for run in runs_at(wildcards)
        ],
    output:
        LINEARISATION,
    log:
        "results/logs/linearisation/{study}/batch_size={batch_size}.log",
    benchmark:
        "results/benchmarks/linearisation/{study}/batch_size={batch_size}.tsv"
    wildcard_constraints:
        study=having("linearisation"),
    # It takes longer than any training; see there.
    priority: 2
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
        in_turn=1,
    params:
        code=code_of("linearise.py"),
        own=lambda wildcards: own_contents(own_files.of_runs(runs_at(wildcards)[0])),
        runs=lambda wildcards: [run.to_dict() for run in runs_at(wildcards)],
    message:
        "What is linear along the runs of {wildcards.study}: batch size {wildcards.batch_size}"
    script:
        "../scripts/linearise.py"


rule tabulate_alignment:
    input:
        alignments=lambda wildcards: alignments_of(wildcards.study),
    output:
        "results/alignment_{study}.csv-metadata.json",
        csv=report(
            "results/alignment_{study}.csv",
            caption="../report/alignment_table.rst",
            category="Tables",
            subcategory="Study {study}",
            labels={"table": "Gradients and their references: {study}"},
        ),
    log:
        "results/logs/alignment_{study}.log",
    benchmark:
        "results/benchmarks/alignment_{study}.tsv"
    wildcard_constraints:
        study=having("alignment"),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        code=code_of("tabulate_alignment.py"),
    message:
        "Gradients and their references: {wildcards.study}"
    script:
        "../scripts/tabulate_alignment.py"


for name, cost, extent in (
    ("cost", project.cost, ""),
    ("cost_short", project.cost_short, ", short"),
):

    rule:
        name:
            f"measure_{name}"
        input:
            data=dataset_of(project.alignment),
        output:
            csv=report(
                f"results/{name}.csv",
                caption="../report/cost_table.rst",
                category="Tables",
                subcategory=OF_TIMES,
                labels={"table": f"Cost of a step{extent}"},
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
            mem_mb=8000,
            runtime=60,
        params:
            code=code_of("measure_cost.py"),
            cost=cost.to_dict(),
        message:
            f"Cost of a step by gradient{extent}"
        script:
            "../scripts/measure_cost.py"
