# A figure is a function of `jfb.output.figures`, a row of this table, and a caption in
# workflow/report/<name>.rst. It answers one question, which stands above it. The function tells what reads each input. `NEEDS` in
# `jfb.config.requirements` tells which studies can have a figure that is drawn of one study.
FIGURES = {
    "figure1": {
        "module": "published",
        "question": "How does the training loss of the published runs fall?",
        "message": "Figure 1: training loss",
        "inputs": {"logs": logs_of(project.replay)},
        "options": full_of(project.replay),
    },
    "figure2": {
        "module": "published",
        "question": "When are the report's runs accurate on training points?",
        "message": "Figure 2: training accuracy",
        "inputs": {"logs": logs_of(project.replay)},
        "options": full_of(project.replay),
    },
    "figure3": {
        "module": "published",
        "question": "Do validation loss and accuracy follow those of training?",
        "message": "Figure 3: validation loss and accuracy",
        "inputs": {"logs": logs_of(project.replay)},
        "options": full_of(project.replay),
    },
    "bands": {
        "module": "seeds",
        "question": "How does the training loss fall at each batch size?",
        "message": "Loss over epochs of {wildcards.study}",
        "inputs": {"logs": by_study(logs_of)},
        "options": by_study(full_of),
        "mem_mb": 2000,
    },
    "accuracy": {
        "module": "seeds",
        "question": "How does the validation accuracy rise at each batch size?",
        "message": "Validation accuracy over epochs of {wildcards.study}",
        "inputs": {"logs": by_study(logs_of)},
        "options": by_study(full_of),
        "mem_mb": 2000,
    },
    "levels": {
        "module": "seeds",
        "question": "Which losses do runs reach at each batch size?",
        "message": "Lowest loss of each run of {wildcards.study}",
        "inputs": {"summary": "results/summaries/{study}.parquet"},
        "options": by_study(full_of),
    },
    "ecdf": {
        "module": "seeds",
        "question": "How many runs get to which loss?",
        "message": "Distribution of the lowest loss of {wildcards.study}",
        "inputs": {"summary": "results/summaries/{study}.parquet"},
        "options": by_study(full_of),
    },
    "shares": {
        "module": "factors",
        "question": "How many runs reach a loss of 0.001, by level of the factor?",
        "message": "Share of runs of {wildcards.study} that reach the minimum",
        "inputs": {"summary": "results/summaries/{study}.parquet"},
        "options": by_study(factors_of),
    },
    "loss_by_level": {
        "module": "factors",
        "question": "Which losses do runs reach, by level of the factor?",
        "message": "Lowest loss of each run of {wildcards.study} by level",
        "inputs": {"summary": "results/summaries/{study}.parquet"},
        "options": by_study(factors_of),
    },
    "spectral_norm": {
        "module": "factors",
        "question": "Does the latent map stay a contraction in the spectral norm?",
        "message": "Spectral norm along training of {wildcards.study}",
        "inputs": {"logs": by_study(logs_of)},
        "options": by_study(factors_of),
        "mem_mb": 4000,
        "runtime": 10,
    },
    "updates": {
        "module": "factors",
        "question": "Does the full batch catch up after equal updates?",
        "message": "Shares after the same epochs and the same updates: {wildcards.study}",
        "inputs": {"summaries": by_study(compared_in)},
        "options": by_study(equal_in),
    },
    "alignment": {
        "module": "alignment",
        "question": "Does JFB point downhill?",
        "message": "Gradients along training of {wildcards.study}",
        "inputs": {"alignments": by_study(alignments_of)},
        "options": by_study(full_of),
    },
    "cost": {
        "module": "cost",
        "question": "Is JFB cheaper than other gradients?",
        "message": "Figure of the cost of a step",
        "inputs": {"costs": "results/cost.csv"},
    },
    "timing": {
        "module": "timing",
        "question": "How many times as long does an epoch of small batches take?",
        "message": "Figure of the time of an epoch",
        # Of one machine, the last is taken.
        "inputs": {"measured": [*map(versioned, OTHER_MACHINES), "results/timing.csv"]},
        "versioned": OTHER_MACHINES,
    },
    "kinks": {
        "module": "minima",
        "question": "Why do losses come in levels?",
        "message": "Loss by final function: {wildcards.study}",
        "inputs": {
            "summary": "results/summaries/{study}.parquet",
            "units": "results/units/{study}.parquet",
            "closed_forms": by_study(closed_forms_of),
        },
    },
    "fates": {
        "module": "minima",
        "question": "How does the form of networks change with updates?",
        "message": "Functions along training: {wildcards.study}",
        "inputs": {"units": "results/units/{study}.parquet"},
    },
    "sharpness": {
        "module": "sharpness",
        "question": "Does the full batch settle in sharper minima?",
        "message": "Sharpness against loss: {wildcards.study}",
        "inputs": {"table": "results/sharpness/{study}.parquet"},
    },
    "sharp_minima": {
        "module": "sharpness",
        "question": "Does the full batch end in sharper minima?",
        "message": "Sharpness of the full batch over small batches",
        "inputs": {"evidence": "results/evidence.csv"},
    },
    "width": {
        "module": "question_width",
        "question": "Does a wider network close the gap of the full batch?",
        "message": "Losses by latent dimension",
        "inputs": {"answers": answer_of("width")},
    },
    "orders": {
        "module": "question_differences",
        "question": "Does the start or the order of samples decide the loss?",
        "message": "Losses by start and by order",
        "inputs": {
            "answers": answer_of("orders"),
            "epochs": summary_of("orders_epochs"),
        },
    },
    "rates": {
        "module": "question_shares",
        "question": "Does a larger learning rate close the gap of the full batch?",
        "message": "Shares by learning rate",
        "inputs": {"answers": answer_of("rates")},
    },
    "hybrid": {
        "module": "question_shares",
        "question": "Do small batches at the start help beyond their updates?",
        "message": "Shares by schedule of the batch size",
        "inputs": {"answers": answer_of("hybrid")},
    },
    "start": {
        "module": "question_differences",
        "question": "Does it pay to start the search at the last fixed point?",
        "message": "Iterations and losses by the solver's start",
        "inputs": {"answers": answer_of("start")},
    },
    "room": {
        "module": "question_differences",
        "question": "Do other points or noise change which batch size is better?",
        "message": "Losses by points and noise",
        "inputs": {"answers": answer_of("room")},
    },
    "diffusion": {
        "module": "diffusion",
        "question": "Does the distance from the start grow as a logarithm?",
        "message": "Distance from the start along training",
        "inputs": {
            "answers": answer_of("diffusion"),
            "distances": QUESTIONS["diffusion"]["inputs"]["distances"],
        },
    },
    "wellposed": {
        "module": "question_differences",
        "question": "What does a guaranteed fixed point cost, and is it needed?",
        "message": "Conditions for a fixed point, and their cost",
        "inputs": {"answers": answer_of("wellposed")},
    },
    "catalogue": {
        "module": "catalogue",
        "question": "Which minima of the loss do searches end at?",
        "message": "Figure of the minima",
        "inputs": {
            "entries": "results/catalogue.csv",
            "shares": "results/catalogue_shares.csv",
            "fits": "results/catalogue_fits.csv",
            "data": dataset_of(CATALOGUED[0]),
        },
    },
    "second_order": {
        "module": "question_work",
        "question": "Do methods of second order get the full batch to 0.001?",
        "message": "Shares by work and method",
        "inputs": {"answers": answer_of("second_order")},
    },
    "digits": {
        "module": "question_images",
        "question": "On digits, is the full batch as accurate as small batches?",
        "message": "Accuracies on images",
        "inputs": {"answers": answer_of("digits")},
        "options": lengths_of("digits_epochs", "digits_updates"),
    },
    "digits_alignment": {
        "module": "question_images",
        "question": "On digits, does JFB keep the direction of the exact gradient?",
        "message": "Gradients along training on images",
        "inputs": {
            "answers": answer_of("digits_alignment"),
            "networks": QUESTIONS["digits_alignment"]["inputs"]["networks"],
        },
    },
    "jacobian_based": {
        "module": "question_images",
        "question": "What makes the baseline after Wu Fung et al. fail here?",
        "message": "Accuracies by confound of the baseline",
        "inputs": {"answers": answer_of("jacobian_based")},
    },
    "digits_width": {
        "module": "question_images",
        "question": "On digits, do wider networks close the gap of the full batch?",
        "message": "Full batch and batches of 32 by channels",
        "inputs": {"answers": answer_of("digits_width")},
        "options": lengths_of("digits_width_epochs", "digits_width_updates"),
    },
    "large_batch": {
        "module": "question_cited",
        "question": "Do methods for large batches match batches of 32?",
        "message": "Full batch by methods for large batches",
        "inputs": {"answers": answer_of("large_batch")},
    },
    "regularised": {
        "module": "question_systems",
        "question": "Does a penalty on the Jacobian make fixed points cheaper?",
        "message": "Iterations and accuracy by regulariser",
        "inputs": {"answers": answer_of("regularised")},
    },
    "overparameterised": {
        "module": "question_systems",
        "question": "Do wide networks converge at least as fast as our bound?",
        "message": "Linear convergence by width",
        "inputs": {"answers": answer_of("overparameterised")},
    },
    "picture": {
        "module": "question_systems",
        "question": "On a picture, does a start at the last fixed point pay?",
        "message": "A picture by how fixed points are searched for",
        "inputs": {"answers": answer_of("picture")},
    },
    "impurity": {
        "module": "question_equal_loss",
        "question": "On digits, has the full batch a larger Jacobian at equal loss?",
        "message": "Impurity and derivatives of the scores along training",
        "inputs": {"answers": answer_of("impurity")},
    },
    "sensitivity": {
        "module": "question_systems",
        "question": "On digits, how tight is a certified radius?",
        "message": "Radii that are certified and attacked",
        "inputs": {"answers": answer_of("sensitivity")},
    },
    "digits_sharpness": {
        "module": "question_equal_loss",
        "question": "On digits, is the full batch sharper at equal loss?",
        "message": "Sharpness at equal loss",
        "inputs": {"answers": answer_of("digits_sharpness")},
    },
}

try:
    # Snakemake tells of its targets only after it has read the rules; no option looks like one.
    # A module's targets are named in the workflow that takes it.
    named = [] if IS_MODULE else sys.argv[1:]
    requirements.check_targets(named, project.studies, FIGURES)
except ConfigError as error:
    sys.exit(f"Error in the target: {error}")


# A figure that is of no study is a target by its name.
for name, figure in FIGURES.items():
    stem, of_study = (
        (f"{name}_{{study}}", "{study}") if is_of_study(name) else (name, None)
    )

    rule:
        name:
            f"draw_{name}" if of_study else name
        input:
            **figure["inputs"],
        output:
            drawn(name, figure["question"], of_study),
        log:
            f"results/logs/figures/{stem}.log",
        benchmark:
            f"results/benchmarks/figures/{stem}.tsv"
        wildcard_constraints:
            study=having(f"figures/{name}"),
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            mem_mb=figure.get("mem_mb", 1000),
            runtime=figure.get("runtime", 5),
            in_turn=1,
        params:
            code=code_of("draw.py", f"jfb.output.figures.{figure['module']}"),
            contents=contents_of(*figure.get("versioned", [])),
            function=f"jfb.output.figures.{figure['module']}:{name}",
            question=figure["question"],
            options=figure.get("options", {}),
        message:
            figure["message"]
        script:
            "../scripts/draw.py"
