"""Configurations with mistakes in them: in their structure, and in their text."""

import copy
import datetime
import math

import yaml

VALUES = [
    None,
    True,
    False,
    0,
    -1,
    1,
    7,
    2400,
    10**9,
    10**40,
    0.5,
    -0.0,
    1e-300,
    1e300,
    math.nan,
    math.inf,
    -math.inf,
    "",
    "1e-3",
    "42",
    "jfb",
    "../../etc/passwd",
    "$(touch broken)",
    "; rm -rf results",
    "{study}",
    "a\nb",
    "\0",
    "x" * 5000,
    "é\u202e",
    [],
    {},
    [None],
    [[1]],
    [1, 1],
    {"a": {"b": {}}},
    {"name": "picard"},
    {"first": 5, "last": 2},
    {"first": 0, "last": 10**12},
    {1: 2},
    {None: None},
    datetime.date(2024, 2, 29),
]


def mutated(config, rng):
    """A copy of a configuration with one to three mistakes in its structure."""
    config = copy.deepcopy(config)
    for _ in range(rng.randint(1, 3)):
        parent, name = rng.choice(list(places(config)))
        match rng.choice(["set", "set", "set", "remove", "add", "rename", "swap"]):
            case "set":
                parent[name] = copy.deepcopy(rng.choice(VALUES))
            case "remove":
                del parent[name]
            case "add" if isinstance(parent, dict):
                parent[rng.choice(["colour", "epochs", "name", "", "a/b", "a\nb", "\x1b[2J"])] = (
                    rng.choice(VALUES)
                )
            case "rename" if isinstance(parent, dict):
                parent[rng.choice(["Study", "x" * 200, "../up", "all", "seed"])] = parent.pop(name)
            case "swap":
                other, another = rng.choice(list(places(config)))
                parent[name] = copy.deepcopy(other[another])
    return config


def places(value):
    """Every place that holds a value: the mapping or the list, and the key or the index."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for name, part in list(items):
        yield value, name
        if isinstance(part, dict | list):
            yield from places(part)


PIECES = ["\t", ":", "- ", "{", "}", "[", "]", "&a ", "*a", "!!", "!!python/name:os.system ", "%"]
PIECES += ["\n", "'", '"', "#", "|", ">", "? ", "<<: ", "---\n", "...\n", "1e400", ".nan", "\x00"]
PIECES += ["__use_yte__: true\n", "!!binary ", "!!set ", "~", "0o17", "1:30", "\ufeff", "@", "`"]


def spoilt(text, rng):
    """A text with one to three pieces removed, doubled or put in."""
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(len(text) + 1)
        end = min(len(text), place + rng.choice([1, 3, 20]))
        match rng.choice(["cut", "double", "insert"]):
            case "cut":
                text = text[:place] + text[end:]
            case "double":
                text = text[:end] + text[place:end] + text[end:]
            case "insert":
                text = text[:place] + rng.choice(PIECES) + text[place:]
    return text


def written(config):
    """A configuration as a file holds it."""
    return yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
