"""The query/retrieve information models: which levels there are, and which unique keys they need (PS3.4 C.6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydicom.dataset import Dataset

from dicomfabd.archive.query import MOST_VALUES
from dicomfabd.dimse.matching import MalformedKey
from dicomfabd.dimse.query import text_at
from dicomfabd.store.archive_interface import UNIQUE_KEYS, ArchiveQuery, Condition, Level

_NOT_SINGLE: Final = frozenset("*?\\")


@dataclass(frozen=True, slots=True)
class Model:
    """An information model."""

    levels: tuple[Level, ...]

    def level_of(self, identifier: Dataset) -> Level:
        """Give the level an identifier asks at.

        Raises:
            MalformedKey: There is none, or a unique key of a level above has not a single value (C.4.1.2.1).
        """
        name = text_at(identifier, "QueryRetrieveLevel")
        if name not in self.levels:
            raise MalformedKey(f"QueryRetrieveLevel is not one of {', '.join(self.levels)}")
        level = Level(name)
        for above in self.levels[: self.levels.index(level)]:
            keyword = UNIQUE_KEYS[above]
            value = text_at(identifier, keyword)
            if not value or set(value) & _NOT_SINGLE:
                raise MalformedKey(f"{keyword} is needed with a single value at level {level}")
        return level

    def retrieval_of(self, identifier: Dataset) -> ArchiveQuery:
        """Give what an identifier of C-MOVE or C-GET names: by unique keys alone (C.4.2.1.4).

        Raises:
            MalformedKey: It names nothing, too much or with wildcards.
        """
        level = self.level_of(identifier)
        conditions = {}
        for one in self.levels[: self.levels.index(level) + 1]:
            keyword = UNIQUE_KEYS[one]
            text = text_at(identifier, keyword)
            values = tuple(part.strip() for part in text.split("\\") if part.strip())
            if not values or len(values) > MOST_VALUES or set(text) & {"*", "?"}:
                raise MalformedKey(f"{keyword} has to name what to retrieve")
            conditions[keyword] = Condition(values=values)
        return ArchiveQuery(level, conditions)


PATIENT_ROOT: Final = Model(tuple(Level))
STUDY_ROOT: Final = Model((Level.STUDY, Level.SERIES, Level.IMAGE))

FIND: Final[Mapping[str, Model]] = {
    "1.2.840.10008.5.1.4.1.2.1.1": PATIENT_ROOT,
    "1.2.840.10008.5.1.4.1.2.2.1": STUDY_ROOT,
}
MOVE: Final[Mapping[str, Model]] = {
    "1.2.840.10008.5.1.4.1.2.1.2": PATIENT_ROOT,
    "1.2.840.10008.5.1.4.1.2.2.2": STUDY_ROOT,
}
GET: Final[Mapping[str, Model]] = {
    "1.2.840.10008.5.1.4.1.2.1.3": PATIENT_ROOT,
    "1.2.840.10008.5.1.4.1.2.2.3": STUDY_ROOT,
}
"""SOP class UID → model (PS3.4 C.6.1.3, C.6.2.3)."""
