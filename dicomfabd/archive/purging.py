"""Keeps the archive within its quota and its age, study by study, and clears up after a crash."""

import time
from collections.abc import Callable
from typing import Final

from dicomfabd.archive.housekeeping import Chore
from dicomfabd.archive.shelf import Shelf
from dicomfabd.config import Archive
from dicomfabd.store.archive_interface import ArchiveIndex, ArchiveQuery, Level
from dicomfabd.telemetry.journal import Journal

QUIET_S: Final = 120.0
"""A study something came for within this time is being received, and stays."""

_LOOK_EVERY_S: Final = 60.0
_DAY_S: Final = 86_400.0
_MB: Final = 1_000_000


class Purger:
    """Removes whole studies, those nothing came for since the longest time first; one a turn, on its own thread."""

    def __init__(
        self,
        settings: Archive,
        index: ArchiveIndex,
        shelf: Shelf,
        journal: Journal,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Prepare; `clock` gives Unix seconds."""
        self._settings = settings
        self._index = index
        self._shelf = shelf
        self._journal = journal
        self._clock = clock
        self._orphans = shelf.remove_orphans()
        self._has_swept = False
        self.chore = Chore("purge", self.turn, journal.archive_chore_failed)

    def turn(self) -> float:
        """Look through one folder for what a crash left, or remove one study; gives when to be called again."""
        if not self._has_swept:
            return self._sweep()
        now = self._clock()
        study, reason, before = self._too_old(now) or self._too_much(now) or ("", "", 0.0)
        if not study:
            return _LOOK_EVERY_S
        removed = self._shelf.remove(ArchiveQuery.of(Level.STUDY, study), received_before=before)
        if removed:
            self._journal.archive_purged(study, removed, reason)
        return 0.0

    def _sweep(self) -> float:
        removed = next(self._orphans, None)
        if removed:
            self._journal.archive_orphans_removed(removed)
        self._has_swept = removed is None
        return 0.0

    def _too_old(self, now: float) -> tuple[str, str, float] | None:
        before = now - max(self._settings.keep_days * _DAY_S, QUIET_S)
        study = self._index.oldest_study(before) if self._settings.keep_days else None
        return (study, "age", before) if study else None

    def _too_much(self, now: float) -> tuple[str, str, float] | None:
        quota = self._settings.quota_mb * _MB
        if not quota or self._index.size() <= quota:
            return None
        study = self._index.oldest_study(now - QUIET_S)
        return (study, "quota", now - QUIET_S) if study else None
