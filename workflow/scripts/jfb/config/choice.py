"""What every choice of a run has: a name, options with their bounds, and engines that have it."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

from annotated_types import Ge, Gt, Le, Lt, MinLen

#: Engines that take a step per batch.
STEPPING = ("reference", "fused", "dataloader", "autograd")
EVERY_ENGINE = (*STEPPING, "full_batch")

Positive = Annotated[float, Gt(0), Le(1_000_000)]
Count = Annotated[int, Ge(1), Le(1_000_000)]
Decay = Annotated[float, Ge(0), Lt(1)]
Share = Annotated[float, Gt(0), Lt(1)]
#: A file of the user's, from the folder that the workflow runs in, and a name there.
PythonFile = Annotated[str, MinLen(len("x.py"))]
Identifier = Annotated[str, MinLen(1)]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A choice: one of the subclasses of its kind, which is a direct subclass of this."""

    #: Those that can carry it out.
    engines: ClassVar[tuple[str, ...]] = ("reference",)
    #: Whether the fused engine has every bit of the reference engine's, or differs in rounding.
    exact: ClassVar[bool] = True
    #: For pydantic, which only the scheduler loads: no other options, and no other types.
    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    @classmethod
    def all(cls) -> dict[str, type[Self]]:
        """The choices of this kind, by name."""
        return {kind.name: kind for kind in cls.__subclasses__()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The choice of this kind that `to_dict` wrote down; what is null has its default.

        Raises:
            KeyError: no choice has the name.
            TypeError: the choice has no such option, or lacks one.
        """
        given = {key: value for key, value in values.items() if value is not None}
        return cls.all()[given.pop("name")](**given)

    def able(self) -> tuple[str, ...]:
        """Engines that can carry it out with these options."""
        return self.engines

    def unusable(self) -> tuple[str, str] | None:
        """An option that another rules out, and what it needs; None if all go together."""
        return None

    def to_dict(self) -> dict[str, Any]:
        """The name, and the options that are not at their defaults."""
        return {"name": self.name} | {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != field.default
        }


def completed(given: Any, before: Any) -> Any:
    """A choice that a configuration gives in part, with the other options of the one before.

    A mapping without a name, or with the name that is chosen already, changes options of it and
    leaves the others. Another name is another choice, with its own defaults.
    """
    if not isinstance(given, dict) or not isinstance(before, dict):
        return given
    if given.get("name", before.get("name")) != before.get("name"):
        return given
    return before | given
