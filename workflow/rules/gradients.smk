rule align:
    input:
        data=lambda wildcards: dataset_of(wildcards.study),
        snapshots=f"{RUN}/_snapshots.safetensors",
        library=library("align.py"),
    output:
        ALIGNMENT,
    log:
        "results/logs/alignment/{study}/{levels}batch_size={batch_size}/seed={seed}.log",
    benchmark:
        "results/benchmarks/alignment/{study}/{levels}batch_size={batch_size}/seed={seed}.tsv"
    wildcard_constraints:
        study=having("alignment"),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        run=lambda wildcards: run_of(wildcards).to_dict(),
    message:
        "Gradients along the run of {wildcards.study}: {wildcards.levels}batch size {wildcards.batch_size}, seed {wildcards.seed}"
    script:
        "../scripts/align.py"


rule draw_alignment:
    input:
        alignments=lambda wildcards: alignments_of(wildcards.study),
        library=library("draw_alignment.py"),
    output:
        drawn("alignment", "JFB beside the exact gradient", "{study}"),
    log:
        "results/logs/figures/alignment_{study}.log",
    benchmark:
        "results/benchmarks/figures/alignment_{study}.tsv"
    wildcard_constraints:
        study=having("figures/alignment"),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    message:
        "JFB and exact gradient along training of {wildcards.study}"
    script:
        "../scripts/draw_alignment.py"


rule measure_cost:
    input:
        data=dataset_of(project.alignment),
        library=library("measure_cost.py"),
    output:
        csv=report(
            "results/cost.csv",
            caption="../report/cost_table.rst",
            category="Tables",
            labels={"table": "Cost of a step"},
        ),
        metadata="results/cost.csv-metadata.json",
    log:
        "results/logs/cost.log",
    benchmark:
        "results/benchmarks/cost.tsv"
    conda:
        "../../environment.yml"
    # All cores, so that nothing else runs beside what is timed.
    threads: workflow.cores
    resources:
        mem_mb=8000,
        runtime=60,
    params:
        cost=project.cost.to_dict(),
    message:
        "Cost of a step by gradient"
    script:
        "../scripts/measure_cost.py"


rule draw_cost:
    input:
        cost="results/cost.csv",
        library=library("draw_cost.py"),
    output:
        drawn("cost", "Cost of a step"),
    log:
        "results/logs/figures/cost.log",
    benchmark:
        "results/benchmarks/figures/cost.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    message:
        "Figure of the cost of a step"
    script:
        "../scripts/draw_cost.py"
