"""What a DICOM listener offers, as plain functions: requests, answers and statuses, nothing of PDUs.

Every function runs on a thread and may block. What it raises as `Refusal` is the status the peer gets; anything else
is a bug, answered as a processing failure.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from pydicom.dataset import Dataset

from dicomfabd.domain.commitment import CommitmentReport, CommitmentRequest
from dicomfabd.domain.performed import Attributes

SUCCESS: Final = 0x0000
CANCELLED: Final = 0xFE00
PENDING: Final = 0xFF00
PENDING_UNSUPPORTED_KEYS: Final = 0xFF01
INVALID_ATTRIBUTE_VALUE: Final = 0x0106
ATTRIBUTE_LIST_ERROR: Final = 0x0107
PROCESSING_FAILURE: Final = 0x0110
DUPLICATE_INSTANCE: Final = 0x0111
NO_SUCH_INSTANCE: Final = 0x0112
NO_SUCH_EVENT: Final = 0x0113
INVALID_ARGUMENT: Final = 0x0115
INVALID_INSTANCE: Final = 0x0117
MISSING_ATTRIBUTE: Final = 0x0120
MISSING_ATTRIBUTE_VALUE: Final = 0x0121
SOP_CLASS_NOT_SUPPORTED: Final = 0x0122
NO_SUCH_ACTION: Final = 0x0123
UNRECOGNIZED_OPERATION: Final = 0x0211
OUT_OF_RESOURCES: Final = 0xA700
SUB_OPERATIONS_FAILED: Final = 0xA702
MOVE_DESTINATION_UNKNOWN: Final = 0xA801
IDENTIFIER_DOES_NOT_MATCH: Final = 0xA900
SUB_OPERATIONS_WARNING: Final = 0xB000
CANNOT_UNDERSTAND: Final = 0xC000
_GENERAL_WARNINGS: Final = frozenset({0x0001, 0x0107, 0x0116})  # PS3.7 Annex C.4


class Refusal(Exception):  # noqa: N818 - an answer, not a bug
    """A request gets a failure status (PS3.4 for the service), with a comment of at most 64 characters."""

    def __init__(
        self, status: int, comment: str, offending: int = 0, more: Mapping[int, int | bytes] | None = None
    ) -> None:
        """Take what the peer is told.

        Args:
            status: Of the response.
            comment: For people.
            offending: Tag of what it is about; 0 is nothing in particular.
            more: Further elements of the response (PS3.7 Annex C).
        """
        super().__init__(comment)
        self.status = status
        self.comment = comment[:64]
        self.offending = offending
        self.more = more


@dataclass(frozen=True, slots=True)
class Peer:
    """Who asks; AE titles without padding."""

    calling_ae_title: str
    called_ae_title: str
    address: str


@dataclass(frozen=True, slots=True)
class StoreRequest:
    """An instance to keep; `dataset` is encoded in the transfer syntax, without file meta information."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    dataset: bytes


@dataclass(frozen=True, slots=True)
class SubOperations:
    """How far a C-MOVE or C-GET has come (PS3.4 C.4.2.1.6, C.4.3.1.4).

    Attributes:
        failed_uids: SOP Instance UIDs that could not be sent, so far.
    """

    remaining: int
    completed: int
    failed: int
    warned: int
    failed_uids: tuple[str, ...] = ()

    def after(self, sop_instance_uid: str, status: int | None) -> "SubOperations":
        """Count one more instance; a status of None is one that could not be sent."""
        remaining = max(0, self.remaining - 1)
        if status == SUCCESS:
            return replace(self, remaining=remaining, completed=self.completed + 1)
        if status is not None and (status >> 12 == 0xB or status in _GENERAL_WARNINGS):
            return replace(self, remaining=remaining, warned=self.warned + 1)
        failed_uids = (*self.failed_uids, sop_instance_uid)
        return replace(self, remaining=remaining, failed=self.failed + 1, failed_uids=failed_uids)


def _not_otherwise(_transfer_syntax_uid: str) -> bytes | None:
    return None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An instance a C-GET sends back; `dataset` is as in `StoreRequest`.

    Attributes:
        recode: Gives the data set in another transfer syntax, or None where that is not possible.
    """

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    dataset: bytes
    recode: Callable[[str], bytes | None] = _not_otherwise


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What a C-GET has to send: how many instances, and each when its turn comes."""

    total: int
    instances: Iterable[Outgoing]


class Search(Protocol):
    """A query whose answers come encoded, a batch at a time.

    Attributes:
        is_quick: True where a batch is found by an index in less time than a thread would take to be woken; it is
            asked for on the event loop then.
        is_done: True once there are no more.
    """

    is_quick: bool
    is_done: bool

    def next(self) -> list[tuple[int, bytes]]:
        """Give more answers, pending status and identifier; not so many that a C-CANCEL would come much too late."""

    def close(self, status: int) -> None:
        """Note the status of the final response."""


Answer = tuple[int, Dataset]
FindHandler = Callable[[Dataset, Peer], Iterable[Answer]]
SearchHandler = Callable[[bytes, str, Peer], Search]
StoreHandler = Callable[[StoreRequest, Peer], None]
MoveHandler = Callable[[Dataset, Peer, str, int], Iterator[SubOperations]]
GetHandler = Callable[[Dataset, Peer], Retrieval]
CommitHandler = Callable[[CommitmentRequest, Peer], None]
ReportHandler = Callable[[CommitmentReport, Peer], None]
CreateHandler = Callable[[str, Attributes, Peer], None]
SetHandler = Callable[[str, Attributes, Peer], tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class PerformedHandlers:
    """Who takes what modalities say of performed procedure steps; either may also raise StepRefused.

    Attributes:
        create: Keeps a step under its SOP Instance UID.
        set: Changes one, and gives the tags of what may not be set and was left as it is.
    """

    create: CreateHandler
    set: SetHandler


@dataclass(frozen=True, slots=True)
class Services:
    """What a listener offers besides C-ECHO.

    Attributes:
        find: SOP class UID → function that gives pending answers.
        search: SOP class UID → function that begins a search, given identifier and transfer syntax; on the event loop.
        store: Keeps an instance durably.
        move: SOP class UID → function that sends instances to an AE title; gets identifier, peer, that title, and the
            message ID of the request. Its first word comes before anything is sent, then one for each instance.
        get: SOP class UID → function that finds what to send back.
        commit: Takes a request for storage commitment; its report goes out later, on an association of its own.
        report: Takes another's report on what we asked it to commit.
        performed: Takes what modalities say of performed procedure steps.
    """

    find: Mapping[str, FindHandler] = field(default_factory=dict)
    search: Mapping[str, SearchHandler] = field(default_factory=dict)
    store: StoreHandler | None = None
    move: Mapping[str, MoveHandler] = field(default_factory=dict)
    get: Mapping[str, GetHandler] = field(default_factory=dict)
    commit: CommitHandler | None = None
    report: ReportHandler | None = None
    performed: PerformedHandlers | None = None
