# The studies whose solvers start from zero, from the last fixed point, and from there once; those
# along which conditions for a fixed point are measured; and those of three orders per start.
STARTS = {
    "zero": project.trajectories,
    "previous": "start_previous",
    "once": "start_once",
}
CONTRACTIVE = [project.trajectories, "wellposed_contractions"]
ORDERED = [project.trajectories, "orders_first", "orders_second"]
NOISY_POINTS = "room_points"
# Of the question large_batch, by what its answer calls them.
LARGE_BATCHES = {
    "points": "large_batch_points",
    "points_constant": "rates_constant",
    "pictures": "large_batch_digits",
    "pictures_constant": "digits_epochs",
    "normalised": "large_batch_normalised",
    "ghosts": "large_batch_ghost",
    "decayed": "large_batch_decayed",
    "growing": "large_batch_growing",
}
# Of the question regularised: on digits with JFB and with the exact gradient, and on the report's.
REGULARISED = ["regularised_digits", "regularised_exact", "regularised_points"]
WELLPOSED_DIGITS = "digits_wellposed"


# A question is a module of `jfb.analysis.questions` with what reads each input, an entry of
# workflow/questions.yaml with its criteria, a row here, and a figure, whose name is its target.
QUESTIONS = {
    "width": {
        "studies": [
            "width_long",
            "width_long_updates",
            "width_short",
            "width_short_updates",
        ],
        "inputs": {
            "long": summary_of("width_long"),
            "long_updates": summary_of("width_long_updates"),
            "short": summary_of("width_short"),
            "short_updates": summary_of("width_short_updates"),
        },
    },
    "orders": {
        "studies": ["orders_epochs", "orders_updates", *ORDERED],
        "inputs": {
            "epochs": summary_of("orders_epochs"),
            "updates": summary_of("orders_updates"),
            "deaths": [f"results/units/{study}.parquet" for study in ORDERED],
        },
    },
    "rates": {
        "studies": ["rates_constant", "rates_rules"],
        "inputs": {
            "constant": summary_of("rates_constant"),
            "rules": summary_of("rates_rules"),
        },
    },
    "hybrid": {
        "studies": ["hybrid_schedules", "hybrid_controls", "hybrid_last"],
        "inputs": {
            "schedules": summary_of("hybrid_schedules"),
            "controls": summary_of("hybrid_controls"),
            "last": summary_of("hybrid_last"),
        },
    },
    "start": {
        "studies": list(STARTS.values()),
        "inputs": {
            "summaries": [summary_of(study) for study in STARTS.values()],
            "iterations": lambda wildcards: sum(map(logs_of, STARTS.values()), []),
            # At the batch sizes that all have.
            "alignments": lambda wildcards: [
                ALIGNMENT.format(study=study, batch_size=size)
                for study in STARTS.values()
                for size in batch_sizes_of(STARTS["once"])
            ],
        },
        "options": lambda wildcards: {"starts": logs_and_alignments(STARTS)},
    },
    "room": {
        "studies": [NOISY_POINTS],
        "inputs": {"points": summary_of(NOISY_POINTS)},
        "options": lambda wildcards: {"variances": variances(NOISY_POINTS)},
    },
    "diffusion": {
        "studies": [project.trajectories],
        "inputs": {
            "distances": lambda wildcards: [
                *logs_of(project.trajectories),
                *beside_logs(project.trajectories, "_snapshots.safetensors"),
            ]
        },
    },
    "wellposed": {
        "studies": CONTRACTIVE,
        "inputs": {
            "networks": [f"results/wellposed/{study}.parquet" for study in CONTRACTIVE],
            "summaries": [summary_of(study) for study in CONTRACTIVE],
        },
    },
    "second_order": {
        # A target of its own, in none of those below.
        "part_of": None,
        "studies": ["second_order_full_batch", "second_order_batches"],
        "inputs": {
            "second": summary_of("second_order_full_batch"),
            "first": summary_of("second_order_batches"),
        },
    },
    "digits": {
        "part_of": "images",
        "studies": ["digits_epochs", "digits_updates", "digits_gradients"],
        "inputs": {
            "epochs": summary_of("digits_epochs"),
            "updates": summary_of("digits_updates"),
            "logs": lambda wildcards: logs_of("digits_epochs"),
            "gradients": summary_of("digits_gradients"),
        },
    },
    "digits_alignment": {
        "part_of": "images",
        "studies": ["digits_along"],
        "inputs": {"networks": lambda wildcards: linearisations_of("digits_along")},
    },
    "jacobian_based": {
        "part_of": "images",
        "studies": ["digits_jacobian"],
        "inputs": {
            "variants": summary_of("digits_jacobian"),
            "logs": lambda wildcards: logs_of("digits_jacobian"),
        },
    },
    "digits_width": {
        "part_of": "images",
        "studies": ["digits_width_epochs", "digits_width_updates"],
        "inputs": {
            "epochs": summary_of("digits_width_epochs"),
            "updates": summary_of("digits_width_updates"),
        },
    },
    "large_batch": {
        "part_of": "cited",
        "studies": [*LARGE_BATCHES.values()],
        "inputs": {name: summary_of(study) for name, study in LARGE_BATCHES.items()},
    },
    "regularised": {
        "part_of": "cited",
        "studies": REGULARISED,
        "inputs": {
            "summaries": [summary_of(study) for study in REGULARISED],
            "searches": [product_of("stability", study) for study in REGULARISED],
        },
    },
    "overparameterised": {
        "part_of": "cited",
        "studies": ["overparameterised_widths"],
        "inputs": {
            "descents": lambda wildcards: logs_of("overparameterised_widths"),
            "grams": product_of("gram", "overparameterised_widths"),
        },
    },
    "picture": {
        "part_of": "cited",
        "studies": ["picture_searches"],
        "inputs": {"epochs": lambda wildcards: logs_of("picture_searches")},
    },
    "impurity": {
        "part_of": "cited",
        "studies": [WELLPOSED_DIGITS],
        "inputs": {"along": product_of("impurity", WELLPOSED_DIGITS)},
    },
    "sensitivity": {
        "part_of": "cited",
        "studies": ["sensitivity_contractions"],
        "inputs": {"networks": product_of("sensitivity", "sensitivity_contractions")},
    },
    "digits_sharpness": {
        "part_of": "cited",
        "studies": [WELLPOSED_DIGITS],
        "inputs": {"reached": product_of("class_sharpness", WELLPOSED_DIGITS)},
    },
}
# Those whose studies the configuration has.
ASKED = [
    name
    for name, question in QUESTIONS.items()
    if set(question["studies"]) <= set(project.studies)
]


for name in QUESTIONS:

    rule:
        name:
            f"answer_{name}"
        input:
            **QUESTIONS[name]["inputs"],
        output:
            f"results/further/{name}.csv-metadata.json",
            csv=report(
                answer_of(name),
                caption="../report/further.rst",
                category="Tables",
                subcategory=group_of_question(name),
                labels=lambda wildcards, name=name: {
                    "table": asked()[name]["question"]
                },
            ),
        log:
            f"results/logs/further/{name}.log",
        benchmark:
            f"results/benchmarks/further/{name}.tsv"
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime=10,
        params:
            code=code_of("answer.py", f"jfb.analysis.questions.{name}"),
            module=f"jfb.analysis.questions.{name}",
            criteria=lambda wildcards, name=name: asked()[name]["criteria"],
            options=QUESTIONS[name].get("options", {}),
        message:
            f"What the studies say of the question {name}"
        script:
            "../scripts/answer.py"


# What the full batch lacks.
rule further:
    input:
        answered("further"),
    localrule: True


# What carries over to a convolutional network.
rule images:
    input:
        answered("images"),
    localrule: True


# What papers that the report cites say, at our scale.
rule cited:
    input:
        answered("cited"),
    localrule: True
