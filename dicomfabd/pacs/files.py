"""Where downloaded instances go: a folder or a ZIP, in files named by numbers, never by anything that was received."""

import io
import zipfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import IO, Final, Protocol, cast

Buffer = bytes | memoryview

_PER_FOLDER: Final = 1000
_PIECE: Final = 1 << 18
_NOTE: Final = "INCOMPLETE.txt"


class InstanceFiles(Protocol):
    """Takes DICOM files one by one."""

    def take(self, parts: Sequence[Buffer]) -> None:
        """Keep one file, given in pieces; raises OSError where it cannot be kept."""

    def note(self, text: str) -> None:
        """Leave a text beside the files that says what is missing."""


class FolderFiles:
    """Files in a folder that was empty."""

    def __init__(self, folder: Path) -> None:
        """Make the folder; raises FileExistsError where there is something in it."""
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise FileExistsError(f"{folder}: is not empty. Name a new folder.")
        self._folder = folder
        self._number = 0

    def take(self, parts: Sequence[Buffer]) -> None:
        """See `InstanceFiles.take`; a file that could not be written whole is not left."""
        self._number += 1
        target = self._folder / _name(self._number)
        target.parent.mkdir(exist_ok=True)
        unfinished = target.with_suffix(".part")
        try:
            with unfinished.open("wb") as stream:
                stream.writelines(parts)
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)

    def note(self, text: str) -> None:
        """See `InstanceFiles.note`."""
        (self._folder / _NOTE).write_text(text + "\n", encoding="utf-8")


class ZipFiles:
    """Files in a ZIP, which may be written to a stream that cannot seek; use as a context manager."""

    def __init__(self, stream: IO[bytes] | io.RawIOBase) -> None:
        """Begin a ZIP on a stream, which stays open."""
        self._zip = zipfile.ZipFile(cast(IO[bytes], stream), "w", zipfile.ZIP_STORED)
        self._number = 0

    def __enter__(self) -> "ZipFiles":
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def take(self, parts: Sequence[Buffer]) -> None:
        """See `InstanceFiles.take`."""
        self._number += 1
        with self._zip.open(_entry(_name(self._number)), "w") as stream:
            for part in parts:
                for start in range(0, len(part), _PIECE):
                    stream.write(part[start : start + _PIECE])

    def note(self, text: str) -> None:
        """See `InstanceFiles.note`."""
        self._zip.writestr(_entry(_NOTE), text + "\n")


def _name(number: int) -> str:
    return f"{(number - 1) // _PER_FOLDER:03d}/{number:06d}.dcm"


def _entry(name: str) -> zipfile.ZipInfo:
    today = date.today()
    return zipfile.ZipInfo(name, (today.year, today.month, today.day, 0, 0, 0))
