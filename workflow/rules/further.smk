# A question is a module of `jfb.analysis.questions` with what reads each input, an entry of
# workflow/questions.yaml with its criteria, and a row here. Its figure is a target by its name.
QUESTION_CRITERIA = WORKFLOW / "questions.yaml"


def summary_of(study):
    return f"results/summaries/{study}.parquet"


STARTS = {
    "zero": project.trajectories,
    "previous": "start_previous",
    "once": "start_once",
}
CONTRACTIVE = [project.trajectories, "wellposed_projected", "wellposed_parametrized"]
ORDERED = [project.trajectories, "orders_first", "orders_second"]
STUDIES_OF_QUESTIONS = {
    "width": ["width_epochs", "width_updates", "width_updates_wide"],
    "orders": ["orders_epochs", "orders_updates", *ORDERED],
    "rates": ["rates_constant", "rates_rules"],
    "hybrid": ["hybrid_schedules", "hybrid_controls", "hybrid_last"],
    "start": list(STARTS.values()),
    "room": ["room_points"],
    "diffusion": [project.trajectories],
    "wellposed": CONTRACTIVE,
}
QUESTIONS = {
    "width": {
        "epochs": summary_of("width_epochs"),
        "updates": summary_of("width_updates"),
        "updates_wide": summary_of("width_updates_wide"),
    },
    "orders": {
        "epochs": summary_of("orders_epochs"),
        "updates": summary_of("orders_updates"),
        "deaths": [f"results/units/{study}.parquet" for study in ORDERED],
    },
    "rates": {
        "constant": summary_of("rates_constant"),
        "rules": summary_of("rates_rules"),
    },
    "hybrid": {
        "schedules": summary_of("hybrid_schedules"),
        "controls": summary_of("hybrid_controls"),
        "last": summary_of("hybrid_last"),
    },
    "start": {
        "summaries": [summary_of(study) for study in STARTS.values()],
        "iterations": lambda wildcards: sum(map(logs_of, STARTS.values()), []),
        # At the batch sizes that all have.
        "alignments": lambda wildcards: [
            ALIGNMENT.format(study=study, batch_size=size)
            for study in STARTS.values()
            for size in batch_sizes_of(STARTS["once"])
        ],
    },
    "room": {"points": summary_of("room_points")},
    "diffusion": {
        "distances": lambda wildcards: [
            *logs_of(project.trajectories),
            *beside_logs(project.trajectories, "_snapshots.safetensors"),
        ]
    },
    "wellposed": {
        "networks": [f"results/wellposed/{study}.parquet" for study in CONTRACTIVE],
        "summaries": [summary_of(study) for study in CONTRACTIVE],
    },
}
OPTIONS = {"start": {"starts": STARTS}}
# Those whose studies the configuration has.
ASKED = [
    name
    for name in QUESTIONS
    if set(STUDIES_OF_QUESTIONS[name]) <= set(project.studies)
]


@functools.cache
def criteria():
    """The criteria of each question, read once a job is planned."""
    read = yaml.safe_load(QUESTION_CRITERIA.read_text(encoding="utf-8"))
    return {name: question["criteria"] for name, question in read.items()}


def answer_of(question):
    return f"results/further/{question}.csv"


FIGURES_OF_QUESTIONS = {
    name: {
        "module": module,
        "title": f"Further questions: {name}",
        "message": f"Figure of the question {name}",
        "inputs": {"answers": answer_of(name)} | inputs,
        "mem_mb": 2000,
    }
    for name, module, inputs in (
        ("width", "question_shares", {}),
        ("orders", "question_differences", {"epochs": QUESTIONS["orders"]["epochs"]}),
        ("rates", "question_shares", {}),
        ("hybrid", "question_shares", {}),
        ("start", "question_differences", {}),
        ("room", "question_differences", {}),
        ("diffusion", "diffusion", QUESTIONS["diffusion"]),
        ("wellposed", "question_differences", {}),
    )
    if name in ASKED
}


for question in ASKED:

    rule:
        name:
            f"answer_{question}"
        input:
            **QUESTIONS[question],
            criteria=versioned(QUESTION_CRITERIA),
        output:
            f"results/further/{question}.csv-metadata.json",
            csv=report(
                answer_of(question),
                caption="../report/further.rst",
                category="Tables",
                labels={"table": f"Further questions: {question}"},
            ),
        log:
            f"results/logs/further/{question}.log",
        benchmark:
            f"results/benchmarks/further/{question}.tsv"
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime=10,
        params:
            code=code_of("answer.py", f"jfb.analysis.questions.{question}"),
            contents=contents_of(QUESTION_CRITERIA),
            module=f"jfb.analysis.questions.{question}",
            criteria=lambda wildcards, question=question: criteria()[question],
            options=OPTIONS.get(question, {}),
        message:
            f"What the studies say of the question {question}"
        script:
            "../scripts/answer.py"


# All that the report leaves open and these studies ask.
rule further:
    input:
        [[answer_of(name), figure_of(name)] for name in ASKED],
    localrule: True
