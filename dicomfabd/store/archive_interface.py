"""What the index of the built-in archive promises; the archive, the window and the commands see only this."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from dicomfabd.domain.commitment import CommitmentRequest


class Level(StrEnum):
    """Query/Retrieve level, outermost first (PS3.4 C.6.1.1)."""

    PATIENT = "PATIENT"
    STUDY = "STUDY"
    SERIES = "SERIES"
    IMAGE = "IMAGE"


Attributes = Mapping[str, str]
"""DICOM keyword → value as text, several joined by backslashes; a sequence is a JSON list of such mappings."""


@dataclass(frozen=True, slots=True)
class ArchivedInstance:
    """One instance to enter, and what it says of each level.

    Attributes:
        instance_id: Number that names its file.
        size: Of the file, in bytes.
    """

    instance_id: int
    patient: Attributes
    study: Attributes
    series: Attributes
    image: Attributes
    transfer_syntax_uid: str
    size: int


@dataclass(frozen=True, slots=True)
class StoredInstance:
    """One instance as it lies there.

    Attributes:
        transfer_syntax_uid: Empty for one entered before it was noted; the file says it.
        size: Of the file, in bytes.
    """

    instance_id: int
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    size: int


@dataclass(frozen=True, slots=True)
class Condition:
    """What one attribute must be.

    Attributes:
        values: One of these, exactly.
        patterns: Or one of these, where `*` stands for any text and `?` for any character.
        between: Or within these, ends included.
    """

    values: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    between: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ArchiveQuery:
    """Which rows of a level are wanted.

    Attributes:
        level: What a row stands for.
        conditions: DICOM keyword → condition, for attributes of `INDEXED` at this level or above; PatientName is in
            the form `dimse.matching.fold` gives.
        computed: Attributes of `COMPUTED` to give with each row; each costs a look at what is below it.
        text: Words that each stand somewhere in patient, accession number or description of a study.
        order: Rows by this attribute of `SORTED`, those alike in the order they came; empty is in the order they came.
        is_newest_first: Rows in that order, or the other way round.
        after: `StudyPlace` of a row; only those that follow it, be it still there or not.
        limit: Most rows; None is all.
        offset: Rows to leave out at the beginning.
    """

    level: Level
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    computed: frozenset[str] = frozenset()
    text: str = ""
    order: str = ""
    is_newest_first: bool = False
    after: str = ""
    limit: int | None = None
    offset: int = 0

    @classmethod
    def of(cls, level: Level, uid: str) -> "ArchiveQuery":
        """Give the query for one row by its unique key."""
        return cls(level, {UNIQUE_KEYS[level]: Condition(values=(uid,))})


UNIQUE_KEYS: Mapping[Level, str] = {
    Level.PATIENT: "PatientID",
    Level.STUDY: "StudyInstanceUID",
    Level.SERIES: "SeriesInstanceUID",
    Level.IMAGE: "SOPInstanceUID",
}
"""Level → attribute that names one of its rows (PS3.4 C.6.1.1)."""

INDEXED: Mapping[Level, frozenset[str]] = {
    Level.PATIENT: frozenset({"PatientID", "PatientName"}),
    Level.STUDY: frozenset({"StudyInstanceUID", "AccessionNumber", "StudyDate", "ModalitiesInStudy"}),
    Level.SERIES: frozenset({"SeriesInstanceUID", "Modality"}),
    Level.IMAGE: frozenset({"SOPInstanceUID", "SOPClassUID"}),
}
"""Level → attributes its rows may be searched by; those of the levels above too."""

COMPUTED: Mapping[Level, frozenset[str]] = {
    Level.PATIENT: frozenset(
        {"NumberOfPatientRelatedStudies", "NumberOfPatientRelatedSeries", "NumberOfPatientRelatedInstances"}
    ),
    Level.STUDY: frozenset(
        {
            "ModalitiesInStudy",
            "SOPClassesInStudy",
            "NumberOfStudyRelatedSeries",
            "NumberOfStudyRelatedInstances",
            "StudySize",
            "StudyReceivedAt",
            "StudyPlace",
        }
    ),
    Level.SERIES: frozenset({"NumberOfSeriesRelatedInstances", "SeriesSize"}),
    Level.IMAGE: frozenset({"AvailableTransferSyntaxUID", "InstanceSize"}),
}
"""Level → what the index knows beyond the attributes of the instances; those of the levels above too.

Sizes (bytes), StudyReceivedAt (Unix seconds) and StudyPlace (in the order of the query, opaque) are ours, the others
are DICOM keywords.
"""

SORTED: frozenset[str] = frozenset({"PatientName", "PatientID", "StudyDate", "AccessionNumber"})
"""Attributes studies may be sorted by."""


@dataclass(frozen=True, slots=True)
class PendingCommitment:
    """A request for storage commitment whose report has not gone out yet; times are Unix seconds."""

    request: CommitmentRequest
    ae_title: str
    asked_at: float
    attempt: int


class CommitmentBook(Protocol):
    """Keeps what others asked the archive to commit to, until it is reported. Thread-safe."""

    def ask(self, request: CommitmentRequest, ae_title: str, due_at: float) -> None:
        """Keep a request, durably; one with the same transaction UID and AE title is kept once."""

    def due(self, now: float) -> PendingCommitment | None:
        """Give the request that has been due for the longest, or None."""

    def next_due(self) -> float | None:
        """Give when the next is due, or None when there is none."""

    def postpone(self, pending: PendingCommitment, due_at: float) -> None:
        """Note one more attempt, and when the next is due."""

    def settle(self, pending: PendingCommitment) -> None:
        """Forget a request."""


class ArchiveIndex(CommitmentBook, Protocol):
    """Knows which instances the built-in archive holds. Thread-safe."""

    def highest_id(self) -> int:
        """Give the highest number an instance has; 0 if there is none."""

    def add(self, instances: Sequence[ArchivedInstance]) -> list[bool]:
        """Enter instances, durably and in one commit.

        Returns:
            For each whether it is new; False if its SOP Instance UID is there already.
        """

    def find(self, query: ArchiveQuery) -> Iterator[Attributes]:
        """Give the rows of a level, a few hundred in memory at a time: its attributes and those of the levels above.

        Raises:
            ValueError: `after` is no place of the query's order.
        """

    def instances(self, query: ArchiveQuery) -> Iterator[StoredInstance]:
        """Give the instances below the rows of a level, in the order they came; limit and offset count instances."""

    def remove(self, query: ArchiveQuery, received_before: float | None = None) -> list[int]:
        """Strike out the instances below the rows of a level, and what is left empty.

        Args:
            query: Which; its limit and offset do not count.
            received_before: Only of studies whose newest instance came before, in Unix seconds.

        Returns:
            The numbers of their files.
        """

    def oldest_study(self, before: float) -> str | None:
        """Give the UID of the study nothing came for since the longest time, if its newest instance came before."""

    def size(self) -> int:
        """Give how many bytes all files have."""

    def known_ids(self, first: int, last: int) -> frozenset[int]:
        """Give the numbers in first ≤ number ≤ last that instances have."""
