FIGURES_SHOWN = {
    "levels": f"levels_{project.distribution}",
    "kinks": f"kinks_{project.distribution}",
    "updates": "updates_updates",
    "timing": "timing",
    "alignment": f"alignment_{project.alignment}",
}


# What the page is about: studies by the names that config.yaml gives them as it comes.
rule findings:
    input:
        template=os.path.relpath(WORKFLOW / "report/findings.md.jinja"),
        claims="results/claims.csv",
        evidence="results/evidence.csv",
        table1="results/table1.csv",
        seeds=f"results/summaries/{project.distribution}.parquet",
        landscape="results/summaries/landscape.parquet",
        updates="results/summaries/updates.parquet",
        gradients="results/summaries/gradients.parquet",
        minima=f"results/minima_{project.distribution}.csv",
        minima_of_replay=f"results/minima_{project.replay}.csv",
        fates=f"results/fates_{project.distribution}.csv",
        timing="results/timing.csv",
        figures=[f"results/figures/{name}.png" for name in FIGURES_SHOWN.values()],
        library=library("findings.py"),
    output:
        page="docs/findings.md",
        figures=[f"docs/figures/{name}.png" for name in FIGURES_SHOWN],
    log:
        "results/logs/findings.log",
    benchmark:
        "results/benchmarks/findings.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=5,
    params:
        replay=project.replay,
        epochs=epochs_of(project.distribution),
        updates=lambda wildcards: project.studies["updates"].updates,
    message:
        "Findings"
    script:
        "../scripts/findings.py"
