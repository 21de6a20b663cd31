"""Studies as files for people: a ZIP, written while it is read, or a folder; named by numbers only."""

import zipfile
from collections.abc import Iterator
from io import RawIOBase
from pathlib import Path
from shutil import copyfileobj
from typing import Any, Final

from dicomfabd.archive.shelf import Shelf
from dicomfabd.store.archive_interface import ArchiveIndex, ArchiveQuery, Condition

_CHUNK_BYTES: Final = 1 << 18


class Exporter:
    """Gives the files below a row of the index."""

    def __init__(self, index: ArchiveIndex, shelf: Shelf) -> None:
        """Take where they are."""
        self._index = index
        self._shelf = shelf

    def files(self, query: ArchiveQuery) -> Iterator[tuple[str, Path]]:
        """Give name and path of each file: `series001/00001.dcm`, numbered in the order they came.

        A query that names several studies gives each a folder: `study001/series001/00001.dcm`.
        """
        has_several = len(query.conditions.get("StudyInstanceUID", Condition()).values) > 1
        studies: dict[str, int] = {}
        series: dict[tuple[str, str], int] = {}
        series_of: dict[str, int] = {}
        counts: dict[tuple[str, str], int] = {}
        for instance in self._index.instances(query):
            study, uid = instance.study_instance_uid, (instance.study_instance_uid, instance.series_instance_uid)
            counts[uid] = counts.get(uid, 0) + 1
            if uid not in series:
                series[uid] = series_of[study] = series_of.get(study, 0) + 1
            folder = f"study{studies.setdefault(study, len(studies) + 1):03d}/" if has_several else ""
            yield f"{folder}series{series[uid]:03d}/{counts[uid]:05d}.dcm", self._shelf.path(instance.instance_id)

    def zipped(self, query: ArchiveQuery) -> Iterator[bytes]:
        """Give the bytes of a ZIP, not compressed; what is deleted meanwhile is not in it."""
        pipe = _Pipe()
        with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
            for name, path in self.files(query):
                try:
                    source = path.open("rb")
                except FileNotFoundError:
                    continue
                entry = zipfile.ZipInfo(name)
                entry.file_size = path.stat().st_size  # says whether it needs the large form
                with source, archive.open(entry, "w") as target:
                    while chunk := source.read(_CHUNK_BYTES):
                        target.write(chunk)
                        yield pipe.take()
        yield pipe.take()

    def write_folder(self, query: ArchiveQuery, folder: Path) -> int:
        """Copy the files into a folder, which is made, and give how many."""
        amount = 0
        for name, path in self.files(query):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            with path.open("rb") as source, (folder / name).open("xb") as target:
                copyfileobj(source, target)
            amount += 1
        return amount


class _Pipe(RawIOBase):
    """Takes what is written and gives it away."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(self._parts[-1])

    def take(self) -> bytes:
        """Give what was written since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)
