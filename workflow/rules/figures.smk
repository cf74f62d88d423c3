# A figure is a function of `jfb.output.figures`, a row of this table, and a caption in
# workflow/report/<name>.rst. The function tells what reads each input. `NEEDS` in
# `jfb.config.requirements` tells which studies can have a figure that is drawn of one study.
FIGURES = {
    "figure1": {
        "module": "published",
        "title": "Report: Figure 1",
        "message": "Figure 1: training loss",
        "inputs": {"logs": logs_of(project.replay)},
    },
    "figure2": {
        "module": "published",
        "title": "Report: Figure 2",
        "message": "Figure 2: training accuracy",
        "inputs": {"logs": logs_of(project.replay)},
    },
    "figure3": {
        "module": "published",
        "title": "Report: Figure 3",
        "message": "Figure 3: validation loss and accuracy",
        "inputs": {"logs": logs_of(project.replay)},
    },
    "bands": {
        "module": "seeds",
        "title": "Loss over epochs",
        "message": "Loss over epochs of {wildcards.study}, median and quartiles",
        "inputs": {"logs": by_study(logs_of)},
        "mem_mb": 2000,
    },
    "accuracy": {
        "module": "seeds",
        "title": "Accuracy over epochs",
        "message": "Validation accuracy over epochs of {wildcards.study}",
        "inputs": {"logs": by_study(logs_of)},
        "mem_mb": 2000,
    },
    "levels": {
        "module": "seeds",
        "title": "Lowest loss by seed",
        "message": "Lowest loss of each run of {wildcards.study}",
        "inputs": {"summary": "results/summaries/{study}.parquet"},
    },
    "ecdf": {
        "module": "seeds",
        "title": "Distribution of the lowest loss",
        "message": "Distribution of the lowest loss of {wildcards.study}",
        "inputs": {"summary": "results/summaries/{study}.parquet"},
    },
    "shares": {
        "module": "factors",
        "title": "Share of seeds that reach 0.001",
        "message": "Share of runs of {wildcards.study} that reach the minimum",
        "inputs": {"summary": "results/summaries/{study}.parquet"},
        "options": by_study(factors_of),
    },
    "loss_by_level": {
        "module": "factors",
        "title": "Lowest loss by level",
        "message": "Lowest loss of each run of {wildcards.study} by level",
        "inputs": {"summary": "results/summaries/{study}.parquet"},
        "options": by_study(factors_of),
    },
    "spectral_norm": {
        "module": "factors",
        "title": "Spectral norm along training",
        "message": "Spectral norm along training of {wildcards.study}",
        "inputs": {"logs": by_study(logs_of)},
        "options": by_study(factors_of),
        "mem_mb": 4000,
        "runtime": 10,
    },
    "updates": {
        "module": "factors",
        "title": "Equal epochs, equal updates",
        "message": "Shares after the same epochs and the same updates: {wildcards.study}",
        "inputs": {
            "summaries": [
                f"results/summaries/{project.distribution}.parquet",
                "results/summaries/{study}.parquet",
            ]
        },
        "options": by_study(equal_in),
    },
    "alignment": {
        "module": "alignment",
        "title": "JFB beside other gradients",
        "message": "Gradients along training of {wildcards.study}",
        "inputs": {"alignments": by_study(alignments_of)},
    },
    "cost": {
        "module": "cost",
        "title": "Cost of a step",
        "message": "Figure of the cost of a step",
        "inputs": {"costs": "results/cost.csv"},
    },
    "timing": {
        "module": "timing",
        "title": "Where the time goes",
        "message": "Figure of the time of a run",
        "inputs": {"measured": ["results/timing.csv"]},
        "options": {"epochs": epochs_of(project.replay)},
    },
    "kinks": {
        "module": "minima",
        "title": "Loss by final function",
        "message": "Loss by final function: {wildcards.study}",
        "inputs": {
            "summary": "results/summaries/{study}.parquet",
            "units": "results/units/{study}.parquet",
            "closed_forms": by_study(closed_forms_of),
        },
    },
    "fates": {
        "module": "minima",
        "title": "Functions along training",
        "message": "Functions along training: {wildcards.study}",
        "inputs": {"units": "results/units/{study}.parquet"},
    },
    "sharpness": {
        "module": "minima",
        "title": "Sharpness",
        "message": "Sharpness against loss: {wildcards.study}",
        "inputs": {"table": "results/sharpness/{study}.parquet"},
    },
    "width": {
        "module": "question_shares",
        "title": "Further questions: width",
        "message": "Shares by latent dimension",
        "inputs": {"answers": answer_of("width")},
    },
    "orders": {
        "module": "question_differences",
        "title": "Further questions: start or order",
        "message": "Losses by start and by order",
        "inputs": {
            "answers": answer_of("orders"),
            "epochs": summary_of("orders_epochs"),
        },
    },
    "rates": {
        "module": "question_shares",
        "title": "Further questions: learning rates",
        "message": "Shares by learning rate",
        "inputs": {"answers": answer_of("rates")},
    },
    "hybrid": {
        "module": "question_shares",
        "title": "Further questions: schedules of the batch size",
        "message": "Shares by schedule of the batch size",
        "inputs": {"answers": answer_of("hybrid")},
    },
    "start": {
        "module": "question_differences",
        "title": "Further questions: start of the solver",
        "message": "Iterations and losses by the solver's start",
        "inputs": {"answers": answer_of("start")},
    },
    "room": {
        "module": "question_differences",
        "title": "Further questions: points and noise",
        "message": "Losses by points and noise",
        "inputs": {"answers": answer_of("room")},
    },
    "diffusion": {
        "module": "diffusion",
        "title": "Further questions: distance from the start",
        "message": "Distance from the start along training",
        "inputs": {
            "answers": answer_of("diffusion"),
            "distances": QUESTIONS["diffusion"]["inputs"]["distances"],
        },
    },
    "wellposed": {
        "module": "question_differences",
        "title": "Further questions: conditions for a fixed point",
        "message": "Conditions for a fixed point, and their cost",
        "inputs": {"answers": answer_of("wellposed")},
    },
    "catalogue": {
        "module": "catalogue",
        "title": "Minima of the loss",
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
        "title": "Further questions: methods of second order",
        "message": "Shares by work and method",
        "inputs": {
            "answers": answer_of("second_order"),
            "second": summary_of("second_order_full_batch"),
            "first": summary_of("second_order_batches"),
        },
    },
    "digits": {
        "module": "question_images",
        "title": "Images: batch sizes and gradients",
        "message": "Accuracies on images",
        "inputs": {"answers": answer_of("digits")},
    },
    "digits_alignment": {
        "module": "question_images",
        "title": "Images: JFB and the exact gradient",
        "message": "Gradients along training on images",
        "inputs": {
            "answers": answer_of("digits_alignment"),
            "networks": QUESTIONS["digits_alignment"]["inputs"]["networks"],
        },
    },
    "jacobian_based": {
        "module": "question_images",
        "title": "Images: the Jacobian-based baseline",
        "message": "Accuracies by confound of the baseline",
        "inputs": {"answers": answer_of("jacobian_based")},
    },
    "digits_width": {
        "module": "question_images",
        "title": "Images: width",
        "message": "Full batch and batches of 32 by channels",
        "inputs": {"answers": answer_of("digits_width")},
    },
    "large_batch": {
        "module": "question_cited",
        "title": "Cited papers: large batches",
        "message": "Full batch by methods for large batches",
        "inputs": {"answers": answer_of("large_batch")},
    },
    "regularised": {
        "module": "question_systems",
        "title": "Cited papers: small Jacobians",
        "message": "Iterations and accuracy by regulariser",
        "inputs": {"answers": answer_of("regularised")},
    },
    "overparameterised": {
        "module": "question_systems",
        "title": "Cited papers: wide networks",
        "message": "Linear convergence by width",
        "inputs": {"answers": answer_of("overparameterised")},
    },
    "picture": {
        "module": "question_systems",
        "title": "Cited papers: a picture as a function",
        "message": "A picture by how fixed points are searched for",
        "inputs": {"answers": answer_of("picture")},
    },
    "impurity": {
        "module": "question_systems",
        "title": "Cited papers: impurity",
        "message": "Impurity and derivatives of the scores along training",
        "inputs": {"answers": answer_of("impurity")},
    },
    "sensitivity": {
        "module": "question_systems",
        "title": "Cited papers: sensitivity",
        "message": "Radii that are certified and attacked",
        "inputs": {"answers": answer_of("sensitivity")},
    },
    "digits_sharpness": {
        "module": "question_systems",
        "title": "Cited papers: sharpness",
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
            drawn(name, figure["title"], of_study),
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
            figure=name,
            module=f"jfb.output.figures.{figure['module']}",
            options=figure.get("options", {}),
        message:
            figure["message"]
        script:
            "../scripts/draw.py"
