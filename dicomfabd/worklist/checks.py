"""One key each: does an item match it, and what would have (PS3.4 C.2.2.2, Table K.6-1)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from dicomfabd.dimse.keys import Key, name_of, vr_of
from dicomfabd.dimse.matching import MalformedKey, is_universal, matches, range_of
from dicomfabd.worklist.items import SEQUENCE, STATION, Item, step_of

MODALITY: Final = 0x00080060
START_DATE: Final = 0x00400002
START_TIME: Final = 0x00400003
_RANGED: Final = frozenset({"DA", "TM", "DT"})


class MalformedQuery(ValueError):  # noqa: N818 - what it is
    """A key that no value could match, such as a date with slashes; the query fails with A900."""

    def __init__(self, tag: int, what: str) -> None:
        """Take the tag of the key, and what is wrong with it, without its value."""
        super().__init__(f"{name_of(tag)} {what}")
        self.tag = tag


class Check(Protocol):
    """A key that restricts."""

    @property
    def tags(self) -> tuple[int, ...]:
        """Of the key, or of the two that are one."""

    @property
    def asked(self) -> str:
        """What it asks for, for people."""

    def found(self, item: Item) -> str:
        """Give what an item has there, for people."""

    def fits(self, item: Item) -> bool:
        """Tell whether an item matches; one that does not know the attribute is not restricted by it (K.2.2.1.1.2)."""


@dataclass(frozen=True, slots=True)
class TextCheck:
    """A key with a value, of the item or of its scheduled procedure step."""

    tag: int
    value: str
    is_of_step: bool

    @property
    def tags(self) -> tuple[int, ...]:
        """See `Check`."""
        return (self.tag,)

    @property
    def asked(self) -> str:
        """See `Check`."""
        return self.value

    def found(self, item: Item) -> str:
        """See `Check`."""
        value = self._value(item)
        return value if isinstance(value, str) else ""

    def fits(self, item: Item) -> bool:
        """See `Check`."""
        value = self._value(item)
        return not isinstance(value, str) or matches(vr_of(self.tag), self.value, value)

    def _value(self, item: Item) -> "str | tuple[Item, ...] | None":
        return (step_of(item) if self.is_of_step else item).get(self.tag)


@dataclass(frozen=True, slots=True)
class SequenceCheck:
    """A key within a sequence; an item matches if one of the sequence's items matches all keys (C.2.2.2.6)."""

    tag: int
    keys: tuple[Key, ...]
    is_of_step: bool

    @property
    def tags(self) -> tuple[int, ...]:
        """See `Check`."""
        return (self.tag,)

    @property
    def asked(self) -> str:
        """See `Check`."""
        return ", ".join(f"{key.name}={key.value}" for key in self.keys if not is_universal(key.value))

    def found(self, item: Item) -> str:
        """See `Check`."""
        wanted = [key.tag for key in self.keys]
        return "; ".join(
            ", ".join(str(value) for tag, value in inner.items() if tag in wanted) for inner in self._items(item)
        )

    def fits(self, item: Item) -> bool:
        """See `Check`."""
        if not isinstance((step_of(item) if self.is_of_step else item).get(self.tag), tuple):
            return True
        checks = list(checks_of(self.keys, is_of_step=False))
        return any(all(check.fits(inner) for check in checks) for inner in self._items(item))

    def _items(self, item: Item) -> "tuple[Item, ...]":
        value = (step_of(item) if self.is_of_step else item).get(self.tag)
        return value if isinstance(value, tuple) else ()


@dataclass(frozen=True, slots=True)
class StartCheck:
    """Start date and time together: two ranges mean one period (remark on (0040,0003) in Table K.6-1).

    Attributes:
        dates: First and last, or None where any will do.
        times: Likewise; without dates a time of day.
    """

    dates: tuple[str, str] | None
    times: tuple[str, str] | None
    asked: str

    @property
    def tags(self) -> tuple[int, ...]:
        """See `Check`."""
        return START_DATE, START_TIME

    def found(self, item: Item) -> str:
        """See `Check`."""
        step = step_of(item)
        return f"{step[START_DATE]} {step[START_TIME]}"

    def fits(self, item: Item) -> bool:
        """See `Check`."""
        step = step_of(item)
        date = str(step[START_DATE])
        time = range_of("TM", str(step[START_TIME]))[0]
        if self.dates and self.times:
            return (self.dates[0], self.times[0]) <= (date, time) <= (self.dates[1], self.times[1])
        if self.dates:
            return self.dates[0] <= date <= self.dates[1]
        return self.times is None or self.times[0] <= time <= self.times[1]


@dataclass(frozen=True, slots=True)
class StationCheck:
    """A station that has other names too."""

    asked: str
    stations: tuple[str, ...]

    @property
    def tags(self) -> tuple[int, ...]:
        """See `Check`."""
        return (STATION,)

    def found(self, item: Item) -> str:
        """See `Check`."""
        return str(step_of(item)[STATION])

    def fits(self, item: Item) -> bool:
        """See `Check`."""
        return not set(self.stations).isdisjoint(self.found(item).split("\\"))


def checks_of(keys: Sequence[Key], *, is_of_step: bool) -> Iterator[TextCheck | SequenceCheck]:
    """Give the checks of keys that restrict; raises MalformedQuery."""
    for key in keys:
        if key.keys is not None:
            if key.tag != SEQUENCE and restricts(key):
                yield SequenceCheck(key.tag, key.keys, is_of_step)
                for _ in checks_of(key.keys, is_of_step=False):
                    pass  # each is looked at before anything is answered
        elif not is_universal(key.value):
            _check_form(key)
            yield TextCheck(key.tag, key.value, is_of_step)


def start_check(keys: Mapping[int, Key]) -> StartCheck | None:
    """Give the check of start date and time, None where neither restricts; raises MalformedQuery."""
    date, time = (_text(keys.get(tag)) for tag in (START_DATE, START_TIME))
    if not date and not time:
        return None
    dates = _range(START_DATE, date) if date else None
    times = _range(START_TIME, time) if time else None
    return StartCheck(dates, times, f"{date or 'any date'} {time or 'any time'}")


def restricts(key: Key) -> bool:
    """Tell whether a key has a value, or one of the keys it holds."""
    return any(map(restricts, key.keys)) if key.keys is not None else not is_universal(key.value)


def _text(key: Key | None) -> str:
    return "" if key is None or is_universal(key.value) else key.value


def _check_form(key: Key) -> None:
    if vr_of(key.tag) in _RANGED:
        for part in filter(None, key.value.split("\\")):
            _range(key.tag, part)


def _range(tag: int, value: str) -> tuple[str, str]:
    vr = vr_of(tag)
    try:
        return range_of(vr, value)
    except MalformedKey as error:
        raise MalformedQuery(tag, f"is no {'date' if vr == 'DA' else 'time'} and no range of them") from error
