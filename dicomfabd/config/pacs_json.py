"""Reads the `pacs_config.json` of dicom-fabricator, in each form it has had, as destinations.

Nothing is guessed in silence: every entry says what was done with it and which of its keys were left out.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import from_json

from dicomfabd.config.errors import ConfigError, Finding, find
from dicomfabd.config.sections import DestinationSection

LARGEST_FILE: Final = 4 << 20
MOST_ENTRIES: Final = 1000

_CONTAINERS: Final = ("pacs_configs", "configs", "pacs_config", "pacs", "configurations", "servers")
_AET_KEYS: Final = ("aet_store", "aet_find", "aet_echo")
_HISTORY: Final = ("created_date", "modified_date", "last_tested", "test_status", "test_message")
_READ: Final = frozenset(
    {"id", "name", "description", "host", "port", "aet", "aec", "environment", "is_active", "move_routing", *_AET_KEYS}
)
_ENVIRONMENTS: Final = {"": "test", "test": "test", "testing": "test", "prod": "prod", "production": "prod"}
_NOT_TRUE: Final = frozenset({"false", "no", "off", "0", ""})
_LONGEST_NAME: Final = 32
_LONGEST_DESCRIPTION: Final = 200
_LONGEST_SHOWN: Final = 64


@dataclass(frozen=True, slots=True)
class Entry:
    """One PACS of the file.

    Attributes:
        original: Its name there, or its ID where it has none.
        name: Its name here.
        section: The destination it becomes; None if it is refused.
        faults: Why it is refused.
        notes: What was changed or left out.
    """

    original: str
    name: str
    section: DestinationSection | None
    faults: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Draft:
    original: str
    name: str
    entry: Mapping[str, Any]
    notes: list[str] = field(default_factory=list)

    def text(self, key: str) -> str:
        value = self.entry.get(key)
        return "" if value is None else str(value).strip()


def read_pacs_json(data: bytes, reserved: frozenset[str]) -> list[Entry]:
    """Give the entries of a file, in its order.

    Args:
        data: The file: a list or an object by ID, bare or under a key; AE titles as `aet`, or one for each purpose.
        reserved: Names no entry may get.

    Raises:
        ConfigError: It is no such file; says why.
    """
    if len(data) > LARGEST_FILE:
        raise ConfigError(f"has more than {LARGEST_FILE} bytes. Name a pacs_config.json.")
    try:
        content = from_json(data.removeprefix(b"\xef\xbb\xbf"))
    except ValueError as error:
        raise ConfigError(f"is not JSON: {error}") from error
    pairs = list(_pairs(content))
    if len(pairs) > MOST_ENTRIES:
        raise ConfigError(f"has more than {MOST_ENTRIES} entries. Split it.")
    names: dict[str, str] = {}
    taken = set(reserved)
    drafts: list[_Draft] = []
    for number, (key, entry) in enumerate(pairs, start=1):
        is_object = isinstance(entry, Mapping)
        original = _shown(entry.get("name") if is_object else "") or _shown(key) or f"entry {number}"
        name = _name(original, taken)
        taken.add(name)
        drafts.append(_Draft(original, name, entry if is_object else {}))
        names.update({one: name for one in (str(key), drafts[-1].text("id")) if one})
    return [_entry(draft, names) for draft in drafts]


def _pairs(content: Any) -> Iterator[tuple[str, Any]]:
    """Give IDs, empty where there are none, and entries."""
    if isinstance(content, Mapping):
        inner = next((content[key] for key in _CONTAINERS if isinstance(content.get(key), Mapping | list)), None)
        if inner is not None:
            yield from _pairs(inner)
        elif "host" in content:
            yield "", content
        elif all(isinstance(value, Mapping) for value in content.values()):
            yield from content.items()
        else:
            raise ConfigError("holds no PACS. Name a pacs_config.json: a list, or an object by ID.")
    elif isinstance(content, list):
        yield from (("", entry) for entry in content)
    else:
        raise ConfigError("holds no PACS. Name a pacs_config.json: a list, or an object by ID.")


def _entry(draft: _Draft, names: Mapping[str, str]) -> Entry:
    if not draft.entry:
        fault = Finding("", "is not an object with keys", "Mend it in a copy of the file.")
        return Entry(draft.original, draft.name, None, (fault,))
    values = {
        "name": draft.name,
        "host": draft.text("host"),
        "port": draft.text("port"),
        "ae_title": draft.text("aec"),
        "description": _description(draft),
        "environment": _environment(draft),
        "active": str(draft.entry.get("is_active", True)).strip().lower() not in _NOT_TRUE,
        **_ae_titles(draft),
        "move_ae_titles": _routes(draft, names),
    }
    left_out = sorted(_shown(key) for key in draft.entry if key not in _READ)
    if left_out:
        draft.notes.append(f"left out: {', '.join(left_out)}{_why(left_out)}")
    try:
        section = DestinationSection.model_validate(values)
    except ValidationError as error:
        faults = tuple(find(problem, DestinationSection) for problem in error.errors())
        return Entry(draft.original, draft.name, None, faults, tuple(draft.notes))
    return Entry(draft.original, draft.name, section, (), tuple(draft.notes))


def _ae_titles(draft: _Draft) -> dict[str, Any]:
    """Give our own AE titles: one, and others only where they differ."""
    if not any(key in draft.entry for key in _AET_KEYS):
        return {"calling_ae_title": draft.text("aet")} if draft.text("aet") else {}
    own = {key: draft.text(key) for key in _AET_KEYS}
    main = own["aet_store"] or own["aet_find"] or own["aet_echo"]
    titles: dict[str, Any] = {"calling_ae_title": main} if main else {}
    for key in ("aet_find", "aet_echo"):
        if own[key] and own[key] != main:
            titles[f"{key.removeprefix('aet_')}_ae_title"] = own[key]
    if not own["aet_store"]:
        titles["receives_orders"] = False
        draft.notes.append("aet_store is blank: no study is sent there")
    return titles


def _environment(draft: _Draft) -> str:
    given = draft.text("environment").lower()
    if given == "both":
        draft.notes.append("environment both: taken for test")
        return "test"
    if given not in _ENVIRONMENTS:
        draft.notes.append("environment is none we know: taken for prod, which gets nothing by itself")
    return _ENVIRONMENTS.get(given, "prod")


def _routes(draft: _Draft, names: Mapping[str, str]) -> dict[str, str]:
    routes = draft.entry.get("move_routing")
    titles: dict[str, str] = {}
    for receiver, ae_title in routes.items() if isinstance(routes, Mapping) else ():
        if not ae_title:
            continue  # the fabricator's way to say that there is no route
        if receiver in names:
            titles[names[receiver]] = str(ae_title).strip()
        else:
            draft.notes.append(f"move_routing to {_shown(receiver)}: there is no such entry; left out")
    return titles


def _description(draft: _Draft) -> str:
    text = ": ".join(part for part in (draft.original, draft.text("description")) if part)
    plain = "".join(c if c.isprintable() else " " for c in text)
    if len(plain) > _LONGEST_DESCRIPTION:
        draft.notes.append("description is longer than 200 characters and was cut")
    return plain[:_LONGEST_DESCRIPTION]


def _why(left_out: Sequence[str]) -> str:
    whys = []
    if "is_default" in left_out:
        whys.append("what is sent where is said by receives_orders and routes")
    if any(key in left_out for key in _HISTORY):
        whys.append("its history is not ours")
    return f" ({'; '.join(whys)})" if whys else ""


def _name(original: str, taken: set[str]) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", original.lower()).strip("-")[:_LONGEST_NAME].rstrip("-") or "pacs"
    number, name = 1, slug
    while name in taken:
        number += 1
        ending = f"-{number}"
        name = slug[: _LONGEST_NAME - len(ending)] + ending
    return name


def _shown(value: Any) -> str:
    return "".join(c for c in str(value or "")[:_LONGEST_SHOWN] if c.isprintable()).strip()
