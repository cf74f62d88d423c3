CLAIMS = WORKFLOW / "claims.yaml"
RULE_CHANGES = WORKFLOW / "rule_changes.yaml"
# The studies that config.yaml gives a part to, by what claims and pages call them.
ROLES = selection.roles(project)
# The files of a product, by its kind, for the name of the study that it is of.
FILES_OF_EVIDENCE = {
    "data": lambda _: [dataset_of(project.replay)],
    "summaries": lambda study: [f"results/summaries/{study}.parquet"],
    "alignment": alignments_of,
    "sharpness": lambda study: [f"results/sharpness/{study}.parquet"],
    "sharpness_by_entry": lambda study: [
        f"results/sharpness/{study}.parquet",
        f"results/catalogue/runs_{study}.csv",
    ],
    "catalogue": lambda _: ["results/catalogue.csv", "results/catalogue_runs.csv"],
    "contraction": lambda study: [f"results/contraction/{study}.parquet"],
    "timing": lambda _: ["results/timing.csv"],
    "timing_short": lambda _: ["results/timing_short.csv"],
    "cost": lambda _: ["results/cost.csv"],
    "cost_short": lambda _: ["results/cost_short.csv"],
}


@functools.cache
def claims():
    """The document of claims, read once their job is planned."""
    return declared.read(CLAIMS)


def targets():
    """The targets of this command by the names that they have here: a module's may be renamed."""
    given = workflow.dag_settings.targets
    kinds = {kind.target for kind in sources.KINDS.values() if kind.target}
    names = {*selection.WHOLE, *project.studies, *kinds}
    return {*given, *(name for name in names if renamed(name) in given)}


def taken_of(product):
    """The files of a product that are made for this command; none if it does not take them."""
    if not selection.is_taken(product, project, targets()):
        return []
    return FILES_OF_EVIDENCE[product.kind](selection.study_of(product, project))


def taken(wildcards):
    """The files that the claims rest on, by the name of the product."""
    found = {str(product): taken_of(product) for product in sources.products(claims())}
    found = {product: paths for product, paths in found.items() if paths}
    # Of one machine, the last is taken.
    for product in {"timing", "timing_short"} & found.keys():
        found[product] = [*map(versioned, OTHER_MACHINES), *found[product]]
    return found


def taken_of_input(wildcards, input):
    """The same by the paths that Snakemake gives them: a module's have its prefix."""
    paths = map(str, input.tables)
    return {
        product: list(itertools.islice(paths, len(files)))
        for product, files in taken(wildcards).items()
    }
