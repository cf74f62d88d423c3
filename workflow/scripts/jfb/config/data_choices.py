"""What a dataset can choose: where its points lie, and their target."""

from dataclasses import dataclass
from typing import Literal

from jfb.config.choice import Choice


class Geometry(Choice):
    """Where the points of a dataset lie."""


@dataclass(frozen=True, kw_only=True)
class Diagonal(Geometry):
    """On the room's diagonal, as in the report's program."""

    name: Literal["diagonal"] = "diagonal"


class Formula(Choice):
    """The target at a point."""


@dataclass(frozen=True, kw_only=True)
class Code(Formula):
    """That of the report's program."""

    name: Literal["code"] = "code"


@dataclass(frozen=True, kw_only=True)
class Printed(Formula):
    """That of the report's text."""

    name: Literal["printed"] = "printed"
