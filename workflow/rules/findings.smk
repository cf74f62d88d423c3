# The studies that pages speak of, by what they call them.
SPOKEN_OF = {s: s for s in project.studies} | ROLES

FIGURES_SHOWN = {
    "levels": f"levels_{'landscape' if 'landscape' in project.studies else project.distribution}",
    "kinks": f"kinks_{project.trajectories}",
    "updates": "updates_updates",
    "timing": "timing",
    "alignment": f"alignment_{ALIGNED}",
    "sharp_minima": "sharp_minima",
    **{name: name for name in ASKED},
    "catalogue": "catalogue",
}


OTHER_PATHS = [os.path.relpath(path) for path in OTHER_MACHINES]
# The tables that pages take numbers from: what kind of table each is, a key of KINDS in
# jfb/output/page_tables.py, and the files that it is made from. Studies go by the names that
# config.yaml gives them as it comes.
NUMBERS = {
    "claims": ("csv", ["results/claims.csv"]),
    "evidence": ("csv", ["results/evidence.csv"]),
    "table1": ("table1", ["results/table1.csv"]),
    **{
        f"shares_{study}": ("shares", [f"results/summaries/{study}.parquet"])
        for study in (
            "landscape",
            "updates",
            "gradients",
            "gradients_reference",
        )
        if study in project.studies
    },
    "sensitivity": ("csv", ["results/sensitivity.csv"]),
    "reached_landscape": ("reached", ["results/summaries/landscape.parquet"]),
    **{
        f"ends_{called}": ("ends", [f"results/contraction/{study}.parquet"])
        for called, study in (
            ("replay", project.replay),
            ("seeds", project.distribution),
            ("landscape", "landscape"),
        )
        if study in project.studies
    },
    **{
        name: source
        for study, name, source in (
            (
                "odd_limit",
                "missed",
                (
                    "missed",
                    [
                        f"results/contraction/{project.trajectories}.parquet",
                        "results/contraction/odd_limit.parquet",
                    ],
                ),
            ),
            (
                "updates",
                "discordant",
                ("discordant", ["results/summaries/updates.parquet"]),
            ),
            (
                "landscape",
                "unconverged",
                ("unconverged", ["results/summaries/landscape.parquet"]),
            ),
        )
        if study in project.studies
    },
    "closed_forms": ("csv", [closed_forms_of(project.trajectories)]),
    "minima": ("csv", [f"results/minima_{project.trajectories}.csv"]),
    "minima_of_replay": ("csv", [f"results/minima_{project.replay}.csv"]),
    "work_of_replay": ("work", [f"results/summaries/{project.replay}.parquet"]),
    "fates": ("csv", [f"results/fates_{project.trajectories}.csv"]),
    "alignment": ("alignment", alignments_of(ALIGNED)),
    # Of this machine last.
    "times": ("times", [*OTHER_PATHS, "results/timing.csv"]),
    "cost": ("cost", ["results/cost.csv"]),
    "catalogue": ("csv", ["results/catalogue.csv"]),
    "catalogue_shares": ("csv", ["results/catalogue_shares.csv"]),
    "searched": ("searched", ["results/catalogue_runs.csv"]),
    "left": ("left", ["results/catalogue_runs.csv"]),
    **{f"answer_{name}": ("answers", [answer_of(name)]) for name in ASKED},
}


TEMPLATES = [WORKFLOW / f"report/{name}.md.jinja" for name in ("README", *names.PAGES)]
# What README includes.
ANSWERS = WORKFLOW / "report/answers.md.jinja"
RECORDS = sorted(WORKFLOW.parent.glob("benchmarks/records/*.json"))


rule collect_numbers:
    input:
        tables=[
            versioned(file) if file in OTHER_PATHS else file
            for _, files in NUMBERS.values()
            for file in files
        ],
        figures=[f"results/figures/{name}.png" for name in FIGURES_SHOWN.values()],
    output:
        numbers=update("docs/numbers.json"),
        figures=update([f"docs/figures/{name}.png" for name in FIGURES_SHOWN]),
    log:
        "results/logs/collect_numbers.log",
    benchmark:
        "results/benchmarks/collect_numbers.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=5,
    params:
        code=code_of("collect_numbers.py"),
        contents=contents_of(*OTHER_MACHINES),
        tables=NUMBERS,
        studies=SPOKEN_OF,
    message:
        "Numbers of README and the pages of docs"
    script:
        "../scripts/collect_numbers.py"


# `update`: these are versioned, and stay as they are where the job fails.
rule findings:
    input:
        numbers="docs/numbers.json",
        templates=map(versioned, TEMPLATES),
        answers=versioned(ANSWERS),
        records=map(versioned, RECORDS),
        questions=versioned(CRITERIA),
        claims=versioned(CLAIMS),
        changes=versioned(RULE_CHANGES),
    output:
        update("README.md"),
        update([f"docs/{name}.md" for name in names.PAGES]),
    log:
        "results/logs/findings.log",
    benchmark:
        "results/benchmarks/findings.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        code=code_of("findings.py"),
        contents=contents_of(
            *TEMPLATES, ANSWERS, *RECORDS, CRITERIA, CLAIMS, RULE_CHANGES
        ),
    message:
        "README and the pages of docs"
    script:
        "../scripts/findings.py"
