"""Who is painted: what a painter needs to know of a person."""

from dataclasses import dataclass
from random import Random
from typing import Final, Literal

_GIRTHS: Final = {"slim": 0.92, "average": 1.0, "large": 1.13}
_FAT_MM: Final = {"slim": 6.0, "average": 14.0, "large": 32.0}


@dataclass(frozen=True)
class Build:
    """A person of the small set that is painted.

    Attributes:
        random: Small differences from body to body; the same numbers each time.
    """

    sex: Literal["F", "M"]
    habitus: Literal["slim", "average", "large"]
    random: Random

    @property
    def is_female(self) -> bool:
        """Whether female organs are painted."""
        return self.sex == "F"

    @property
    def girth(self) -> float:
        """How wide the body is beside an average one, skin to skin."""
        return _GIRTHS[self.habitus]

    @property
    def fat_mm(self) -> float:
        """Thickness of the fat under the skin of the belly."""
        return _FAT_MM[self.habitus]
