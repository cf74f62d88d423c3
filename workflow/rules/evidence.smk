CLAIMS = os.path.relpath(WORKFLOW / "claims.yaml")
# Times that were measured on other machines: copies of their results/timing.csv.
OTHER_MACHINES = sorted(
    os.path.relpath(path) for path in WORKFLOW.parent.glob("timing/machines/*.csv")
)
# What the claims call the studies that config.yaml gives a part to.
ROLES = {"replay": project.replay, "seeds": project.distribution}

# What is measured of final networks.
FINAL = ("sharpness", "contraction")


def sources(claims):
    """What the tables of the claims are made from, each once, by the name that they give it."""
    pieces = [
        piece
        for claim in claims
        for part in ("published", "general", "beside")
        for piece in claim.get(part, [])
    ]
    tables = [piece["rule"]["table"] for piece in pieces]
    names = sum(([t] if isinstance(t, str) else t for t in tables), [])
    parts = [name.partition(os.sep) for name in names if name != "published"]
    single = {"cost": "cost", "timing": "timing", "data": "data"}
    derived = {"cells": "summaries", "above_lowest": "summaries"}
    return list(
        dict.fromkeys(
            single.get(kind) or f"{derived.get(kind, kind)}/{role}"
            for kind, _, role in parts
        )
    )


def files_of(source):
    """The files of a source; none where config.yaml lacks the study."""
    kind, _, role = source.partition(os.sep)
    study = ROLES.get(role, role)
    if kind == "data":
        return [dataset_of(project.replay)]
    if kind == "cost":
        return ["results/cost.csv"]
    if kind == "timing":
        # Of one machine, the last is taken.
        return [*OTHER_MACHINES, *if_made("results/timing.csv", "timing")]
    if study not in project.studies:
        return []
    if kind == "alignment":
        able = study in requirements.having(kind, project.studies)
        return alignments_of(study) if able else []
    return [f"results/{kind}/{study}.parquet"]


def is_there(source):
    """Whether it always is, as part of the default target, or is made or has been made."""
    kind, _, role = source.partition(os.sep)
    if kind == "data" or (kind == "summaries" and role in ROLES):
        return True
    files = files_of(source)
    if kind == "timing":
        return bool(files)
    target = {"summaries": role, **dict.fromkeys(FINAL, "minima")}.get(kind, kind)
    if kind in FINAL and role not in ROLES:
        target = role
    return bool(files) and all(if_made(file, target) for file in files)


def made(wildcards):
    """The files behind the tables of the claims, by source, as far as they are there."""
    return {source: files_of(source) for source in SOURCES if is_there(source)}


SOURCES = sources(yaml.safe_load(Path(CLAIMS).read_text())["claims"])
