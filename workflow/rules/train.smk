rule train:
    input:
        data=lambda wildcards: dataset_of(wildcards.study),
        library=train_library,
    output:
        log=f"{RUN}/log.parquet",
        # The underscore hides them from readers of the folder as one Parquet table.
        best=f"{RUN}/_best.safetensors",
        final=f"{RUN}/_final.safetensors",
    log:
        "results/logs/runs/{study}/batch_size={batch_size}/seed={seed}.log",
    benchmark:
        "results/benchmarks/runs/{study}/batch_size={batch_size}/seed={seed}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        run=lambda wildcards: run_of(wildcards).to_dict(),
    message:
        "Run of {wildcards.study}: batch size {wildcards.batch_size}, seed {wildcards.seed}"
    script:
        "../scripts/train.py"
