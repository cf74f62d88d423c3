rule figure1:
    input:
        logs=logs_of(project.replay),
    output:
        drawn("figure1", "Report: Figure 1"),
    log:
        "results/logs/figures/figure1.log",
    benchmark:
        "results/benchmarks/figures/figure1.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        code=code_of("figure.py"),
        figure="figure1",
    message:
        "Figure 1: training loss"
    script:
        "../scripts/figure.py"


use rule figure1 as figure2 with:
    output:
        drawn("figure2", "Report: Figure 2"),
    log:
        "results/logs/figures/figure2.log",
    benchmark:
        "results/benchmarks/figures/figure2.tsv"
    params:
        figure="figure2",
    message:
        "Figure 2: training accuracy"


use rule figure1 as figure3 with:
    output:
        drawn("figure3", "Report: Figure 3"),
    log:
        "results/logs/figures/figure3.log",
    benchmark:
        "results/benchmarks/figures/figure3.tsv"
    params:
        figure="figure3",
    message:
        "Figure 3: validation loss and accuracy"


rule draw_bands:
    input:
        logs=lambda wildcards: logs_of(wildcards.study),
    output:
        drawn("bands", "Loss over epochs", "{study}"),
    log:
        "results/logs/figures/bands_{study}.log",
    benchmark:
        "results/benchmarks/figures/bands_{study}.tsv"
    wildcard_constraints:
        study=having("figures/bands"),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=5,
    params:
        code=code_of("bands.py"),
    message:
        "Loss over epochs of {wildcards.study}, median and quartiles"
    script:
        "../scripts/bands.py"


rule draw_levels:
    input:
        summary="results/summaries/{study}.parquet",
    output:
        drawn("levels", "Lowest loss by seed", "{study}"),
    log:
        "results/logs/figures/levels_{study}.log",
    benchmark:
        "results/benchmarks/figures/levels_{study}.tsv"
    wildcard_constraints:
        study=having("figures/levels"),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        code=code_of("lowest_loss.py"),
        figure="levels",
    message:
        "Lowest loss of each run of {wildcards.study}"
    script:
        "../scripts/lowest_loss.py"


rule draw_shares:
    input:
        summary="results/summaries/{study}.parquet",
    output:
        drawn("shares", "Share of seeds that reach 0.001", "{study}"),
    log:
        "results/logs/figures/shares_{study}.log",
    benchmark:
        "results/benchmarks/figures/shares_{study}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        code=code_of("shares.py"),
        factors=lambda wildcards: list(project.studies[wildcards.study].factors),
    message:
        "Share of runs of {wildcards.study} that reach the minimum"
    script:
        "../scripts/shares.py"


rule draw_updates:
    input:
        summaries=lambda wildcards: [
            f"results/summaries/{study}.parquet"
            for study in (project.distribution, wildcards.study)
        ],
    output:
        drawn("updates", "Equal epochs, equal updates", "{study}"),
    log:
        "results/logs/figures/updates_{study}.log",
    benchmark:
        "results/benchmarks/figures/updates_{study}.tsv"
    wildcard_constraints:
        study=having("figures/updates"),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        code=code_of("updates.py"),
        after=lambda wildcards: [
            f"{epochs_of(project.distribution):,} epochs",
            f"{project.studies[wildcards.study].updates:,} updates",
        ],
    message:
        "Shares after the same epochs and the same updates: {wildcards.study}"
    script:
        "../scripts/updates.py"


rule draw_spectral_norm:
    input:
        logs=lambda wildcards: logs_of(wildcards.study),
    output:
        drawn("spectral_norm", "Spectral norm along training", "{study}"),
    log:
        "results/logs/figures/spectral_norm_{study}.log",
    benchmark:
        "results/benchmarks/figures/spectral_norm_{study}.tsv"
    wildcard_constraints:
        study=having("figures/spectral_norm"),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=10,
    params:
        code=code_of("spectral_norm.py"),
        factors=lambda wildcards: list(project.studies[wildcards.study].factors),
    message:
        "Spectral norm along training of {wildcards.study}"
    script:
        "../scripts/spectral_norm.py"


use rule draw_levels as draw_ecdf with:
    output:
        drawn("ecdf", "Distribution of the lowest loss", "{study}"),
    log:
        "results/logs/figures/ecdf_{study}.log",
    benchmark:
        "results/benchmarks/figures/ecdf_{study}.tsv"
    wildcard_constraints:
        study=having("figures/ecdf"),
    params:
        figure="ecdf",
    message:
        "Distribution of the lowest loss of {wildcards.study}"
