"""Names that a configuration gives, and those that are taken."""

#: Of datasets, studies and factors: they are names of files, folders and columns.
NAME = r"^[a-z][a-z0-9_]{0,39}$"
#: Of the levels of a factor: they are the ends of names of folders.
LEVEL = r"^[a-z0-9_][a-z0-9_.]{0,39}$"
#: What a message says of either.
NAME_IS = "must be lower-case letters, digits and _, a letter first, at most 40"
LEVEL_IS = "must be at most 40 lower-case letters, digits, _ and ., no . first"

#: What the names of the rules start with that draw a figure of a study.
OF_FIGURES = "draw_"
#: Of docs/questions.md: each is a target, and the name of a figure.
QUESTIONS = (
    "width",
    "orders",
    "rates",
    "hybrid",
    "start",
    "room",
    "diffusion",
    "wellposed",
    "second_order",
)
#: Studies are targets: the names of the other rules, and of the other sources in Table 1.
NO_STUDIES = (
    "all",
    "everything",
    "dataset",
    "generate",
    "train",
    "train_block",
    "summarise",
    "gather",
    "table1",
    "figure1",
    "figure2",
    "figure3",
    "collect_numbers",
    "fit_closed_forms",
    "align",
    "measure_cost",
    "measure_cost_short",
    "measure_timing",
    "measure_timing_short",
    "measure_sharpness",
    "measure_contraction",
    "count_units",
    "tabulate_minima",
    "tabulate_alignment",
    "alignment",
    "cost",
    "timing",
    "minima",
    "claims",
    "findings",
    "bands",
    "levels",
    "ecdf",
    "published",
    "timed",
    "further",
    "catalogue",
    "search_from_runs",
    "search_from_starts",
    "search_by_hops",
    "tabulate_catalogue",
    "measure_wellposed",
    *QUESTIONS,
    *(f"answer_{question}" for question in QUESTIONS),
)
#: Factors are columns: those that a log or a summary has besides, and that figures add.
NO_FACTORS = (
    "adjoint_applications",
    "applications",
    "batch_size",
    "diverged",
    "ended",
    "epoch",
    "epoch_of_lowest_loss",
    "exact_best_loss",
    "epochs",
    "fall_at_the_end",
    "final_spectral_norm",
    "final_train_accuracy",
    "final_train_loss",
    "final_val_accuracy",
    "final_val_loss",
    "first_accurate_epoch",
    "first_epoch_at_97_percent",
    "iterations_max",
    "iterations_mean",
    "level",
    "log10_loss_spread",
    "lowest_loss",
    "seconds",
    "seed",
    "spectral_norm",
    "train_accuracy",
    "train_loss",
    "train_seconds",
    "training_seconds",
    "unconverged",
    "unconverged_at_lowest_loss",
    "unconverged_solves",
    "val_accuracy",
    "val_loss",
    "work_to_1e_3",
)
