"""Who asks, and what is done differently for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Final

from pydicom.datadict import tag_for_keyword

from dicomfabd.config import ConfigError, ProfileSection, Worklist
from dicomfabd.domain.order import StepStatus

_REMEMBERED: Final = 4096  # pairs of AE titles


@dataclass(frozen=True, slots=True)
class Profile:
    """How one modality is answered; every choice made.

    Attributes:
        name: Of its section; `default` for everybody else.
        character_set: The only one it can show; empty lets the query decide.
        statuses: Items in these states are shown.
        labels: Only items with one of these worklist labels; empty is any.
        own_stations: Station AE titles that are this modality, its own first; empty where only the key says.
        calling_as_station: It sees its own stations' items whatever it asks.
        ignored: Tags of keys that do not restrict.
        replaced: Tag → the value its key is taken to have.
    """

    name: str
    character_set: str
    statuses: frozenset[StepStatus]
    labels: tuple[str, ...]
    max_answers: int
    own_stations: tuple[str, ...] = ()
    calling_as_station: bool = False
    ignored: frozenset[int] = frozenset()
    replaced: Mapping[int, str] = field(default_factory=dict)


class Profiles:
    """Chooses the profile of whoever asks.

    Attributes:
        everybody: For whom no section is.
    """

    def __init__(self, settings: Worklist, sections: Sequence[ProfileSection]) -> None:
        """Take the settings; raises ConfigError for a keyword that is none of DICOM."""
        self._settings = settings
        self._sections = [(section, _ignored(section), _replaced(section)) for section in sections]
        self.everybody = Profile("default", "", _statuses(settings.statuses), (), settings.max_answers)
        self.of = lru_cache(_REMEMBERED)(self._of)

    def _of(self, calling: str, called: str) -> Profile:
        """Give the profile for a calling and a called AE title."""
        settings = self._settings
        for section, ignored, replaced in self._sections:
            if _fits(section.calling_ae_titles, calling) and _fits(section.called_ae_titles, called):
                return Profile(
                    name=section.name,
                    character_set=section.character_set,
                    statuses=_statuses(section.statuses or settings.statuses),
                    labels=tuple(section.labels),
                    max_answers=section.max_answers or settings.max_answers,
                    own_stations=(calling, *section.aliases),
                    calling_as_station=section.calling_as_station,
                    ignored=ignored,
                    replaced=replaced,
                )
        return self.everybody


def _fits(patterns: Sequence[str], title: str) -> bool:
    # Brackets are letters here, not classes.
    return not patterns or any(fnmatchcase(title, pattern.replace("[", "[[]")) for pattern in patterns)


def _statuses(names: Sequence[str]) -> frozenset[StepStatus]:
    return frozenset(map(StepStatus, names))


def _ignored(section: ProfileSection) -> frozenset[int]:
    return frozenset(_tag(section, "ignore_keys", keyword) for keyword in section.ignore_keys)


def _replaced(section: ProfileSection) -> dict[int, str]:
    return {_tag(section, "set_keys", keyword): value for keyword, value in section.set_keys.items()}


def _tag(section: ProfileSection, key: str, keyword: str) -> int:
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise ConfigError(
            f'profiles.{section.name}.{key}: {keyword} is no DICOM keyword. Use one such as "PatientName".'
        )
    return tag
