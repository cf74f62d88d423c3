rule figure1:
    input:
        logs=logs_of(project.figures),
        library=library("figure.py"),
    output:
        multiext("results/figures/figure1", ".svg", ".pdf", ".png"),
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
        figure="figure1",
    message:
        "Figure 1: training loss"
    script:
        "../scripts/figure.py"


use rule figure1 as figure2 with:
    output:
        multiext("results/figures/figure2", ".svg", ".pdf", ".png"),
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
        multiext("results/figures/figure3", ".svg", ".pdf", ".png"),
    log:
        "results/logs/figures/figure3.log",
    benchmark:
        "results/benchmarks/figures/figure3.tsv"
    params:
        figure="figure3",
    message:
        "Figure 3: validation loss and accuracy"
