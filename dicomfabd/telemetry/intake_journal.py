"""What happens to messages and orders as they come in."""

from collections.abc import Sequence
from typing import Protocol

from dicomfabd.domain.errors import Fault
from dicomfabd.telemetry.voice import Voice, ms

_MESSAGE_KINDS = frozenset({"ORM", "OMI", "OMG", "ADT", "SIU"})


class Done(Protocol):
    """What a message did, as the store says it."""

    @property
    def subject(self) -> str:
        """`order` or `patient`."""

    @property
    def action(self) -> str:
        """What was done."""

    @property
    def accession_number(self) -> str:
        """Of the order."""

    @property
    def modality(self) -> str:
        """Of the order."""

    @property
    def order_id(self) -> int | None:
        """None for an order we do not have."""


class IntakeJournal(Voice):
    """Messages, orders, patients, and who sends them."""

    def connection_opened(self) -> None:
        """A sender connected."""
        self._sink.add("dicomfabd_intake_connections", 1)

    def connection_ended(self) -> None:
        """A sender's connection is gone."""
        self._sink.add("dicomfabd_intake_connections", -1)

    def connection_closed(self, peer: str, reason: str, detail: str = "") -> None:
        """We closed a sender's connection."""
        self._say("warning", "intake.connection_closed", peer=peer, reason=reason, detail=detail)
        self._sink.add("dicomfabd_intake_connections_closed_total", 1, reason)

    def frame_discarded(self, peer: str, reason: str, size: int) -> None:
        """Bytes were dropped that cannot be answered."""
        self._say("warning", "intake.frame_discarded", peer=peer, reason=reason, bytes=size)
        self._sink.add("dicomfabd_intake_frames_discarded_total", 1, reason)

    def message_accepted(
        self, control_id: str, message_type: str, peer: str, seconds: float, applied: Sequence[Done]
    ) -> None:
        """A message is safe on disk and was answered AA; where it touched orders, their lines tell the rest."""
        touches_orders = False
        for done in applied:
            if done.subject == "order":
                touches_orders = True
                self.order_updated(done.order_id, done.accession_number, done.action, done.modality, control_id)
            else:
                self.patient_updated(done.action, control_id)
        if not touches_orders:
            self._say("info", "message.accepted", control_id=control_id, type=message_type, peer=peer, ms=ms(seconds))
        self._answered(message_type, "AA", seconds)

    def message_failed(self, peer: str, bug: str) -> None:
        """A bug of ours kept a message from being read; it was answered AR and is in quarantine."""
        self._say("error", "message.failed", peer=peer, bug=bug)

    def patient_updated(self, action: str, asked_by: str) -> None:
        """A message said something of a patient; orders it changed have lines of their own."""
        self._say("info", "patient.updated", action=action, asked_by=asked_by)
        self._sink.add("dicomfabd_patient_changes_total", 1, action)

    def certificate_reloaded(self, problem: str) -> None:
        """The files of the HL7 port's TLS changed on disk; `problem` says why the old ones stay in use, if they do."""
        self._say("error" if problem else "info", "intake.certificate_reloaded", problem=problem)

    def intake_paused(self, waiting: int) -> None:
        """So many deliveries wait that senders are made to wait too."""
        self._say("warning", "intake.paused", waiting=waiting)

    def intake_resumed(self, waiting: int) -> None:
        """Senders may go on."""
        self._say("info", "intake.resumed", waiting=waiting)

    def reader_started(self, name: str, pid: int) -> None:
        """A process that reads messages runs."""
        self._say("info", "reader.started", reader=name, pid=pid)

    def reader_died(self, name: str, code: int) -> None:
        """A process that reads messages ended without being asked to; it is replaced."""
        self._say("error", "reader.died", reader=name, exit_code=code)
        self._sink.add("dicomfabd_intake_readers_died_total", 1)

    def message_repeated(self, control_id: str, message_type: str, peer: str, seconds: float) -> None:
        """A message came again and got the answer it got before."""
        self._say("info", "message.repeated", control_id=control_id, type=message_type, peer=peer, ms=ms(seconds))
        self._sink.add("dicomfabd_intake_duplicates_total", 1)
        self._answered(message_type, "AA", seconds)

    def message_refused(
        self, control_id: str, message_type: str, peer: str, code: str, faults: Sequence[Fault], seconds: float
    ) -> None:
        """A message was answered AE or AR."""
        reasons = [f"{fault.code} {fault.location} {fault.text}" for fault in faults]
        self._say(
            "warning",
            "message.refused",
            control_id=control_id,
            type=message_type,
            peer=peer,
            code=code,
            reasons=reasons,
            ms=ms(seconds),
        )
        self._answered(message_type, code, seconds)

    def message_unanswered(self, control_id: str, peer: str, reason: str) -> None:
        """A message got no answer, so that its sender sends it again."""
        self._say("error", "message.unanswered", control_id=control_id, peer=peer, reason=reason)

    def order_updated(
        self, order_id: int | None, accession_number: str, action: str, modality: str, asked_by: str
    ) -> None:
        """A message or a person did something to an order.

        Args:
            order_id: None for an order we do not have.
            accession_number: As kept.
            action: What was done.
            modality: Of the order.
            asked_by: MSH-10 of the message, or `person`.
        """
        self._say(
            "info",
            "order.updated",
            order_id=order_id,
            accession=accession_number,
            action=action,
            modality=modality,
            asked_by=asked_by,
        )
        self._sink.add("dicomfabd_order_changes_total", 1, action)

    def _answered(self, message_type: str, code: str, seconds: float) -> None:
        kind = message_type[:3] if message_type[:3] in _MESSAGE_KINDS else "other"
        self._sink.add("dicomfabd_intake_messages_total", 1, kind, code)
        self._sink.observe("dicomfabd_intake_ack_seconds", seconds)
