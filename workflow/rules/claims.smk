CLAIMS_PAGE = WORKFLOW / "report/claims.md.jinja"


rule claims:
    input:
        claims=versioned(CLAIMS),
        changes=versioned(RULE_CHANGES),
        template=versioned(CLAIMS_PAGE),
        tables=lambda wildcards: sum(taken(wildcards).values(), []),
    output:
        "results/claims.csv-metadata.json",
        "results/evidence.csv-metadata.json",
        "results/sensitivity.csv-metadata.json",
        csv="results/claims.csv",
        evidence=report(
            "results/evidence.csv",
            caption="../report/evidence_table.rst",
            category=FIRST_IN_REPORT,
            labels={"table": "All evidence"},
        ),
        sensitivity=report(
            "results/sensitivity.csv",
            caption="../report/sensitivity_table.rst",
            category=FIRST_IN_REPORT,
            labels={"table": "In general, by other choices"},
        ),
        markdown="results/claims.md",
        html=report(
            "results/claims.html",
            caption="../report/claims.rst",
            category=FIRST_IN_REPORT,
            labels={"table": "Claims: this run"},
        ),
    log:
        "results/logs/claims.log",
    benchmark:
        "results/benchmarks/claims.tsv"
    # What it takes follows from the targets, which a job that is submitted does not know.
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_of("claims.py"),
        contents=contents_of(CLAIMS, RULE_CHANGES, CLAIMS_PAGE, *OTHER_MACHINES),
        taken=taken_of_input,
        sizes=selection.sizes(project, sources.products(claims())),
    message:
        "Verdicts on the claims"
    script:
        "../scripts/claims.py"
