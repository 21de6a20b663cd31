"""What the window works with to show the archive, given by the composition root."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from dicomfabd.store.archive_interface import ArchiveIndex, ArchiveQuery, Level

Window = tuple[float, float, str]
"""Centre, width and function: `linear`, `linear-exact` or `sigmoid`."""


class Part(Protocol):
    """A part of a file, read when it is sent; reading may raise as the function that gave it."""

    @property
    def media_type(self) -> str:
        """Of the bytes, without parameters."""

    @property
    def transfer_syntax_uid(self) -> str:
        """Of pixel data; empty for anything else."""

    @property
    def content(self) -> Iterable[bytes]:
        """The bytes."""


@dataclass(frozen=True, slots=True)
class ArchiveDesk:
    """Roles and functions behind the archive's routes.

    Those that read a file raise OSError for one that is gone, LookupError for a part it does not have, and Permanent
    for what can never be given as it is asked for; the message says why.

    Attributes:
        path: Number of an instance → its file.
        remove: Removes what a query names; gives how many instances.
        zipped: Gives a ZIP of what a query names, piece by piece.
        search: (level, conditions, most, skipped, base URL) → DICOM JSON objects, and whether there are more; a
            condition is (name, value) as in QIDO-RS. Raises ValueError for one that is malformed.
        metadata: (file, URL of the instance) → DICOM JSON object.
        file_as: (file, transfer syntax or `*`) → a DICOM file in it, piece by piece.
        frames: (file, frame numbers from 1) → the frames as they are stored.
        raw_frame: (file, frame number) → the frame decompressed, little endian.
        bulk: (file, place of a value as `metadata` names it) → its bytes.
        render: (file, frame number, `image/jpeg` or `image/png`, window or None for its own, most columns and rows
            or None, JPEG quality) → the picture.
        document_in: File → the PDF it holds, or None.
        describe: File → what a viewer needs to know of it.
        values: (file, frame number) → the frame's values as `describe` names them, or its colours.
        elements: File → all its elements as a tree.
        report: File → the content of the structured report it is.
        origins: Other sites whose pages may read DICOMweb.
        viewer_url: Address of another viewer, with `{study_uid}` in it; empty is none.
    """

    index: ArchiveIndex
    path: Callable[[int], Path]
    remove: Callable[[ArchiveQuery], int]
    zipped: Callable[[ArchiveQuery], Iterator[bytes]]
    search: Callable[[Level, Sequence[tuple[str, str]], int, int, str], tuple[list[Mapping[str, object]], bool]]
    metadata: Callable[[Path, str], Mapping[str, object]]
    file_as: Callable[[Path, str], Iterator[bytes]]
    frames: Callable[[Path, Sequence[int]], Iterator[Part]]
    raw_frame: Callable[[Path, int], bytes]
    bulk: Callable[[Path, str], Iterator[Part]]
    render: Callable[[Path, int, str, Window | None, tuple[int, int] | None, int], bytes]
    document_in: Callable[[Path], bytes | None]
    describe: Callable[[Path], Mapping[str, Any]]
    values: Callable[[Path, int], bytes]
    elements: Callable[[Path], Mapping[str, Any]]
    report: Callable[[Path], Mapping[str, Any]]
    origins: Sequence[str] = ()
    viewer_url: str = ""
