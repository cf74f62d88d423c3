# The studies whose runs the explorer shows: they have the points and the threshold of the replay.
EXPLORED = [
    name
    for name in dict.fromkeys((project.replay, project.trajectories, "gradients"))
    if name in having("pieces").split("|")
    and explored_of(name) == explored_of(project.replay)
]
PAGE_PARTS = sorted(
    path
    for path in WORKFLOW.glob("explorer/**/*")
    if path.suffix in (".html", ".css", ".js")
)


# One page to look at runs with, without a network or a server.
rule explore:
    input:
        data=dataset_of(project.replay),
        closed_forms=closed_forms_of(project.replay),
        logs=[log for study in EXPLORED for log in logs_of(study)],
        pieces=[product_of("pieces", study) for study in EXPLORED],
        parts=map(versioned, PAGE_PARTS),
    output:
        "results/explorer.html",
    log:
        "results/logs/explorer.log",
    benchmark:
        "results/benchmarks/explorer.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_of("explore.py"),
        contents=contents_of(*PAGE_PARTS),
        counts={study: len(logs_of(study)) for study in EXPLORED},
        threshold=explored_of(project.replay)[1],
        replay=project.replay,
    message:
        "A page to look at runs with: results/explorer.html"
    script:
        "../scripts/explore.py"
