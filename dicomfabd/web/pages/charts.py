"""Small bar charts as rectangles; the page draws them, nothing else does."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_WIDTH: Final = 600
_HEIGHT: Final = 100
_GAP: Final = 0.15  # of a step


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle, in the chart's own units; `series` is its class."""

    series: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars side by side, one or two a step: `label` says in words what they show."""

    label: str
    bars: tuple[Bar, ...]
    most: float
    total: float
    width: int = _WIDTH
    height: int = _HEIGHT


def chart(title: str, good: Sequence[float], bad: Sequence[float] = ()) -> Chart:
    """Give a chart of what happened in each step, oldest first; what went wrong stands on top of the rest."""
    wrong = [*bad, *[0.0] * (len(good) - len(bad))]
    most = max((one + other for one, other in zip(good, wrong, strict=True)), default=0)
    total, failed = sum(good), sum(wrong)
    label = f"{title}: {total:.0f}, at most {most:.0f} a step" + (f", {failed:.0f} of them wrong" if failed else "")
    step = _WIDTH / max(len(good), 1)
    bars: list[Bar] = []
    for index, (one, other) in enumerate(zip(good, wrong, strict=True)):
        top = float(_HEIGHT)
        for series, amount in (("good", one), ("bad", other)):
            if amount:
                height = round(amount / most * _HEIGHT, 2)
                top -= height
                bars.append(Bar(series, round(index * step, 2), round(top, 2), round(step * (1 - _GAP), 2), height))
    return Chart(label, tuple(bars), most, total)
