"""C-MOVE and C-GET: which instances an identifier names, and sending them (PS3.4 C.4.2, C.4.3)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import Final, Protocol, Self

from pydicom.dataset import Dataset

from dicomfabd.archive.models import Model
from dicomfabd.archive.shelf import Shelf
from dicomfabd.archive.stored import PLAIN, Encoded, can_become, encoded_as, read_encoded, syntax_of
from dicomfabd.dimse.services import (
    IDENTIFIER_DOES_NOT_MATCH,
    MOVE_DESTINATION_UNKNOWN,
    OUT_OF_RESOURCES,
    SUB_OPERATIONS_FAILED,
    Outgoing,
    Peer,
    Refusal,
    Retrieval,
    SubOperations,
)
from dicomfabd.domain.errors import Permanent, Retryable
from dicomfabd.store.archive_interface import ArchiveIndex, StoredInstance
from dicomfabd.telemetry.journal import Journal

MOST_INSTANCES: Final = 100_000
"""Of one retrieval; their list is held in memory."""


class Sender(Protocol):
    """An association with the destination of a C-MOVE."""

    def transfer_syntax(self, abstract_syntax: str) -> str | None:
        """Give the transfer syntax the peer chose, or None if it takes no such objects."""

    def store(self, sop_class_uid: str, sop_instance_uid: str, parts: Sequence[bytes], origin: tuple[str, int]) -> int:
        """Send one instance and give the status; raises Retryable when the association breaks.

        `origin` is AE title and message ID of the C-MOVE (PS3.7 §9.1.1.1).
        """

    def release(self) -> None:
        """Release and close."""

    def abort(self) -> None:
        """Abort and close."""


OpenSender = Callable[[str, Mapping[str, Sequence[str]]], Sender | None]
"""AE title, and SOP class → transfer syntaxes to offer → association, or None for a title nobody knows.

Raises Retryable when the destination cannot be reached.
"""


class Retriever:
    """Sends what the archive holds to whoever asks for it."""

    def __init__(self, index: ArchiveIndex, shelf: Shelf, open_sender: OpenSender, journal: Journal) -> None:
        """Take where instances are, and how to reach others."""
        self._index = index
        self._shelf = shelf
        self._open_sender = open_sender
        self._journal = journal

    def move(
        self, model: Model, identifier: Dataset, peer: Peer, destination: str, message_id: int
    ) -> Iterator[SubOperations]:
        """Send what an identifier names to an AE title; says how far it is before the first and after each instance.

        Raises:
            Refusal: A801 for a title nobody knows, A702 for one that is away, A900 or A700 as `_named`.
        """
        rounds = _rounds(self._named(model, identifier, peer))
        progress = SubOperations(sum(map(len, rounds)), 0, 0, 0)
        if not rounds:
            yield progress
        for number, instances in enumerate(rounds):
            with self._open(instances, destination, (peer, message_id), is_first=number == 0) as line:
                if number == 0:
                    yield progress
                for instance in instances:
                    progress = progress.after(instance.sop_instance_uid, self._send(instance, line))
                    yield progress
        self._journal.archive_retrieved(
            "C-MOVE", peer.calling_ae_title, destination, progress.completed + progress.warned, progress.failed
        )

    def get(self, model: Model, identifier: Dataset, peer: Peer) -> Retrieval:
        """Find what an identifier names; raises Refusal as `_named`."""
        instances = self._named(model, identifier, peer)
        return Retrieval(len(instances), self._outgoing(instances, peer))

    def _outgoing(self, instances: Sequence[StoredInstance], peer: Peer) -> Iterator[Outgoing]:
        gone = 0
        for instance in instances:
            try:
                encoded = read_encoded(self._shelf.path(instance.instance_id))
            except OSError:  # it was deleted meanwhile
                gone += 1
                continue
            yield Outgoing(
                instance.sop_class_uid,
                instance.sop_instance_uid,
                encoded.transfer_syntax_uid,
                encoded.dataset,
                partial(_recoded, encoded),
            )
        calling = peer.calling_ae_title
        self._journal.archive_retrieved("C-GET", calling, calling, len(instances) - gone, gone)

    def _named(self, model: Model, identifier: Dataset, peer: Peer) -> list[StoredInstance]:
        """Give the instances an identifier names.

        Raises:
            Refusal: A900 for an identifier that names nothing, A700 for more than MOST_INSTANCES.
        """
        try:
            query = replace(model.retrieval_of(identifier), limit=MOST_INSTANCES + 1)
            found = list(self._index.instances(query))
        except ValueError as error:  # MalformedKey, or a value pydicom cannot read
            self._refused(peer, str(error))
            raise Refusal(IDENTIFIER_DOES_NOT_MATCH, str(error)) from error
        if len(found) > MOST_INSTANCES:
            self._refused(peer, "too many instances")
            raise Refusal(OUT_OF_RESOURCES, f"more than {MOST_INSTANCES} instances; retrieve study by study")
        return [self._with_syntax(instance) for instance in found]

    def _with_syntax(self, instance: StoredInstance) -> StoredInstance:
        if instance.transfer_syntax_uid:
            return instance
        try:
            return replace(instance, transfer_syntax_uid=syntax_of(self._shelf.path(instance.instance_id)))
        except OSError:  # gone; sending it will fail, and say so
            return instance

    def _open(
        self, instances: Sequence[StoredInstance], destination: str, asked_by: tuple[Peer, int], *, is_first: bool
    ) -> "_Line":
        """Reach the destination; what cannot be reached any more, after it was once, is a line that is broken."""
        peer, message_id = asked_by
        origin = peer.calling_ae_title, message_id
        try:
            sender = self._open_sender(destination, _contexts(instances))
        except Retryable as error:
            if not is_first:
                return _Line(None, origin)
            self._refused(peer, str(error))
            raise Refusal(SUB_OPERATIONS_FAILED, f"{destination} cannot be reached") from error
        if sender is None:
            self._refused(peer, f"nobody knows {destination}")
            raise Refusal(MOVE_DESTINATION_UNKNOWN, f"add {destination} as a destination in dicomfabd")
        return _Line(sender, origin)

    def _send(self, instance: StoredInstance, line: "_Line") -> int | None:
        wanted = line.transfer_syntax(instance.sop_class_uid)
        if wanted is None or not can_become(instance.transfer_syntax_uid, wanted):
            return None
        try:
            data = encoded_as(read_encoded(self._shelf.path(instance.instance_id)), wanted)
        except (OSError, Permanent):  # it was deleted meanwhile, or has values that are none
            return None
        return line.store(instance, data)

    def _refused(self, peer: Peer, reason: str) -> None:
        self._journal.archive_retrieve_failed(peer.calling_ae_title, reason)


class _Line:
    """An association that may break; what is sent after that fails at once. A context manager, which closes it."""

    def __init__(self, sender: Sender | None, origin: tuple[str, int]) -> None:
        self._sender = sender
        self._origin = origin
        self._is_broken = sender is None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._sender is None:
            return
        # An error here is a peer that cancelled or went away.
        if kind is not None or self._is_broken:
            self._sender.abort()
        else:
            self._sender.release()

    def transfer_syntax(self, sop_class_uid: str) -> str | None:
        """Give the transfer syntax the peer chose, or None where nothing can be sent."""
        return None if self._sender is None or self._is_broken else self._sender.transfer_syntax(sop_class_uid)

    def store(self, instance: StoredInstance, data: bytes) -> int | None:
        """Send one instance and give the status, or None where the association broke."""
        assert self._sender is not None  # noqa: S101 - `transfer_syntax` said so
        try:
            return self._sender.store(instance.sop_class_uid, instance.sop_instance_uid, [data], self._origin)
        except Retryable:
            self._is_broken = True
            return None


def _rounds(instances: Sequence[StoredInstance]) -> list[list[StoredInstance]]:
    """Split what is sent by compression: an association carries one transfer syntax for each class."""

    def compression(instance: StoredInstance) -> str:
        return "" if instance.transfer_syntax_uid in PLAIN else instance.transfer_syntax_uid

    return [list(group) for _, group in groupby(sorted(instances, key=compression), key=compression)]


def _contexts(instances: Sequence[StoredInstance]) -> dict[str, Sequence[str]]:
    """Give SOP class → what to offer: the syntax of its first instance, and the other spelling of a plain one."""
    contexts: dict[str, Sequence[str]] = {}
    for instance in instances:
        stored = instance.transfer_syntax_uid
        plain = tuple(dict.fromkeys((stored, *PLAIN)))
        contexts.setdefault(instance.sop_class_uid, plain if stored in PLAIN else (stored,))
    return contexts


def _recoded(encoded: Encoded, wanted: str) -> bytes | None:
    try:
        return encoded_as(encoded, wanted) if can_become(encoded.transfer_syntax_uid, wanted) else None
    except Permanent:
        return None
