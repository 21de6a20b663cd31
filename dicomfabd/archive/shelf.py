"""Where instances lie: files named by the index's own numbers, never by anything that was received."""

import contextlib
import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydicom.dataset import Dataset

from dicomfabd.archive.batching import GroupCommit
from dicomfabd.archive.keywords import values_of
from dicomfabd.dimse.part10 import file_header
from dicomfabd.dimse.services import StoreRequest
from dicomfabd.store.archive_interface import ArchivedInstance, ArchiveIndex, ArchiveQuery, Level

_PER_FOLDER: Final = 1000
_FLUSHES_FOLDERS: Final = os.name == "posix"


@dataclass(frozen=True, slots=True)
class _Written:
    """A file on disk that the index does not know yet."""

    folder: Path
    entry: ArchivedInstance


class Shelf:
    """Keeps instances: file first, then index, each flushed; success means it survives a power cut. Thread-safe."""

    def __init__(self, folder: Path, index: ArchiveIndex) -> None:
        """Use a folder, which is made."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._index = index
        self._entering = GroupCommit(self._enter)
        # Above the files too: a number is never given to two files, whatever a crash left behind.
        self._first_id = max(index.highest_id(), self._highest_file()) + 1
        self._ids = itertools.count(self._first_id)

    def keep(self, request: StoreRequest, attributes: Dataset) -> bool:
        """Keep an instance; False if it was there already.

        Raises:
            OSError: The disk is full or broken; nothing was kept.
            StoreUnavailable: The index cannot be written; nothing was kept.
        """
        known = self._index.instances(ArchiveQuery.of(Level.IMAGE, request.sop_instance_uid))
        if next(known, None) is not None:
            return False
        instance_id = next(self._ids)
        path = self.path(instance_id)
        size = self._write(path, request)
        entry = ArchivedInstance(
            instance_id,
            patient=values_of(attributes, Level.PATIENT),
            study=values_of(attributes, Level.STUDY),
            series=values_of(attributes, Level.SERIES),
            image=values_of(attributes, Level.IMAGE),
            transfer_syntax_uid=request.transfer_syntax_uid,
            size=size,
        )
        # Where it raises the file stays: the index may know it after all, once the disk is well again.
        is_new = self._entering.run(_Written(path.parent, entry))
        if not is_new:
            path.unlink(missing_ok=True)
        return is_new

    def path(self, instance_id: int) -> Path:
        """Give where an instance lies."""
        return self._folder / f"{instance_id // _PER_FOLDER:06d}" / f"{instance_id}.dcm"

    def remove(self, query: ArchiveQuery, received_before: float | None = None) -> int:
        """Remove the instances below the rows of a level, as `ArchiveIndex.remove`, and give how many.

        The index forgets them first: a crash in between leaves files that `remove_orphans` finds.
        """
        numbers = self._index.remove(query, received_before)
        for number in numbers:
            self.path(number).unlink(missing_ok=True)
        return len(numbers)

    def remove_orphans(self) -> Iterator[int]:
        """Remove the files no index knows, folder by folder; gives how many in each.

        They are what a crash left between file and index. Files of this run are left alone: theirs may come yet.
        """
        for folder in self._folders():
            numbers = [number for number in _numbers(folder) if number < self._first_id]
            known = self._index.known_ids(min(numbers), max(numbers)) if numbers else frozenset()
            orphans = [number for number in numbers if number not in known]
            for number in orphans:
                self.path(number).unlink(missing_ok=True)
            yield len(orphans)

    def _folders(self) -> list[Path]:
        return sorted(self._folder.glob("[0-9]*"))

    def _highest_file(self) -> int:
        return max((number for folder in self._folders()[-1:] for number in _numbers(folder)), default=0)

    def _write(self, path: Path, request: StoreRequest) -> int:
        if not path.parent.exists():
            path.parent.mkdir(exist_ok=True)
            _flush_folder(self._folder)
        header = file_header(request.sop_class_uid, request.sop_instance_uid, request.transfer_syntax_uid)
        try:
            with path.open("xb", buffering=0) as stream:
                for part in (header, request.dataset):
                    rest = memoryview(part)
                    while rest:
                        rest = rest[stream.write(rest) :]
                os.fsync(stream.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                path.unlink()
            raise
        return len(header) + len(request.dataset)

    def _enter(self, group: Sequence[_Written]) -> list[bool]:
        # The names of the files have to survive too, before the index speaks of them.
        for folder in {written.folder for written in group}:
            _flush_folder(folder)
        return self._index.add([written.entry for written in group])


def _numbers(folder: Path) -> list[int]:
    return [int(path.stem) for path in folder.glob("*.dcm") if path.stem.isdecimal()]


def _flush_folder(folder: Path) -> None:
    if _FLUSHES_FOLDERS:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
