rule train:
    input:
        data=lambda wildcards: dataset_of(wildcards.study),
        own=lambda wildcards: unchanged(own_files.of_runs(run_of(wildcards))),
    output:
        log=f"{RUN}/log.parquet",
        # The underscore hides them from readers of the folder as one Parquet table.
        best=f"{RUN}/_best.safetensors",
        final=f"{RUN}/_final.safetensors",
        snapshots=f"{RUN}/_snapshots.safetensors",
    log:
        "results/logs/runs/{study}/{levels}batch_size={batch_size}/seed={seed}.log",
    benchmark:
        "results/benchmarks/runs/{study}/{levels}batch_size={batch_size}/seed={seed}.tsv"
    wildcard_constraints:
        study=any_of(LOGGED),
    # The longest jobs of a study first: where they come last, one core waits for them.
    priority: 1
    conda:
        "../../environment.yml"
    threads: lambda wildcards: run_of(wildcards).threads
    resources:
        mem_mb=lambda wildcards: Engine.all()[run_of(wildcards).engine].memory,
        runtime=lambda wildcards: minutes_of(run_of(wildcards)),
        in_turn=1,
        gpu=lambda wildcards: int(run_of(wildcards).device == "cuda"),
    params:
        code=lambda wildcards: engine_code("train.py", run_of(wildcards)),
        run=lambda wildcards: run_of(wildcards).to_dict(),
    message:
        "Run of {wildcards.study}: {wildcards.levels}batch size {wildcards.batch_size}, seed {wildcards.seed}"
    script:
        "../scripts/train.py"


rule train_block:
    input:
        data=dataset_of_block,
        own=lambda wildcards: unchanged(own_files.of_runs(*block_of(wildcards).runs)),
    output:
        BLOCK,
    log:
        "results/logs/blocks/{study}/{levels}seeds_{first}_{last}.log",
    benchmark:
        "results/benchmarks/blocks/{study}/{levels}seeds_{first}_{last}.tsv"
    wildcard_constraints:
        study=any_of(BLOCKED),
    priority: 1
    conda:
        "../../environment.yml"
    threads: lambda wildcards: max(run.threads for run in block_of(wildcards).runs)
    resources:
        mem_mb=lambda wildcards: Engine.all()[block_of(wildcards).runs[0].engine].memory,
        runtime=60,
        gpu=lambda wildcards: int(
            any(run.device == "cuda" for run in block_of(wildcards).runs)
        ),
    params:
        code=lambda wildcards: engine_code("train_block.py", *block_of(wildcards).runs),
        block=lambda wildcards: block_of(wildcards).to_dict(),
    message:
        "Block of {wildcards.study}: {wildcards.levels}seeds {wildcards.first} to {wildcards.last}"
    script:
        "../scripts/train_block.py"
