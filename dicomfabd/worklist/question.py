"""What one query asks: narrowed down by what the store has indexes for, and tested key by key."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from dicomfabd.dimse.keys import Identifier, Key, name_of, vr_of
from dicomfabd.dimse.matching import fold_groups, is_universal
from dicomfabd.domain.order import StepStatus
from dicomfabd.store.worklist_interface import ItemQuery
from dicomfabd.worklist.checks import (
    MODALITY,
    START_DATE,
    START_TIME,
    Check,
    StartCheck,
    StationCheck,
    TextCheck,
    checks_of,
    start_check,
)
from dicomfabd.worklist.items import OF_STEP, SEQUENCE, STATION, Item
from dicomfabd.worklist.profiles import Profile

_ACCESSION, _PATIENT, _NAME, _STUDY = 0x00080050, 0x00100020, 0x00100010, 0x0020000D
_STEP_ID, _STATUS = 0x00400009, 0x00400020
# Of these an index or a column gives exactly what matches, as long as no wildcard is asked for.
_COLUMNS: Final = {
    _ACCESSION: "accession_numbers",
    _PATIENT: "patient_ids",
    _STUDY: "study_instance_uids",
    MODALITY: "modalities",
    STATION: "stations",
    _STEP_ID: "step_ids",
}
_MOST_NAME_PARTS: Final = 8  # each is a condition more, of which a statement can hold a thousand
_MOST_DAYS: Final = 7  # of one station's items that may be looked through while everybody else waits


@dataclass(frozen=True, slots=True)
class Narrowed:
    """How the store is asked.

    Attributes:
        query: What it is asked.
        checks: What it cannot decide; each item it gives is still to be tested with these.
        is_quick: True where it seeks in an index and hardly looks at an item that does not match.
    """

    query: ItemQuery
    checks: tuple[Check, ...]
    is_quick: bool


def done_since(now: float, keep_done_s: float) -> float:
    """Give the Unix time since when an item must have been over to be shown still."""
    # Keeping them for 0 s means that none of them is over late enough.
    return now - keep_done_s if keep_done_s else float("inf")


class Question:
    """One query, as its profile has it understood.

    Attributes:
        keys: What is asked for, as it was sent.
        checks: Every key that restricts.
        station: What an item that is found under another name of its station is shown under; empty where none is.
    """

    def __init__(self, identifier: Identifier, profile: Profile) -> None:
        """Read the keys; raises MalformedQuery."""
        self.identifier = identifier
        self.profile = profile
        self.keys = identifier.keys
        self.station = ""
        self.checks = tuple(self._read())

    @cached_property
    def names(self) -> list[str]:
        """Keywords of the keys that restrict, for the log; never their values."""
        return [name_of(tag) for check in self.checks for tag in check.tags]

    def fits(self, item: Item) -> bool:
        """Tell whether an item matches every key."""
        return all(check.fits(item) for check in self.checks)

    def narrow(self, done_since: float) -> Narrowed:
        """Give what to ask the store; items that are over count only since a Unix time."""
        query = ItemQuery(self.profile.statuses, done_since, labels=self.profile.labels)
        rest: list[Check] = []
        for check in self.checks:
            narrower = _narrower(query, check)
            if narrower is None or (isinstance(check, TextCheck) and check.tag == _NAME):
                rest.append(check)
            query = narrower or query
        return Narrowed(query, tuple(rest), not rest and _is_quick(query))

    def _read(self) -> list[Check]:
        top = {key.tag: key for key in self.keys}
        sequence = top.pop(SEQUENCE, None)
        step = {key.tag: key for key in (sequence.keys if sequence else None) or ()}
        for tag, value in self.profile.replaced.items():
            level = step if tag in OF_STEP else top
            level[tag] = Key(tag, vr_of(tag), value)
        for tag in self.profile.ignored:
            top.pop(tag, None)
            step.pop(tag, None)
        found: list[Check] = []
        if start := start_check(step):
            found.append(start)
        if station := self._station_check(step):
            found.append(station)
        for tag in (START_DATE, START_TIME, STATION):
            if tag != STATION or station:
                step.pop(tag, None)
        found += checks_of(tuple(top.values()), is_of_step=False)
        found += checks_of(tuple(step.values()), is_of_step=True)
        return found

    def _station_check(self, step: dict[int, Key]) -> StationCheck | None:
        """Give the check of a station with other names, None where the key stands for itself."""
        own = self.profile.own_stations
        key = step.get(STATION)
        asked = "" if key is None or is_universal(key.value) else key.value
        if self.profile.calling_as_station:
            self.station = own[0]
            return StationCheck(own[0], own)
        if len(own) > 1 and asked in own:
            self.station = asked
            return StationCheck(asked, tuple(dict.fromkeys((asked, *own))))
        return None


def _narrower(query: ItemQuery, check: Check) -> ItemQuery | None:
    """Give a query restricted by a check, or None where the store cannot tell."""
    if isinstance(check, StartCheck):
        return _within(query, check)
    if isinstance(check, StationCheck):
        return replace(query, stations=check.stations)
    if not isinstance(check, TextCheck):
        return None
    if check.tag == _NAME:
        return replace(query, name_parts=_name_parts(check.value))
    values = _exact(check.value)
    if values and check.tag == _STATUS:
        return replace(query, statuses=query.statuses & {status for status in StepStatus if status in values})
    if values and (column := _COLUMNS.get(check.tag)):
        return replace(query, **{column: values})  # type: ignore[arg-type] # these fields hold texts
    return None


def _exact(value: str) -> tuple[str, ...]:
    """Give the values of a key without wildcards; nothing for one with them."""
    if set(value) & set("*?"):
        return ()
    return tuple(dict.fromkeys(filter(None, map(str.strip, value.split("\\")))))


def _name_parts(value: str) -> tuple[str, ...]:
    """Give what the folded name of every match holds; the longest parts, each of which is a condition for the store."""
    if "\\" in value:
        return ()
    parts = (fold_groups(part).strip("=") for part in value.replace("?", "*").split("*"))
    return tuple(sorted(dict.fromkeys(filter(None, parts)), key=len, reverse=True)[:_MOST_NAME_PARTS])


def _within(query: ItemQuery, check: StartCheck) -> ItemQuery:
    # A time without a fraction compares with those on file, which have none.
    first, last = (time.removesuffix(".000000") for time in check.times or ("000000", "235959.999999"))
    if check.dates is None:
        return replace(query, time_from=first, time_to=last)
    return replace(query, start_from=check.dates[0] + first, start_to=check.dates[1] + last)


def _is_quick(query: ItemQuery) -> bool:
    if query.accession_numbers or query.patient_ids or query.study_instance_uids or query.step_ids:
        return True
    if query.name_parts or query.time_from or query.labels:
        return False
    if not query.stations:
        return not query.modalities
    is_all_wanted = len(query.stations) == 1 and not query.modalities
    return is_all_wanted or _days(query) <= _MOST_DAYS


def _days(query: ItemQuery) -> int:
    """Give how many days of a month a query is about; far too many where it is more than that."""
    first, last = query.start_from, query.start_to
    return int(last[:8]) - int(first[:8]) + 1 if first and last else 1 << 30
