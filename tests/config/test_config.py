"""Every mistake in the configuration ends in one line that names key, value and what is allowed."""

import copy
import dataclasses
import json

import pandas as pd
import pytest

from conftest import SMALL, Workspace
from jfb.config import (
    checks,
    choices,
    gradient_choices,
    names,
    requirements,
    settings,
    step_choices,
)
from jfb.config.errors import ConfigError
from jfb.config.network_choices import MLP as MLP_CELL
from jfb.config.project import load
from jfb.model import adjoints
from jfb.records import runlog, summary

DELETE = object()
REPORT = {
    "geometry": "diagonal",
    "formula": "code",
    "length": 20.0,
    "width": 13.0,
    "height": 8.0,
    "points": 3000,
    "noise_std": 0.0,
    "noise_seed": 42,
    "training_share": 0.8,
    "split_seed": 7,
}
#: A study of the engine that does as the report's program does.
DIGITS = {"source": "digits", "training_share": 0.8, "split_seed": 1}
CAMERA = {"source": "camera", "side": 64, "training_share": 0.75, "split_seed": 1}
FPN = {"name": "fpn", "channels": 4, "blocks": 1, "gamma": 0.5}
PICTURES = {
    "engine": "autograd",
    "dataset": "digits",
    "loss": "cross_entropy",
    "network": FPN,
    "batch_sizes": [32],
    "seeds": [0],
}
MLP = {"name": "mlp", "depth": 2}
DEEP = {"engine": "autograd", "network": MLP, "batch_sizes": [32], "seeds": [0]}
SLOW = {"batch_sizes": [600], "seeds": [0], "engine": "dataloader"}
#: Options of the schedules that have an end.
SCHEDULES = {
    "step": {"step_size": 9, "gamma": 0.5},
    "cosine": {},
    "linear": {"end_factor": 0.1},
    "polynomial": {"power": 2},
}


def changed(config, path, value):
    config = copy.deepcopy(config)
    *parents, last = path.split(".")
    place = config
    for parent in parents:
        place = place[parent]
    if value is DELETE:
        del place[last]
    else:
        place[last] = value
    return config


MISTAKES = [
    ("", float("nan"), ["'': nan", "finite"]),
    ("", "red", ["'': 'red'", "unknown key"]),
    ("colour", "red", ["colour", "'red'", "unknown key", "datasets"]),
    ("studies.replay.epoch", 3, ["studies.replay.epoch", "3", "unknown key", "epochs"]),
    ("defaults.solver.damping", 0.5, ["defaults.solver.damping", "0.5", "unknown", "tolerance"]),
    ("defaults.epochs", "many", ["defaults.epochs", "'many'", "an integer"]),
    ("defaults.epochs", 2.5, ["defaults.epochs", "2.5", "an integer"]),
    ("defaults.epochs", 3000.0, ["defaults.epochs", "3000.0", "an integer"]),
    ("studies.replay.seeds", [42.0], ["studies.replay.seeds", "42.0", "an integer"]),
    ("studies.replay.batch_sizes", [32.0], ["studies.replay.batch_sizes", "32.0", "an integer"]),
    ("datasets.report.length", 1e300, ["report.length", "1e+300", "at most 1000000"]),
    ("studies.published", {"batch_sizes": [1], "seeds": [1]}, ["'published'", "not be one of"]),
    ("studies.abc\n", {"batch_sizes": [1], "seeds": [1]}, ["lower-case"]),
    ("defaults.epochs", True, ["defaults.epochs", "True", "an integer"]),
    ("defaults.epochs", 0, ["defaults.epochs", "0", "at least 1"]),
    ("defaults.solver.tolerance", "1e-3", ["solver.tolerance", "'1e-3'", "1.0e-3"]),
    ("defaults.solver.tolerance", -0.001, ["solver.tolerance", "-0.001", "greater than 0"]),
    ("defaults.solver.tolerance", float("nan"), ["solver.tolerance", "nan", "finite"]),
    ("defaults.solver.tolerance", float("inf"), ["solver.tolerance", "inf", "finite"]),
    ("defaults.solver.name", "newton", ["defaults.solver.name", "'newton'", "picard"]),
    ("defaults.gradient.name", "exact", ["defaults.gradient.name", "'exact'", "jfb"]),
    ("defaults.optimiser.name", "lion", ["defaults.optimiser.name", "'lion'", "adam, sgd"]),
    (
        "studies.printed.optimiser",
        {"name": "sgd", "learning_rate": 0.1, "nesterov": True},
        ["studies.printed.optimiser.nesterov", "True", "a momentum above 0"],
    ),
    (
        "studies.printed.optimiser",
        {"name": "sgd", "learning_rate": 0.1, "beta1": 0.9},
        ["printed.optimiser.beta1", "0.9", "unknown key", "learning_rate, ", "momentum, nesterov"],
    ),
    ("studies.printed.optimiser", {"name": "sgd"}, ["optimiser.learning_rate", "missing"]),
    (
        "studies.printed.solver",
        {"name": "anderson", "tolerance": 1e-3, "max_iterations": 9, "memory": 2, "depth": 3},
        ["printed.solver.depth", "3", "allowed here: ", "memory"],
    ),
    ("defaults.optimiser.beta1", 1.0, ["optimiser.beta1", "1.0", "less than 1"]),
    ("defaults.engine", "warp", ["defaults.engine", "'warp'", "reference"]),
    ("defaults.stream", "mine", ["defaults.stream", "'mine'", "report, per_seed"]),
    ("defaults.engine", DELETE, ["defaults.engine", "missing"]),
    ("datasets.report.formula", "spoken", ["report.formula", "'spoken'", "code, printed"]),
    ("datasets.report.geometry", "sphere", ["report.geometry", "'sphere'", "diagonal"]),
    ("datasets.report.points", 1, ["datasets.report.points", "1", "at least 2"]),
    ("datasets.report.noise_std", -1, ["report.noise_std", "-1", "at least 0"]),
    ("datasets.report.training_share", 1, ["report.training_share", "1", "less than 1"]),
    ("datasets.report.training_share", 1e-9, ["report.training_share", "1e-09", "each part"]),
    ("datasets", {}, ["datasets", "{}", "empty"]),
    ("studies", {}, ["studies", "{}", "empty"]),
    ("studies", None, ["studies", "None", "mapping"]),
    ("studies.replay.dataset", "moon", ["studies.replay.dataset", "'moon'", "report, printed"]),
    ("studies.replay.batch_sizes", [32, 0], ["studies.replay.batch_sizes", "0", "at least 1"]),
    ("studies.replay.batch_sizes", [2401], ["replay.batch_sizes", "2401", "at most 2400"]),
    ("studies.replay.batch_sizes", [32, 32], ["replay.batch_sizes", "[32, 32]", "twice"]),
    ("studies.replay.batch_sizes", [], ["replay.batch_sizes", "[]", "empty"]),
    ("studies.replay.batch_sizes", 32, ["replay.batch_sizes", "32", "a list"]),
    ("studies.replay.seeds", [42, 42], ["studies.replay.seeds", "[42, 42]", "twice"]),
    ("studies.replay.seeds", [-1], ["studies.replay.seeds", "-1", "at least 0"]),
    ("studies.replay.seeds", DELETE, ["studies.replay.seeds", "missing"]),
    ("studies.replay.seeds", [1, 2], ["replay", "'replay'", "one seed, not 2"]),
    (
        "studies.seeds.seeds",
        {"first": 3, "last": 2},
        ["seeds.last", "2", "at least first, 3"],
    ),
    ("studies.seeds.seeds", {"first": 0, "last": 4e9}, ["seeds.seeds.last", "integer"]),
    ("studies.seeds.seeds", {"first": 0, "last": 4000000000}, ["at most 100000 seeds"]),
    ("studies.seeds.seeds", {"first": 0}, ["studies.seeds.seeds.last", "missing"]),
    ("studies.seeds.seeds", {"first": -1, "last": 3}, ["seeds.seeds.first", "-1", "at least 0"]),
    ("studies.seeds.seeds", {"first": 0, "last": 3, "step": 2}, ["seeds.seeds.step", "unknown"]),
    ("studies.seeds.seeds", "0-19", ["studies.seeds.seeds", "'0-19'", "first and last"]),
    ("studies.landscape.block_size", 0, ["landscape.block_size", "0", "at least 1"]),
    ("studies.landscape.block_size", 2.5, ["landscape.block_size", "2.5", "an integer"]),
    ("studies.odd_limit.split_seeds", [1], ["limit.split_seeds", "[1]", "needs block_size"]),
    ("studies.seeds.split_seeds", [1], ["distribution", "'seeds'", "of one split"]),
    ("studies.splits.split_seeds", [1, 1], ["splits.split_seeds", "twice"]),
    ("studies.splits.split_seeds", {"first": 2, "last": 1}, ["split_seeds.last", "1", "first, 2"]),
    (
        "studies.splits.factors",
        {"split_seed": {"a": {"epochs": 1}}},
        ["studies.splits.factors", "'split_seed'", "split_seeds varies"],
    ),
    ("datasets.report_split_7", REPORT, ["datasets", "'report_split_7'", "studies.splits"]),
    ("timing.engines", {"fast": {}}, ["timing.engines", "fast", "reference, fused, dataloader"]),
    ("timing.engines.fused.seconds", 0, ["engines.fused.seconds", "0", "greater than 0"]),
    (
        "timing.engines.fused.collectors",
        ["off"],
        ["fused.collectors", "'off'", "running, disabled"],
    ),
    ("timing.engines.fused.collectors", [], ["fused.collectors", "[]", "empty"]),
    ("timing.stages", [], ["timing.stages", "[]", "empty"]),
    ("catalogue", DELETE, ["catalogue", "missing"]),
    ("catalogue.studies", [], ["catalogue.studies", "[]", "empty"]),
    ("catalogue.studies", ["moon"], ["catalogue.studies", "'moon'", "one of: replay, seeds"]),
    ("catalogue.studies", ["gradients"], ["catalogue.studies", "'gradients'", "without factors"]),
    (
        "catalogue.studies",
        ["seeds", "printed"],
        ["catalogue.studies", "'printed'", "the dataset and the network of seeds"],
    ),
    ("catalogue.widths", [0.0], ["catalogue.widths", "0.0", "greater than 0"]),
    ("catalogue.widths", [1.0, 1.0], ["catalogue.widths", "twice"]),
    ("catalogue.starts", 0, ["catalogue.starts", "0", "at least 1"]),
    ("timing_short", DELETE, ["timing_short", "missing"]),
    ("timing_short.stages", [], ["timing_short.stages", "[]", "empty"]),
    ("timing_short.rounds", 2, ["timing_short.rounds", "2", "unknown key", "repeats"]),
    (
        "timing_short.engines",
        {"fast": {}},
        ["timing_short.engines", "fast", "reference, fused, dataloader"],
    ),
    ("studies.replay.engine", "slow", ["replay.engine", "'slow'", "reference, fused, dataloader"]),
    ("studies.updates.updates", 0, ["studies.updates.updates", "0", "at least 1"]),
    ("studies.updates.epochs", 5, ["studies.updates.updates", "225000", "beside epochs"]),
    ("studies.updates.stream", "report", ["updates.updates", "225000", "per_seed"]),
    ("defaults.updates", 5, ["defaults.updates", "5", "unknown key"]),
    ("distribution", "updates", ["distribution", "'updates'", "without updates"]),
    ("trajectories", "landscape", ["trajectories", "'landscape'", "without block_size"]),
    ("trajectories", "gradients", ["trajectories", "'gradients'", "without factors"]),
    ("trajectories", "moon", ["trajectories", "'moon'", "replay, seeds, trajectories"]),
    ("studies.seeds.updates", 50, ["distribution", "'seeds'", "without updates"]),
    ("defaults.block_size", 5, ["defaults.block_size", "5", "unknown key"]),
    ("studies.seeds.latent_dim", 257, ["studies.seeds.latent_dim", "257", "fused", "reference"]),
    (
        "studies.trajectories.block_size",
        5,
        ["trajectories", "'trajectories'", "without block_size"],
    ),
    ("distribution", "replay", ["distribution", "'replay'", "another study than replay"]),
    ("replay", "landscape", ["replay", "'landscape'", "without block_size"]),
    ("default_studies", [], ["default_studies", "[]", "empty"]),
    (
        "default_studies",
        ["moon"],
        ["default_studies", "'moon'", "replay, seeds, trajectories, landscape"],
    ),
    ("replay", "moon", ["replay", "'moon'", "replay, seeds, trajectories, landscape"]),
    ("distribution", "moon", ["distribution", "'moon'", "replay, seeds, trajectories, landscape"]),
    ("studies.table1", {"batch_sizes": [1], "seeds": [1]}, ["'table1'", "not be one of", "all"]),
    ("studies.gradients.seeds", [0, 0], ["gradients.seeds", "twice"]),
    ("defaults.gradient", {"name": "neumann"}, ["defaults.gradient.order", "missing"]),
    ("defaults.gradient", {"name": "jfb", "order": 2}, ["gradient.order", "2", "unknown", "name"]),
    ("defaults.gradient", {"name": "phantom", "steps": 5, "damping": 1.5}, ["damping", "most 1"]),
    ("defaults.gradient", {"name": "phantom", "steps": 0, "damping": 1}, ["steps", "at least 1"]),
    ("defaults.gradient", {"order": 2}, ["defaults.gradient.name", "missing"]),
    ("studies.printed.solver", {"name": "explicit"}, ["printed.solver.applications", "missing"]),
    (
        "studies.printed.solver",
        {"name": "anderson", "tolerance": 1e-3, "max_iterations": 9},
        ["studies.printed.solver.memory", "missing"],
    ),
    ("defaults.contraction", {"name": "projection"}, ["contraction.bound", "missing"]),
    (
        "defaults.contraction",
        {"name": "projection", "bound": 1.0},
        ["defaults.contraction.bound", "1.0", "less than 1"],
    ),
    ("defaults.contraction", {"name": "none", "bound": 0.9}, ["contraction.bound", "unknown"]),
    ("defaults.network", {"name": "mlp"}, ["defaults.network.depth", "missing"]),
    ("studies.seeds.network", MLP, ["seeds.network.name", "'mlp'", "fused", "by: autograd"]),
    (
        "studies.deep",
        DEEP | {"network": MLP | {"normalisation": "group"}},
        ["studies.deep.network.normalisation", "'group'", "none, layer, batch"],
    ),
    (
        "studies.pictures",
        PICTURES | {"network": FPN | {"injection_normalisation": "group"}},
        ["studies.pictures.network.injection_normalisation", "'group'", "none, layer, batch"],
    ),
    ("datasets.digits", {"source": "digits"}, ["digits", "lacks", "training_share", "split_seed"]),
    (
        "datasets.digits",
        DIGITS | {"source": "mnist"},
        ["digits.source", "'mnist'", "digits, camera"],
    ),
    (
        "datasets.camera",
        CAMERA | {"side": 100},
        ["camera.side", "100", "one of: 8, 16, 32, 64, 128, 256"],
    ),
    ("datasets.camera", CAMERA | {"points": 9}, ["camera.points", "9", "unknown", "side"]),
    (
        "datasets.digits",
        DIGITS | {"points": 9},
        ["datasets.digits.points", "9", "unknown", "here: source, training_share, split_seed"],
    ),
    ("datasets.digits", DIGITS | {"training_share": 0.999}, ["training_share", "at least 10 of"]),
    ("datasets.digits", DIGITS | {"training_share": 1.0}, ["training_share", "less than 1"]),
    (
        "studies.deep",
        DEEP | {"loss": "cross_entropy"},
        ["studies.deep.loss", "'cross_entropy'", "classes", "not report"],
    ),
    ("studies.deep", DEEP | {"loss": "hinge"}, ["deep.loss", "'hinge'", "mse, cross_entropy"]),
    (
        "studies.deep",
        DEEP | {"network": FPN},
        ["studies.deep.network.name", "'fpn'", "dataset of pictures, not report"],
    ),
    (
        "studies.deep",
        DEEP | {"network": FPN | {"gamma": 1.0}},
        ["studies.deep.network.gamma", "1.0", "less than 1"],
    ),
    (
        "studies.seeds.loss",
        "cross_entropy",
        ["studies.seeds.loss", "'cross_entropy'", "fused", "by: autograd"],
    ),
    (
        "studies.deep",
        DEEP | {"stream": "report"},
        ["studies.deep.stream", "'report'", "the report's network only", "per_seed"],
    ),
    (
        "studies.deep",
        DEEP | {"network": MLP | {"normalisation": "batch"}, "batch_sizes": [2399]},
        ["studies.deep.network.normalisation", "at least two samples in each batch"],
    ),
    (
        "studies.deep",
        DEEP | {"network": MLP | {"normalisation": "batch", "ghost": 1}},
        ["studies.deep.network.normalisation", "at least two samples in each batch"],
    ),
    (
        "studies.deep",
        DEEP | {"network": MLP | {"normalisation": "batch", "ghost": 17}},
        ["studies.deep.network.ghost", "17", "at most half a batch size of the study, here 16"],
    ),
    (
        "studies.pictures",
        PICTURES
        | {
            "network": FPN
            | {"pool": 8, "normalisation": "layer", "injection_normalisation": "batch"},
            "batch_sizes": [1],
        },
        ["studies.pictures.network.injection_normalisation", "'batch'", "at least two samples"],
    ),
    (
        "studies.deep",
        DEEP | {"network": MLP | {"normalisation": "layer", "ghost": 32}},
        ["studies.deep.network.ghost", "32", "needs the normalisation batch"],
    ),
    (
        "studies.seeds.optimiser",
        {"name": "lars", "learning_rate": 0.1},
        ["studies.seeds.optimiser.name", "'lars'", "fused", "by: reference, autograd"],
    ),
    (
        "studies.deep",
        DEEP | {"optimiser": {"name": "lamb", "learning_rate": 0.1, "decoupled": True}},
        ["studies.deep.optimiser.decoupled", "unknown"],
    ),
    (
        "studies.seeds.regulariser",
        {"name": "jacobian", "weight": 1.0},
        ["studies.seeds.regulariser.name", "'jacobian'", "fused", "by: autograd"],
    ),
    (
        "studies.deep",
        DEEP | {"regulariser": {"name": "jacobian", "weight": 0.0}},
        ["studies.deep.regulariser.weight", "0.0", "greater than 0"],
    ),
    (
        "studies.deep",
        DEEP
        | {
            "regulariser": {"name": "jacobian", "weight": 1.0},
            "solver": {"name": "explicit", "applications": 5},
            "gradient": {"name": "unrolled"},
        },
        ["studies.deep.regulariser.name", "'jacobian'", "needs a fixed point"],
    ),
    (
        "studies.deep",
        DEEP | {"regulariser": {"name": "injection_dropout", "share": 1.0}},
        ["studies.deep.regulariser.share", "1.0", "less than 1"],
    ),
    ("studies.seeds.initial_scale", 0.0, ["seeds.initial_scale", "0.0", "greater than 0"]),
    ("studies.replay.initial_scale", 0.5, ["replay.initial_scale", "0.5", "stream per_seed"]),
    (
        "cost.gradients",
        {"cg": {"name": "cg_normal"}},
        ["cost.gradients.cg.name", "'cg_normal'", "reference", "by: autograd"],
    ),
    (
        "cost_short.gradients",
        {"exact": {"name": "implicit", "adjoint": "gmres"}},
        ["cost_short.gradients.exact.adjoint", "'gmres'", "by: autograd"],
    ),
    (
        "studies.deep",
        DEEP | {"gradient": {"name": "implicit", "adjoint": "direct"}},
        ["studies.deep.gradient.adjoint", "'direct'", "autograd", "by: reference"],
    ),
    (
        "studies.few",
        {"batch_sizes": [32], "seeds": [0], "gradient": {"name": "implicit", "adjoint": "gmres"}},
        ["gradient.adjoint", "'gmres'", "reference", "by: autograd"],
    ),
    (
        "studies.deep",
        DEEP | {"contraction": {"name": "projection", "bound": 0.9}},
        ["studies.deep.contraction.name", "'projection'", "needs the network report, not mlp"],
    ),
    ("defaults.activation", "gelu", ["defaults.activation", "'gelu'", "relu, tanh"]),
    ("defaults.snapshots", 0, ["defaults.snapshots", "0", "at least 1"]),
    ("studies.seeds.activation", "tanh", ["seeds.activation", "'tanh'", "fused", "reference"]),
    (
        "studies.seeds.gradient",
        {"name": "unrolled"},
        ["studies.seeds.gradient.name", "'unrolled'", "fused", "by: reference"],
    ),
    (
        "studies.slow",
        SLOW | {"contraction": {"name": "parametrization", "bound": 0.9}},
        ["studies.slow.contraction.name", "dataloader", "by: reference, fused"],
    ),
    (
        "studies.gradients_reference.factors.gradient.unrolled",
        {
            "solver": {"name": "anderson", "tolerance": 1e-3, "max_iterations": 9, "memory": 2},
            "gradient": {"name": "unrolled"},
        },
        ["factors.gradient.unrolled.gradient.name", "'unrolled'", "explicit, picard", "anderson"],
    ),
    (
        "studies.gradients_reference.factors.gradient.explicit_10.gradient",
        {"name": "jfb"},
        ["gradient.explicit_10.solver.name", "'explicit'", "needs the gradient unrolled", "jfb"],
    ),
    (
        "studies.gradients.latent_dim",
        33,
        ["gradients.factors.gradient.implicit.latent_dim", "33", "at most 32 for implicit"],
    ),
    ("studies.contraction.latent_dim", 40, ["0.95.latent_dim", "40", "for projection"]),
    ("studies.contraction.factors", {}, ["contraction.factors", "{}", "empty"]),
    (
        "studies.contraction.factors.contraction",
        {False: {"epochs": 3}},
        ["studies.contraction.factors.contraction", "False", "put it in quotes"],
    ),
    (
        "studies.contraction.factors.contraction",
        {0.95: {"epochs": 3}},
        ["studies.contraction.factors.contraction", "0.95", "put it in quotes"],
    ),
    (
        "studies.contraction.factors.contraction",
        {"a/b": {"epochs": 3}},
        ["studies.contraction.factors.contraction", "'a/b'", "no . first"],
    ),
    (
        "studies.contraction.factors",
        {"seed": {"a": {"epochs": 3}}},
        ["studies.contraction.factors", "'seed'", "not be one of", "batch_size"],
    ),
    (
        "studies.contraction.factors.contraction.off",
        {"seeds": [3]},
        ["contraction.off.seeds", "unknown key", "gradient"],
    ),
    ("distribution", "gradients", ["distribution", "'gradients'", "without factors"]),
    ("alignment", "seeds", ["alignment", "'seeds'", "must be a mapping"]),
    ("alignment.study", "landscape", ["alignment.study", "'landscape'", "without block_size"]),
    ("alignment.study", "moon", ["alignment.study", "'moon'", "must be one of"]),
    ("alignment.tolerances", [], ["alignment.tolerances", "must not be empty"]),
    ("alignment.tolerances", [1e-3, 0.001], ["alignment.tolerances", "anything twice"]),
    ("alignment.tolerances", ["1e-5"], ["alignment.tolerances", "'1e-5'", "must be a number"]),
    ("alignment.tolerances", [1e-5, 0], ["alignment.tolerances", "0 must be at least 1e-12"]),
    ("alignment.tolerances", [0.01, 1e-3], ["alignment.tolerances", "one below 0.001"]),
    ("cost.repeats", 0, ["cost.repeats", "0", "at least 1"]),
    ("cost.gradients.jfb", {"name": "exact"}, ["cost.gradients.jfb.name", "'exact'", "implicit"]),
    ("cost.batch_size", DELETE, ["cost.batch_size", "missing"]),
    ("cost_short.repeats", 0, ["cost_short.repeats", "0", "at least 1"]),
    ("cost_short.batch_size", 2401, ["cost_short.batch_size", "2401", "at most 2400"]),
    (
        "cost_short",
        {"latent_dims": [3], "gradients": {"exact": {"name": "implicit", "tolerance": 1e-9}}},
        ["cost_short.gradients.exact.tolerance", "1e-09", "up to latent_dim 32", "directly"],
    ),
    ("cost.batch_size", 2401, ["cost.batch_size", "2401", "at most 2400", "alignment"]),
    (
        "cost",
        SMALL["cost"] | {"gradients": {"exact": {"name": "implicit", "tolerance": 1e-9}}},
        ["cost.gradients.exact.tolerance", "1e-09", "up to latent_dim 32", "directly"],
    ),
    (
        "defaults.gradient",
        {"name": "implicit", "tolerance": 1e-9},
        ["studies.replay.gradient.tolerance", "1e-09", "up to latent_dim 32", "directly"],
    ),
    (
        "studies.gradients.factors.gradient.implicit",
        {"gradient": {"name": "implicit", "tolerance": 1e-9}, "latent_dim": 32},
        ["factors.gradient.implicit.gradient.tolerance", "1e-09", "up to latent_dim 32"],
    ),
    (
        "studies.contraction.factors",
        {
            "length": {"short": {"epochs": 3}, "long": {"epochs": 5}},
            "map": {"free": {"activation": "relu"}, "bound": {"latent_dim": 4, "epochs": 9}},
        },
        ["contraction.factors.map.bound.epochs", "9", "one factor only", "length sets it too"],
    ),
    (
        "studies.updates.factors",
        {"length": {"usual": {"latent_dim": 3}, "short": {"epochs": 3}}},
        ["studies.updates.factors.length.short.epochs", "3", "beside updates"],
    ),
    (
        "studies.updates.factors",
        {"stream": {"own": {"stream": "per_seed"}, "one": {"stream": "report"}}},
        ["studies.updates.factors.stream.one.stream", "'report'", "per_seed", "beside updates"],
    ),
    (
        "studies.trajectories.gradient",
        {"name": "implicit"},
        ["alignment.study", "'trajectories'", "jfb, not implicit"],
    ),
    (
        "studies.seeds",
        {
            "batch_sizes": [32],
            "seeds": [0],
            "solver": {"name": "explicit", "applications": 3},
            "gradient": {"name": "unrolled"},
        },
        ["distribution", "'seeds'", "with a fixed point, not with the solver explicit"],
    ),
    (
        "studies.trajectories",
        {"batch_sizes": [32], "seeds": [0], "activation": "tanh"},
        ["trajectories", "'trajectories'", "with the activation relu, not tanh"],
    ),
    (
        "studies.replay",
        {"batch_sizes": [32], "seeds": [0], "activation": "tanh"},
        ["replay", "'replay'", "with the activation relu, not tanh"],
    ),
    (
        "studies.contraction.factors.contraction",
        {"off": {"epochs": 3}, "on": {"epochs": 4}, "usual": {"epochs": 3}},
        ["contraction.usual", "'epochs': 3", "something else than off"],
    ),
    (
        "studies.contraction.factors.contraction",
        {"usual": {"epochs": 3000}, "small": {"latent_dim": 3}},
        ["contraction.small", "'latent_dim': 3", "something else than usual"],
    ),
    ("studies.contraction.factors.contraction.off", {}, ["contraction.off", "{}", "empty"]),
    (
        "cost.gradients",
        {"1": {"name": "jfb"}, "1.0": {"name": "implicit"}},
        ["cost.gradients", "'1.0'", "same value as '1'"],
    ),
    (
        "studies.trajectories.snapshots",
        29,
        ["alignment.study", "'trajectories'", "at least 30 snapshots, not 29"],
    ),
    ("studies.printed.optimiser", {"decoupled": True}, ["decoupled", "True", "weight_decay above"]),
    (
        "studies.printed.optimiser",
        {"name": "sgd", "learning_rate": 0.1, "momentum": 0.9, "decoupled": True},
        ["studies.printed.optimiser.decoupled", "True", "a weight_decay above 0"],
    ),
    (
        "studies.printed.optimiser",
        {"weight_decay": -0.1},
        ["printed.optimiser.weight_decay", "-0.1", "at least 0"],
    ),
    (
        "studies.printed.optimiser",
        {"weight_decay": 0.1, "decoupled": 1},
        ["studies.printed.optimiser.decoupled: 1 "],
    ),
    (
        "studies.printed.learning_rate_rule",
        {"name": "sqrt"},
        ["learning_rate_rule.anchor", "missing"],
    ),
    (
        "studies.printed.learning_rate_rule",
        {"name": "linear"},
        ["learning_rate_rule.anchor", "missing"],
    ),
    ("defaults.learning_rate_rule", {"name": "sqrt"}, ["defaults.learning_rate_rule.anchor"]),
    (
        "studies.printed.learning_rate_rule",
        {"name": "sqrt", "anchor": 0},
        ["learning_rate_rule.anchor", "0", "at least 1"],
    ),
    (
        "studies.printed.learning_rate_rule",
        {"name": "sqrt", "anchor": 32.0},
        ["learning_rate_rule.anchor", "32.0", "an integer"],
    ),
    (
        "studies.printed.learning_rate_rule",
        {"name": "cubic", "anchor": 32},
        ["printed.learning_rate_rule.name", "'cubic'", "constant, sqrt, linear"],
    ),
    ("studies.printed.learning_rate_rule", "sqrt", ["learning_rate_rule", "'sqrt'", "a mapping"]),
    (
        "studies.printed.schedule",
        {"name": "exponential"},
        ["schedule.name", "'exponential'", "constant, step, cosine, linear, polynomial"],
    ),
    ("defaults.schedule", {"name": "exponential"}, ["defaults.schedule.name", "'exponential'"]),
    ("defaults.schedule", {"warm_up": 5}, ["defaults.schedule.name", "None is missing"]),
    ("defaults.schedule", {"name": "step", "step_size": 9}, ["defaults.schedule.gamma", "missing"]),
    (
        "defaults.schedule",
        {"name": "step", "step_size": 0, "gamma": 0.5},
        ["schedule.step_size", "0", "at least 1"],
    ),
    (
        "defaults.schedule",
        {"name": "step", "step_size": 9, "gamma": 1.5},
        ["schedule.gamma", "1.5", "at most 1"],
    ),
    ("defaults.schedule", {"name": "cosine", "end_factor": 1.5}, ["end_factor", "1.5", "most 1"]),
    ("defaults.schedule", {"name": "linear", "end_factor": -1}, ["end_factor", "-1", "least 0"]),
    ("defaults.schedule", {"name": "linear", "power": 2}, ["schedule.power", "2", "unknown"]),
    ("defaults.schedule", {"name": "polynomial", "power": 0}, ["power", "0", "greater than 0"]),
    ("studies.printed.schedule", {"warm_up": -1}, ["printed.schedule.warm_up", "-1", "at least 0"]),
    (
        "studies.printed.schedule",
        {"warm_up": 3000},
        ["studies.printed.schedule.warm_up", "3000", "less than 3000, the updates of a run"],
    ),
    (
        "studies.updates.schedule",
        {"name": "cosine", "warm_up": 225_000},
        ["studies.updates.schedule.warm_up", "less than 225000, the updates of a run"],
    ),
    (
        "studies.contraction.factors.contraction.off",
        {"schedule": {"warm_up": 3000}},
        ["factors.contraction.off.schedule.warm_up", "3000", "less than 3000"],
    ),
    (
        "studies.contraction.factors.contraction.off",
        {"schedule": {"warm_up": 2997 + 225}, "batch_schedule": [{"batch_size": 32, "epochs": 3}]},
        ["contraction.off.schedule.warm_up", "3222", "less than 3222"],
    ),
    (
        "studies.printed.batch_schedule",
        [{"batch_size": 32, "epochs": 3, "updates": 225}],
        ["studies.printed.batch_schedule", "'updates': 225", "either epochs or updates"],
    ),
    (
        "studies.printed.batch_schedule",
        [{"batch_size": 32, "epochs": 3}, {"batch_size": 64}],
        ["studies.printed.batch_schedule", "{'batch_size': 64}", "either epochs or updates"],
    ),
    ("studies.printed.batch_schedule", [{"epochs": 3}], ["batch_schedule.batch_size", "be set"]),
    (
        "studies.printed.batch_schedule",
        [{"batch_size": 2401, "epochs": 3}],
        ["studies.printed.batch_schedule", "2401", "at most 2400"],
    ),
    (
        "studies.printed.batch_schedule",
        [{"batch_size": 0, "epochs": 3}],
        ["batch_schedule.batch_size", "0", "at least 1"],
    ),
    (
        "studies.printed.batch_schedule",
        [{"batch_size": 32, "epochs": 0}],
        ["batch_schedule.epochs", "0", "at least 1"],
    ),
    (
        "studies.printed.batch_schedule",
        [{"batch_size": 32, "updates": 2.5}],
        ["batch_schedule.updates", "2.5", "an integer"],
    ),
    (
        "studies.printed.batch_schedule",
        [{"batch_size": 32, "epochs": 2000}, {"batch_size": 64, "updates": 38 * 999 + 1}],
        ["studies.printed.batch_schedule", "'epochs': 2000", "at least one epoch of 3000 epochs"],
    ),
    (
        "studies.updates.batch_schedule",
        [{"batch_size": 32, "updates": 225_000}],
        ["studies.updates.batch_schedule", "at least one epoch of 225000 updates"],
    ),
    (
        "studies.printed.batch_schedule",
        [{"batch_size": 32, "epochs": 3}, {"batch_size": 32, "passes": 3}],
        ["batch_schedule.passes", "3", "unknown key", "batch_size, epochs, updates"],
    ),
    ("studies.printed.batch_schedule", [], ["printed.batch_schedule", "[]", "empty"]),
    ("studies.printed.batch_schedule", [32], ["printed.batch_schedule", "32", "a mapping"]),
    (
        "studies.printed.batch_schedule",
        {"batch_size": 32, "epochs": 3},
        ["printed.batch_schedule", "'batch_size': 32", "a list"],
    ),
    ("studies.printed.order_seed", 3, ["printed.order_seed", "3", "per_seed, not report"]),
    ("studies.seeds.threads", 0, ["studies.seeds.threads", "0", "at least 1"]),
    (
        "studies.seeds.threads",
        2,
        ["studies.seeds.threads", "2", "not offered by engine fused, but by: autograd"],
    ),
    ("studies.seeds.device", "gpu", ["studies.seeds.device", "'gpu'", "cpu, cuda"]),
    (
        "studies.seeds.device",
        "cuda",
        ["studies.seeds.device", "'cuda'", "not offered by engine fused, but by: autograd"],
    ),
    ("studies.seeds.order_seed", -1, ["studies.seeds.order_seed", "-1", "at least 0"]),
    ("studies.seeds.order_seed", None, ["studies.seeds.order_seed", "None", "an integer"]),
    (
        "studies.landscape.factors",
        {"order": {"a": {"order_seed": 1}, "b": {"stream": "report", "order_seed": 2}}},
        ["factors.order.b.order_seed", "2", "needs the stream per_seed, not report"],
    ),
    (
        "studies.slow",
        SLOW | {"batch_schedule": [{"batch_size": 32, "epochs": 3}]},
        ["studies.slow.batch_schedule", "dataloader", "by: reference, fused"],
    ),
    (
        "studies.slow",
        SLOW | {"solver": {"start": "previous"}},
        ["studies.slow.solver", "start previous", "dataloader", "by: reference, fused"],
    ),
    (
        "studies.slow",
        SLOW | {"schedule": {"warm_up": 3}},
        ["studies.slow.schedule", "warm_up 3", "dataloader", "by: reference, fused"],
    ),
    *(
        (
            "studies.slow",
            SLOW | {"schedule": {"name": name} | options},
            ["studies.slow.schedule.name", f"'{name}'", "dataloader", "by: reference, fused"],
        )
        for name, options in SCHEDULES.items()
    ),
    (
        "studies.slow",
        SLOW | {"learning_rate_rule": {"name": "linear", "anchor": 32}},
        ["studies.slow.learning_rate_rule.name", "'linear'", "dataloader", "by: reference, fused"],
    ),
    (
        "studies.replay.schedule",
        {"name": "cosine"},
        ["timing.engines.dataloader.schedule.name", "'cosine'", "by: reference, fused"],
    ),
    (
        "studies.second_order_full_batch.batch_sizes",
        [2400, 32],
        ["second_order_full_batch.batch_sizes", "32", "2400, all training points", "full_batch"],
    ),
    (
        "studies.seeds.factors",
        {"a": {"b": {"latent_dim": 33, "contraction": {"name": "parametrization", "bound": 0.9}}}},
        ["a.b.latent_dim", "33", "at most 32 for parametrization in engine fused"],
    ),
    (
        "studies.second_order_full_batch.order_seed",
        3,
        ["order_seed", "3", "full_batch", "by: reference, fused, dataloader"],
    ),
    (
        "studies.second_order_full_batch.contraction",
        {"name": "projection", "bound": 0.9},
        ["contraction.name", "'projection'", "full_batch", "by: reference, fused"],
    ),
    (
        "studies.second_order_full_batch.schedule",
        {"name": "cosine"},
        ["schedule.name", "'cosine'", "full_batch", "by: reference, fused"],
    ),
    (
        "studies.second_order_full_batch.factors.method.lm_jfb",
        {"solver": {"start": "previous"}, "optimiser": {"name": "levenberg_marquardt"}},
        ["start previous", "full_batch", "by: reference, fused"],
    ),
    (
        "studies.second_order_full_batch.factors.method.lm_jfb",
        {"gradient": {"name": "unrolled"}},
        ["lm_jfb.gradient.name", "'unrolled'", "full_batch", "by: reference"],
    ),
    (
        "studies.second_order_full_batch.factors.method.lm_jfb",
        {"optimiser": {"name": "adam", "learning_rate": 1e-3}},
        ["lm_jfb.optimiser.name", "'adam'", "full_batch", "by: reference, fused, dataloader"],
    ),
    (
        "studies.seeds.optimiser",
        {"name": "levenberg_marquardt"},
        ["seeds.optimiser.name", "'levenberg_marquardt'", "fused", "by: full_batch"],
    ),
    (
        "studies.seeds.optimiser",
        {"name": "lbfgs", "memory": 0},
        ["seeds.optimiser.memory", "0", "at least 1"],
    ),
    (
        "studies.seeds.optimiser",
        {"name": "levenberg_marquardt", "learning_rate": 1e-3},
        ["seeds.optimiser.learning_rate", "unknown"],
    ),
    ("studies.seeds.solver", {"start": "last"}, ["solver.start", "'last'", "zero, previous"]),
    (
        "studies.gradients_reference.factors.gradient.unrolled",
        {"solver": {"start": "previous"}, "gradient": {"name": "unrolled"}},
        ["gradient.unrolled.gradient.name", "'unrolled'", "not from start previous"],
    ),
    (
        "studies.gradients_reference.solver",
        {
            "name": "anderson",
            "tolerance": 1e-3,
            "max_iterations": 9,
            "memory": 2,
            "start": "previous",
        },
        ["gradients_reference.solver.start", "'previous'", "unknown key", "memory"],
    ),
    (
        "studies.seeds.contraction",
        {"name": "projection", "bound": 0.5, "norm": "frobenius"},
        ["seeds.contraction.norm", "'frobenius'", "spectral, infinity"],
    ),
    (
        "studies.gradients_reference.contraction",
        {"name": "parametrization", "bound": 0.5, "norm": "infinity"},
        ["contraction.norm", "'infinity'", "unknown key", "bound, name"],
    ),
    (
        "studies.gradients",
        {
            "batch_sizes": [32],
            "seeds": [0],
            "engine": "fused",
            "latent_dim": 33,
            "gradient": {"name": "implicit"},
            "contraction": {"name": "projection", "bound": 0.5, "norm": "infinity"},
        },
        ["studies.gradients.latent_dim", "33", "at most 32 for implicit"],
    ),
    ("datasets.report.geometry", "uniform", ["report.position_seed", "None is missing", "uniform"]),
    ("datasets.report.position_seed", 3, ["report.position_seed", "3", "left out", "diagonal"]),
    (
        "datasets.room",
        REPORT | {"geometry": "uniform", "position_seed": -1},
        ["datasets.room.position_seed", "-1", "at least 0"],
    ),
    (
        "datasets.report.noise_on",
        "outputs",
        ["report.noise_on", "'outputs'", "position, inputs, targets"],
    ),
    (
        "studies.contraction.factors",
        {"formula": {"code": {"dataset": "report"}, "text": {"dataset": "printed"}}},
        ["studies.contraction.factors", "'formula'", "needs block_size"],
    ),
    (
        "studies.landscape.factors",
        {"formula": {"code": {"dataset": "report"}, "text": {"dataset": "moon"}}},
        ["factors.formula.text.dataset", "'moon'", "report, printed"],
    ),
    (
        "studies.landscape.factors",
        {"formula": {"code": {"dataset": "report"}, "text": {"dataset": 3}}},
        ["factors.formula.text.dataset", "3", "a string"],
    ),
    (
        "studies.landscape.factors",
        {"a": {"code": {"dataset": "report"}}, "b": {"text": {"dataset": "printed"}}},
        ["factors.b.text.dataset", "'printed'", "one factor only, and a sets it too"],
    ),
    (
        "studies.landscape.factors",
        {"formula": {"code": {"dataset": "report"}, "usual": {"epochs": 3000}}},
        ["factors.formula.usual", "something else than code"],
    ),
    ("studies.../up", {"batch_sizes": [1], "seeds": [1]}, ["'/up'"]),
    ("studies.draw_a", {"batch_sizes": [1], "seeds": [1]}, ["'draw_a'", "not start with draw_"]),
    ("studies.a;b", {"batch_sizes": [1], "seeds": [1]}, ["studies", "'a;b'", "lower-case"]),
]


@pytest.mark.parametrize(("path", "value", "said"), MISTAKES)
def test_a_mistake_is_named_in_one_line(path, value, said, config):
    if path == "studies.../up":
        wrong = changed(config, "studies", config["studies"] | {"/up": value})
    else:
        wrong = changed(config, path, value)
    with pytest.raises(ConfigError) as error:
        load(wrong)
    message = str(error.value)
    assert "\n" not in message
    for part in said:
        assert part in message


def test_updates_give_every_batch_size_its_epochs(project):
    runs = project.studies["updates"].runs
    found = {batch_size: run.epochs for (batch_size, _), run in runs.items()}
    # 1, 2, 4, 38 and 75 updates an epoch; 5,921 * 38 = 224,998.
    assert found == {2400: 225_000, 1200: 112_500, 600: 56_250, 64: 5922, 32: 3000}


def test_the_default_config_is_the_report(project):
    assert project.default_studies[:2] == ("replay", "seeds")
    runs = list(project.studies["replay"].runs.values())
    assert [run.batch_size for run in runs] == [2400, 1200, 600, 64, 32]
    assert [run.predecessors for run in runs] == [0, 1, 2, 3, 4]
    assert {(run.seed, run.epochs, run.engine, run.stream) for run in runs} == {
        (42, 3000, "fused", "report")
    }
    assert runs[0].dataset.training_size == 2400


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("replay", "code"),
        ("seeds", "code"),
        ("trajectories_few", "code"),
        ("updates_few", "code"),
        ("splits_few", "code"),
        ("printed", "printed"),
    ],
)
def test_the_default_studies_have_the_reports_hyperparameters(name, formula, project):
    assert name in project.default_studies
    assert len(project.default_studies) == 6
    study = project.studies[name]
    for run in project.studies[name].runs.values():
        assert run.solver == choices.Picard(tolerance=1e-3, max_iterations=1000)
        assert run.optimiser == step_choices.Adam(
            learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8
        )
        assert run.network == settings.Network(input_dim=3, latent_dim=3, activation="relu")
        assert study.updates or run.epochs == 3000
        assert (run.dataset.formula, run.accuracy_threshold) == (formula, 0.1)
        assert (run.gradient, run.contraction) == (
            gradient_choices.JFB(),
            choices.Free(),
        )


def test_the_reference_of_the_replay_differs_in_its_engine_only(project):
    replay, reference = (project.studies[name].runs for name in ("replay", "replay_reference"))
    assert list(replay) == list(reference)
    for place, run in replay.items():
        assert dataclasses.replace(run, engine="reference") == reference[place]


def test_the_alignment_has_thirty_snapshots_and_more(project):
    runs = project.studies[project.alignment].runs.values()
    assert min(run.snapshots for run in runs) >= 30


def test_the_gradients_of_the_reference_engine_are_paired_with_jfb(project):
    study = project.studies["gradients_reference"]
    assert study.factors["gradient"] == ("jfb", "phantom_5", "unrolled", "explicit_10")
    run, other = (study.runs[level, 600, 3] for level in ("jfb", "phantom_5"))
    assert run.gradient == gradient_choices.JFB()
    changes = {"gradient": other.gradient, "levels": other.levels}
    assert dataclasses.replace(run, **changes) == other


def test_the_default_seeds_are_paired_runs_of_the_same_settings(project):
    runs = project.studies["seeds"].runs
    assert list(runs) == [(b, s) for b in (2400, 1200, 600, 64, 32) for s in range(30)]
    replayed = project.studies["replay"].runs[600, 42]
    changes = {"seed": 42, "stream": "report", "predecessors": 2}
    assert dataclasses.replace(runs[600, 7], **changes) == replayed
    assert {run.stream for run in runs.values()} == {"per_seed"}


@pytest.mark.parametrize("few", ["trajectories", "updates", "splits"])
def test_a_study_of_a_few_is_part_of_the_whole(few, project):
    whole, part = project.studies[few], project.studies[f"{few}_few"]
    assert len(part.runs) < len(whole.runs)
    assert part.runs.items() <= whole.runs.items()


def test_a_short_measurement_covers_what_the_whole_one_does(project):
    short, whole = project.timing_short, project.timing
    assert set(short.engines) == set(whole.engines)
    assert set(short.stages) <= set(whole.stages)
    assert {"running"} == {name for timed in short.engines.values() for name in timed.collectors}
    short, whole = project.cost_short, project.cost
    assert set(short.gradients) < set(whole.gradients)
    kept = ("batch_size", "latent_dim", "iterations_at_latent_dims")
    assert [getattr(short, name) for name in kept] == [getattr(whole, name) for name in kept]
    for name in ("iterations", "latent_dims"):
        found, all_ = getattr(short, name), getattr(whole, name)
        assert set(found) < set(all_)
        assert (min(found), max(found)) == (min(all_), max(all_))


def test_the_landscape_is_a_thousand_seeds_in_blocks(project):
    study = project.studies["landscape"]
    blocks = study.blocks
    assert len(blocks) == 20
    assert list(blocks)[:2] == [((), 0, 49), ((), 50, 99)]
    each = [run for block in blocks.values() for run in block.each()]
    assert len(each) == 5000
    assert set(each) == set(study.runs.values())


def test_the_last_block_may_be_smaller(config):
    config["studies"]["landscape"] |= {"seeds": [5, 3, 9, 1], "block_size": 3}
    blocks = load(config).studies["landscape"].blocks
    assert [block.seeds for block in blocks.values()] == [(5, 3, 9), (1,)]
    assert list(blocks) == [((), 5, 9), ((), 1, 1)]


@pytest.mark.parametrize("study", ["landscape", "splits"])
def test_runs_that_are_copied_are_those_that_the_constructor_makes(study, project):
    """Copies by hand are as fast as a configuration with thousands of runs needs them."""
    first, *rest = project.studies[study].runs.values()
    for run in rest:
        fields = {"seed": run.seed, "batch_size": run.batch_size}
        again = dataclasses.replace(first, **fields, dataset=run.dataset, levels=run.levels)
        assert run == again
        assert (hash(run), vars(run)) == (hash(again), vars(again))


def test_a_study_varies_the_split_and_nothing_else(project):
    study = project.studies["splits"]
    assert len(study.runs) == 60 * 5 * 5
    run, other = study.runs["7", 600, 3], study.runs["8", 600, 3]
    assert run.levels == (("split_seed", "7"),)
    assert run.dataset == project.datasets["report_split_7"]
    assert dataclasses.replace(run, dataset=other.dataset, levels=other.levels) == other
    assert (run.dataset.split_seed, other.dataset.split_seed) == (7, 8)
    seeds = project.studies["seeds"].runs[600, 3]
    assert dataclasses.replace(run, dataset=seeds.dataset, levels=()) == seeds
    # A job has the data of one split.
    for (((_, split),), *_), block in study.blocks.items():
        assert {run.dataset for run in block.each()} == {project.datasets[f"report_split_{split}"]}
    each = [run for block in study.blocks.values() for run in block.each()]
    assert len(each) == len(study.runs)
    assert set(each) == set(study.runs.values())


def test_a_block_can_be_written_down(project):
    block = project.studies["landscape"].blocks[(), 50, 99]
    assert settings.Block.from_dict(json.loads(json.dumps(block.to_dict()))) == block


@pytest.mark.parametrize(("epochs", "snapshots"), [(5, 5), (5, 40), (30, 30), (3000, 30)])
def test_an_alignment_has_thirty_snapshots_or_one_per_epoch(epochs, snapshots, config):
    config["studies"]["trajectories"] |= {"epochs": epochs, "snapshots": snapshots}
    project = load(config)
    config["studies"]["trajectories"]["snapshots"] = min(epochs, snapshots) - 1
    with pytest.raises(
        ConfigError, match=f"^alignment.study: 'trajectories' .* not {min(epochs, snapshots) - 1}"
    ):
        load(config)
    assert {run.snapshots for run in project.studies["trajectories"].runs.values()} == {snapshots}


def test_a_tolerance_of_the_implicit_gradient_is_allowed_where_it_is_iterated(config):
    assert checks.DIRECT == adjoints.DIRECT
    gradient = {"name": "implicit", "tolerance": 1e-9}
    changed_study = {"engine": "reference", "latent_dim": 33, "gradient": gradient}
    config["studies"]["printed"] |= changed_study
    config["cost"]["gradients"]["implicit"] = gradient
    project = load(config)
    assert project.studies["printed"].runs[600, 42].gradient == choices.Gradient.from_dict(gradient)


def test_predecessors_belong_to_the_reports_stream_only(config):
    config["studies"]["replay"]["stream"] = "per_seed"
    runs = load(config).studies["replay"].runs.values()
    assert {run.predecessors for run in runs} == {0}


def test_a_study_overrides_the_defaults(config):
    config["studies"]["replay"]["epochs"] = 7
    project = load(config)
    assert {run.epochs for run in project.studies["replay"].runs.values()} == {7}
    assert {run.epochs for run in project.studies["printed"].runs.values()} == {3000}


@pytest.mark.parametrize(
    ("chosen", "key"),
    [
        (choices.Picard, "solver.name"),
        (choices.Report, "stream"),
        (gradient_choices.JFB, "gradient.name"),
        (choices.Relu, "activation"),
        (step_choices.Adam, "optimiser.name"),
    ],
)
def test_what_an_engine_cannot_do_is_refused_with_those_that_can(chosen, key, config, monkeypatch):
    monkeypatch.setattr(chosen, "engines", ("fused", "able"))
    config["studies"]["replay"]["engine"] = "reference"
    with pytest.raises(ConfigError) as error:
        load(config)
    assert str(error.value).startswith(f"studies.replay.{key}: ")
    assert str(error.value).endswith("is not offered by engine reference, but by: fused, able")


def test_a_network_is_given_in_part_and_kept_in_what_a_run_is_told(config):
    layer = {"network": {"normalisation": "layer"}}
    factors = {"norm": {"plain": {"network": {"depth": 3}}, "layer": layer}}
    run = with_studies(config, deep=DEEP | {"factors": factors})["deep"].runs["layer", 32, 0]
    assert run.network.cell == MLP_CELL(depth=2, normalisation="layer")
    assert run.to_dict()["network"]["cell"] == MLP | {"normalisation": "layer"}
    assert settings.Run.from_dict(run.to_dict()) == run
    # What the report's run is told, and what its log stores, has no such key.
    plain = load(config).studies["replay"].runs[32, 42].to_dict()["network"]
    assert plain == {"input_dim": 3, "latent_dim": 3, "activation": "relu"}


def of_pictures(config, **changes):
    config["datasets"]["digits"] = DIGITS
    return with_studies(config, pictures=PICTURES | changes)["pictures"]


def test_a_network_follows_from_the_pictures(config):
    run = of_pictures(config).runs[32, 0]
    assert (run.network.input_dim, run.network.outputs, run.network.image) == (64, 10, (1, 8, 8))
    assert run.network.latent_dim == 4 * 4 * 4
    assert run.dataset.training_size == 1438
    assert run.to_dict()["dataset"] == DIGITS
    assert settings.Run.from_dict(json.loads(json.dumps(run.to_dict()))) == run


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"loss": "mse"}, "loss: 'mse' needs a dataset with one number as its target, not digits"),
        (
            {"network": FPN | {"pool": 9}},
            "network.pool: 9 must be at most 8, the side of a picture",
        ),
        ({"activation": "tanh"}, "activation: 'tanh' must be relu, as by default"),
        (
            {"network": {"name": "report"}, "engine": "autograd", "stream": "report"},
            "stream: 'report' draws the report's network only",
        ),
        ({"batch_sizes": [1439]}, "batch_sizes: 1439 must be at most 1438"),
        ({"engine": "fused", "network": {"name": "report"}}, "is not offered by engine fused"),
        (
            {"contraction": {"name": "projection", "bound": 0.5}},
            "contraction.name: 'projection' needs the network report, not fpn",
        ),
    ],
)
def test_what_does_not_go_with_pictures_is_refused(changes, said, config):
    with pytest.raises(ConfigError) as error:
        of_pictures(config, **changes)
    assert said in str(error.value)


def test_of_classes_accuracies_are_drawn_and_no_levels_of_the_mean_squared_error(config):
    study = of_pictures(config, batch_sizes=[64, 32], seeds=[0, 1])
    assert requirements.made_by_target(study) == ["figures/bands", "figures/accuracy"]


def test_an_implicit_gradient_in_autograd_takes_a_tolerance_at_every_dimension(config):
    gradient = {"name": "implicit", "tolerance": 1e-4}
    study = with_studies(config, deep=DEEP | {"gradient": gradient})["deep"]
    assert study.runs[32, 0].gradient.tolerance == 1e-4


def test_every_choice_is_offered_by_an_engine():
    for kind in (*choices.WITH_OPTIONS.values(), *choices.BY_NAME.values()):
        for choice in kind.all().values():
            assert choice.engines
            assert set(choice.engines) <= set(choices.Engine.all())


def test_a_long_value_is_cut(config):
    with pytest.raises(ConfigError) as error:
        load(changed(config, "defaults.engine", "x" * 5000))
    assert len(str(error.value)) < 200


@pytest.mark.parametrize(
    "arguments", [["--dry-run"], [], ["--dry-run", "--config", "colour=red"]], ids=str
)
def test_snakemake_says_it_in_one_line_and_writes_nothing(arguments, tmp_path):
    workspace = Workspace(tmp_path)
    if "--config" not in arguments:
        workspace.config["colour"] = "red"
        workspace.save()
    before = sorted(tmp_path.rglob("*"))
    output = workspace.snakemake(*arguments, check=False)
    assert workspace.status != 0
    *before_it, line = [line for line in output.splitlines() if line.strip()]
    # Snakemake itself tells of the profile, and that --config adds to the file.
    assert len(before_it) == 1 + ("--config" in arguments)
    assert before_it[0].startswith("Using workflow specific profile")
    assert line.startswith("Error in the configuration: colour: 'red' is an unknown key; allowed")
    written = {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*")} - {
        path.relative_to(tmp_path).parts[0] for path in before
    }
    assert written <= {".snakemake"}


def test_factors_cross_and_name_their_runs(project):
    study = project.studies["gradients"]
    assert study.factors == {"gradient": ("jfb", "neumann_1", "neumann_5", "implicit")}
    assert len(study.runs) == 4 * 3 * 20
    run = study.runs["neumann_5", 600, 3]
    assert (run.gradient, run.batch_size, run.seed) == (
        gradient_choices.Neumann(order=5),
        600,
        3,
    )
    assert run.levels == (("gradient", "neumann_5"),)
    assert run == settings.Run.from_dict(json.loads(json.dumps(run.to_dict())))
    jfb = study.runs["jfb", 32, 0]
    seeds = project.studies["seeds"].runs[32, 0]
    assert dataclasses.replace(jfb, levels=()) == seeds


def test_no_factor_has_the_name_of_a_column():
    columns = {*runlog.SCHEMA.names, *summary.schema([]).names}
    assert set(names.NO_FACTORS) == columns | {"level", "seconds"}


#: What pandas (pyarrow), polars or DuckDB take for the same level where they read the folders.
SAME = [
    ("1", "01"),
    ("0.1", "0.10"),
    ("7", "007"),
    ("1", "1.0"),
    ("1.", "1.0"),
    ("1e1", "10"),
    ("0.1", "0.10000000000000000001"),
    ("1e400", "inf"),
    ("0xf", "15"),
    ("0b1", "0x1"),
    ("2020.01.01", "2020.1.1"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_levels_that_are_read_as_one_are_refused(one, other, config):
    levels = {one: {"epochs": 3}, "a": {"epochs": 4}, other: {"epochs": 5}}
    wrong = changed(config, "studies.contraction.factors", {"f": levels})
    with pytest.raises(ConfigError) as error:
        load(wrong)
    said = f"studies.contraction.factors.f: {other!r} is read as the same value as {one!r}"
    assert str(error.value).startswith(said)


@pytest.mark.parametrize(
    ("one", "other"),
    [("1", "2"), ("0.5", "0.95"), ("off", "0.95"), ("1_0", "10"), ("true", "1"), ("1f", "1")],
)
def test_levels_that_differ_stay_apart(one, other, config, tmp_path):
    levels = {one: {"epochs": 3}, other: {"epochs": 5}}
    load(changed(config, "studies.contraction.factors", {"f": levels}))
    for level in levels:
        (tmp_path / f"f={level}").mkdir()
        pd.DataFrame({"x": [level]}).to_parquet(tmp_path / f"f={level}/log.parquet")
    found = pd.read_parquet(tmp_path)
    assert found["f"].nunique() == 2


def with_studies(config, **studies):
    some = {name: {"batch_sizes": [32], "seeds": [0]} | values for name, values in studies.items()}
    return load(changed(config, "studies", config["studies"] | some)).studies


#: Names of figures: of no study, and of one.
FIGURES = [
    "figure1",
    *(name.removeprefix("figures/") for name in requirements.NEEDS if name.startswith("figures/")),
]
COUPLED = {"engine": "autograd", "network": {"name": "mlp", "depth": 1, "normalisation": "batch"}}
EXPLICIT = {"solver": {"name": "explicit", "applications": 3}, "gradient": {"name": "unrolled"}}


@pytest.mark.parametrize(
    ("target", "study", "said"),
    [
        ("results/units/bent.parquet", {"activation": "tanh"}, "activation relu, not tanh"),
        ("results/minima_bent.csv", {"activation": "tanh"}, "activation relu, not tanh"),
        ("results/fates_bent.csv", {"activation": "tanh"}, "activation relu, not tanh"),
        ("results/figures/kinks_bent.png", {"activation": "tanh"}, "activation relu, not tanh"),
        ("results/figures/fates_bent.svg", {"activation": "tanh"}, "activation relu, not tanh"),
        ("results/units/bent.parquet", EXPLICIT, "a fixed point, not with the solver explicit"),
        ("results/sharpness/bent.parquet", EXPLICIT, "a fixed point, not with the solver explicit"),
        ("results/figures/sharpness_bent.png", EXPLICIT, "not with the solver explicit"),
        ("results/figures/alignment_bent.png", EXPLICIT, "not with the solver explicit"),
        ("results/alignment/bent/batch_size=32/alignment.parquet", EXPLICIT, "explicit"),
        ("results/sharpness/bent.parquet", DEEP, "network report with one output, not mlp"),
        ("results/units/bent.parquet", DEEP, "network report with one output, not mlp"),
        ("results/contraction/bent.parquet", DEEP, "network report with one output, not mlp"),
        ("results/figures/spectral_norm_bent.png", DEEP, "network report with one output, not mlp"),
        ("results/sensitivity/bent.parquet", {}, "with the loss cross_entropy, not mse"),
        ("results/gram/bent.parquet", DEEP, "must be a study of the network report"),
        ("results/gram/bent.parquet", EXPLICIT, "not with the solver explicit"),
        ("results/stability/bent.parquet", COUPLED, "without batch normalisation in T"),
        ("results/impurity/bent.parquet", {}, "with the loss cross_entropy, not mse"),
        ("results/figures/bands_bent.png", {"block_size": 1}, "without block_size, which has logs"),
        ("results/figures/updates_bent.png", {}, "must be a study with updates"),
        ("results/figures/shares_bent.png", {}, "must be a study with factors"),
        ("results/figures/loss_by_level_bent.png", {}, "must be a study with factors"),
        (
            "results/figures/levels_bent.png",
            {"factors": {"length": {"short": {"epochs": 3}}}},
            "must be a study without factors",
        ),
    ],
)
def test_what_is_not_defined_for_a_study_is_refused(target, study, said, config):
    studies = with_studies(config, bent=study, bent_2={})
    with pytest.raises(ConfigError) as error:
        requirements.check_targets(["all", target], studies, FIGURES)
    assert str(error.value).startswith(f"{target}: 'bent' must be a study")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("results/figures/bands_nowhere.png", "'nowhere' is no study; there are: replay, seeds, "),
        ("./results/figures/shares_nowhere.svg", "'nowhere' is no study; there are: replay, "),
        ("results/summaries/nowhere.parquet", "'nowhere' is no study; there are: replay, seeds, "),
        ("results/units/nowhere.parquet", "'nowhere' is no study; there are: replay, seeds, "),
        ("results/minima_nowhere.csv", "'nowhere' is no study; there are: replay, seeds, "),
        ("results/runs/nowhere/batch_size=32/seed=0/log.parquet", "'nowhere' is no study; there"),
        ("results/figures/violins_seeds.png", "'violins_seeds' is no figure; there are: figure1, "),
        (
            "results/figures/bands.png",
            "'bands' is no figure; there are: figure1, alignment_<study>",
        ),
        ("results/figures/figure1_seeds.png", "'figure1_seeds' is no figure; there are: figure1, "),
        ("results/figures/figure1.jpg", "'jpg' is no format of figures: svg, pdf, png"),
    ],
)
def test_what_there_is_no_study_or_figure_of_is_refused(target, said, project):
    with pytest.raises(ConfigError) as error:
        requirements.check_targets(["all", target], project.studies, FIGURES)
    assert str(error.value).startswith(f"{target}: {said}")
    assert "\n" not in str(error.value)


SEVERAL = {"batch_sizes": [64, 32], "seeds": [0, 1]}
BLOCKS = SEVERAL | {"engine": "fused", "block_size": 1}
LENGTHS = {"factors": {"length": {"short": {"epochs": 3}, "long": {"epochs": 4}}}}
DISTRIBUTIONS = ["figures/levels", "figures/ecdf"]
BY_LEVEL = ["figures/shares", "figures/loss_by_level"]


@pytest.mark.parametrize(
    ("study", "made"),
    [
        ({}, []),
        ({"seeds": [0, 1]}, []),
        ({"batch_sizes": [64, 32]}, []),
        (SEVERAL, ["figures/bands", *DISTRIBUTIONS]),
        (BLOCKS, [*DISTRIBUTIONS, "contraction"]),
        (
            BLOCKS | {"updates": 9},
            [*DISTRIBUTIONS, "figures/updates", "figures/sharpness", "sharpness"],
        ),
        (SEVERAL | {"updates": 9}, ["figures/bands", *DISTRIBUTIONS, "figures/updates"]),
        (LENGTHS, [*BY_LEVEL, "figures/spectral_norm"]),
        (BLOCKS | LENGTHS, BY_LEVEL),
        (BLOCKS | {"factors": {"formula": {"text": {"dataset": "printed"}}}}, BY_LEVEL),
        (BLOCKS | {"split_seeds": [0, 1]}, []),
    ],
)
def test_the_target_of_a_study_makes_what_its_shape_allows(study, made, config):
    studies = with_studies(config, bent=study)
    assert requirements.made_by_target(studies["bent"]) == made


@pytest.mark.parametrize("path", ["figures/kinks_small.png", "units/small.parquet"])
def test_snakemake_refuses_what_is_not_defined_in_one_line(path, workspace):
    workspace.config["studies"]["small"]["activation"] = "tanh"
    workspace.config |= {"replay": "one", "alignment": SMALL["alignment"] | {"study": "one"}}
    workspace.config["studies"]["one"] = {"batch_sizes": [64], "seeds": [0]}
    workspace.config["catalogue"]["studies"] = ["one"]
    workspace.save()
    output = workspace.snakemake("--dry-run", f"results/{path}", check=False)
    assert workspace.status != 0
    *_, line = [line for line in output.splitlines() if line.strip()]
    said = f"Error in the target: results/{path}: 'small' must be a study with the activation relu"
    assert line == f"{said}, not tanh"


def test_what_is_defined_for_a_study_is_not_refused(config):
    studies = with_studies(config, bent={"activation": "tanh"}, bent_2={})
    made = [f"results/{path}" for path in ("sharpness/bent.parquet", "figures/sharpness_bent.png")]
    made += [f"results/{path}" for path in ("units/bent_2.parquet", "figures/kinks_bent_2.png")]
    requirements.check_targets(
        ["all", "seeds", *made, "results/data/report.parquet"], studies, FIGURES
    )
    assert "bent" in requirements.having("sharpness", studies)
    assert "bent" not in requirements.having("units", studies)


@pytest.mark.parametrize(
    "study",
    [
        {"seeds": [5]},
        {"batch_sizes": [2400]},
        {"seeds": [5], "block_size": 3},
        {"factors": {"length": {"short": {"epochs": 3}}}},
        {"factors": {"length": {"usual": {"epochs": 3000}}}},
    ],
)
def test_small_studies_are_studies(study, config):
    (run,) = with_studies(config, least=study)["least"].runs.values()
    assert run.batch_size == study.get("batch_sizes", [32])[0]


PHASED = {"batch_sizes": [2400, 600], "seeds": [0], "engine": "fused"}


def test_phases_of_updates_have_the_fewest_epochs_that_make_them(config):
    """Of 2,400 points: 75 updates an epoch at batch size 32, 38 at 64, 4 at 700."""
    phases = [
        {"batch_size": 32, "updates": 225},
        {"batch_size": 64, "updates": 39},
        {"batch_size": 700, "epochs": 4},
        {"batch_size": 2400, "updates": 1},
    ]
    study = with_studies(config, phased=PHASED | {"epochs": 50, "batch_schedule": phases})["phased"]
    for (batch_size, _), run in study.runs.items():
        assert run.batch_schedule == ((3, 32), (2, 64), (4, 700), (1, 2400))
        assert run.phases == (*run.batch_schedule, (40, batch_size))
        each = [run.batch_size_of(epoch) for epoch in range(51)]
        assert each == [32] * 3 + [64] * 2 + [700] * 4 + [2400] + [batch_size] * 41


@pytest.mark.parametrize("updates", [226, 301, 375, 10_001])
@pytest.mark.parametrize("phase", [{"epochs": 3}, {"updates": 225}, {"updates": 151}])
def test_the_updates_of_a_study_are_those_of_the_phases_too(phase, updates, config):
    """Three epochs at batch size 32 in each case, which make 225 updates."""
    phases = [{"batch_size": 32} | phase]
    sizes = {"batch_sizes": [2400, 600, 64]}
    phased = PHASED | sizes | {"updates": updates, "batch_schedule": phases}
    for (batch_size, _), run in with_studies(config, phased=phased)["phased"].runs.items():
        assert run.batch_schedule == ((3, 32),)
        each = -(-2400 // batch_size)
        made = 225 + each * (run.epochs - 3)
        assert updates <= made < updates + each


BY_FORMULA = {"code": {"dataset": "report"}, "text": {"dataset": "printed"}}
BY_LENGTH = {"short": {"epochs": 3}, "long": {"epochs": 4}}
BY_DATA = {
    "batch_sizes": [64, 32],
    "seeds": {"first": 0, "last": 4},
    "engine": "fused",
    "block_size": 3,
    "factors": {"length": BY_LENGTH, "formula": BY_FORMULA},
}


def test_a_factor_that_chooses_the_dataset_gives_each_block_one(config):
    project = load(changed(config, "studies.data", BY_DATA))
    study = project.studies["data"]
    code, text = ((("formula", level),) for level in BY_FORMULA)
    assert study.datasets == {code: "report", text: "printed"}
    assert list(study.blocks) == [
        (levels, first, last) for levels in (code, text) for first, last in ((0, 2), (3, 4))
    ]
    for (levels, *_), block in study.blocks.items():
        assert {run.dataset for run in block.each()} == {project.datasets[study.datasets[levels]]}
        assert len(block.runs) == 2 * 2
        assert settings.Block.from_dict(json.loads(json.dumps(block.to_dict()))) == block
    each = [run for block in study.blocks.values() for run in block.each()]
    assert len(each) == len(study.runs) == 2 * 2 * 2 * 5
    assert set(each) == set(study.runs.values())
    run, other = (study.runs["short", level, 64, 3] for level in BY_FORMULA)
    assert dataclasses.replace(run, dataset=other.dataset, levels=other.levels) == other
    assert run.levels == (("length", "short"), ("formula", "code"))


def test_a_level_without_a_dataset_has_the_studys(config):
    levels = {"text": {"dataset": "printed"}, "short": {"epochs": 3}}
    project = load(changed(config, "studies.data", BY_DATA | {"factors": {"kind": levels}}))
    study = project.studies["data"]
    assert study.datasets == {(("kind", "text"),): "printed", (("kind", "short"),): "report"}
    assert study.runs["short", 64, 0].dataset == project.datasets["report"]
    assert study.runs["text", 64, 0].dataset == project.datasets["printed"]


def test_datasets_and_splits_cross(config):
    project = load(changed(config, "studies.data", BY_DATA | {"split_seeds": [7, 8]}))
    study = project.studies["data"]
    assert study.datasets == {
        (("formula", level), ("split_seed", split)): f"{name}_split_{split}"
        for level, name in (("code", "report"), ("text", "printed"))
        for split in ("7", "8")
    }
    for (levels, *_), block in study.blocks.items():
        (made,) = {run.dataset for run in block.each()}
        assert made == project.datasets[study.datasets[levels]]
        whole = project.datasets[BY_FORMULA[levels[0][1]]["dataset"]]
        assert made == dataclasses.replace(whole, split_seed=int(levels[1][1]))
    assert len(study.blocks) == 2 * 2 * 2
    each = [run for block in study.blocks.values() for run in block.each()]
    assert len(each) == len(study.runs)
    assert set(each) == set(study.runs.values())


def test_a_batch_may_be_as_large_as_the_data_of_its_level(config):
    config["datasets"]["small"] = REPORT | {"points": 1000}
    levels = {"small": {"dataset": "small"}, "report": {"dataset": "report"}}
    study = BY_DATA | {"factors": {"size": levels}}
    load(changed(config, "studies.data", study | {"batch_sizes": [800]}))
    with pytest.raises(ConfigError, match=r"^studies\.data.*: 801 must be at most 800, "):
        load(changed(config, "studies.data", study | {"batch_sizes": [801]}))


NEW = {
    "batch_sizes": [2400],
    "seeds": [0],
    "engine": "fused",
    "dataset": "room",
    "epochs": 20,
    "solver": {"start": "previous"},
    "contraction": {"name": "projection", "bound": 0.5, "norm": "infinity"},
    "optimiser": {"weight_decay": 0.1, "decoupled": True},
    "learning_rate_rule": {"name": "sqrt", "anchor": 32},
    "schedule": {"name": "cosine", "warm_up": 5},
    "batch_schedule": [{"batch_size": 32, "updates": 150}],
    "order_seed": 0,
}
ROOM = REPORT | {"geometry": "uniform", "position_seed": 0, "noise_on": "targets"}


def test_a_run_with_every_new_option_survives_json(config):
    config["datasets"]["room"] = ROOM
    (run,) = with_studies(config, new=NEW)["new"].runs.values()
    told = json.loads(json.dumps(run.to_dict()))
    assert settings.Run.from_dict(told) == run
    assert told["dataset"] == ROOM
    assert told["solver"]["start"] == "previous"
    assert told["contraction"] == NEW["contraction"]
    assert told["optimiser"] == {
        "name": "adam",
        "learning_rate": 1e-3,
        "weight_decay": 0.1,
        "decoupled": True,
    }
    assert told["learning_rate_rule"] == {"name": "sqrt", "anchor": 32}
    assert told["schedule"] == {"name": "cosine", "warm_up": 5}
    assert told["batch_schedule"] == [[2, 32]]
    assert told["order_seed"] == 0
    assert "levels" not in told


def test_new_options_at_their_defaults_are_not_told(project, config):
    """A log from before there were any is read as the run that it is of."""
    run = project.studies["seeds"].runs[600, 0]
    defaults = {
        "solver": {"start": "zero"},
        "optimiser": {"weight_decay": 0.0, "decoupled": False},
        "learning_rate_rule": {"name": "constant"},
        "schedule": {"name": "constant", "warm_up": 0},
    }
    config["datasets"]["report"]["noise_on"] = "position"
    (same,) = with_studies(config, same={"batch_sizes": [600], "engine": "fused"} | defaults)[
        "same"
    ].runs.values()
    assert same == run
    told = same.to_dict()
    assert told.keys() == {
        *("dataset", "network", "solver", "gradient", "contraction", "optimiser", "engine"),
        *("stream", "seed", "predecessors", "batch_size", "epochs", "accuracy_threshold"),
        "snapshots",
    }
    assert told["solver"] == {"name": "picard", "tolerance": 1e-3, "max_iterations": 1000}
    assert told["optimiser"] == {"name": "adam", "learning_rate": 1e-3}
    assert told["dataset"].keys() == REPORT.keys()
    assert settings.Run.from_dict(told) == run


def test_defaults_without_a_rule_and_a_schedule_are_constant(config):
    """As in a configuration from before there were any."""
    for name in ("learning_rate_rule", "schedule"):
        config["defaults"].pop(name, None)
    old = load(config)
    config["defaults"] |= {
        name: {"name": "constant"} for name in ("learning_rate_rule", "schedule")
    }
    assert load(config).studies == old.studies
    for run in old.studies["seeds"].runs.values():
        assert run.learning_rate_rule == step_choices.SameRate()
        assert run.schedule == step_choices.Constant()


def test_a_rule_and_a_schedule_in_part_keep_the_options_of_the_defaults(config):
    config["defaults"] |= {
        "learning_rate_rule": {"name": "sqrt", "anchor": 32},
        "schedule": {"name": "cosine", "end_factor": 0.1},
    }
    # The dataloader engine, which is timed at the replay, has none.
    constant = {"learning_rate_rule": {"name": "constant"}, "schedule": {"name": "constant"}}
    config["studies"]["replay"] |= constant
    levels = {"warm": {"schedule": {"warm_up": 9}}, "other": {"learning_rate_rule": {"anchor": 64}}}
    study = PHASED | {"factors": {"kind": levels}, "schedule": {"end_factor": 0.2}}
    runs = with_studies(config, part=study)["part"].runs
    warm, other = (runs[level, 600, 0] for level in levels)
    assert warm.schedule == step_choices.Cosine(end_factor=0.2, warm_up=9)
    assert other.schedule == step_choices.Cosine(end_factor=0.2)
    assert warm.learning_rate_rule == step_choices.SquareRoot(anchor=32)
    assert other.learning_rate_rule == step_choices.SquareRoot(anchor=64)


def test_an_anchor_needs_a_rule(config):
    with pytest.raises(ConfigError) as error:
        load(changed(config, "studies.printed.learning_rate_rule", {"anchor": 32}))
    key = "studies.printed.learning_rate_rule.anchor"
    assert str(error.value) == f"{key}: 32 is an unknown key; allowed here: name"


def test_rows_are_projected_in_every_latent_dimension_of_the_fused_engine(config):
    rows = {"name": "projection", "bound": 0.5, "norm": "infinity"}
    study = PHASED | {"latent_dim": 40, "contraction": rows}
    run = with_studies(config, rows=study)["rows"].runs[600, 0]
    assert run.contraction == choices.Projection(bound=0.5, norm="infinity")
    with pytest.raises(ConfigError, match=r"^studies\.rows\.latent_dim: 40 .* for projection in"):
        with_studies(config, rows=study | {"contraction": rows | {"norm": "spectral"}})


def test_a_warm_up_may_leave_one_update(config):
    study = PHASED | {"batch_sizes": [2400], "epochs": 5}
    for schedule in ({"name": "constant"}, *({"name": n} | o for n, o in SCHEDULES.items())):
        warm = study | {"schedule": schedule | {"warm_up": 4}}
        (run,) = with_studies(config, warm=warm)["warm"].runs.values()
        assert run.schedule.warm_up == 4
        with pytest.raises(ConfigError, match=r"warm_up: 5 must be less than 5, the updates"):
            with_studies(config, warm=study | {"schedule": schedule | {"warm_up": 5}})
