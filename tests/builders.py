"""Orders and messages for tests: a valid one, with whatever a test wants different."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from dicomfabd.domain.delivery import Leg, Routing
from dicomfabd.domain.draft import Choices, OrderDraft, StepDraft, build_order
from dicomfabd.domain.errors import OrderRejected
from dicomfabd.domain.order import Code, Order, OrderControl, OrderKeys
from dicomfabd.domain.patient import Patient
from dicomfabd.store.interface import Accepted, Change, Inbox, PatientChange, ReceivedMessage, Submission

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def a_draft(accession: str = "A1", **changes: Any) -> OrderDraft:
    draft = OrderDraft(
        patient=Patient("P1", "DOE^JANE", "HOSP", patient_birth_date="19800101", patient_sex="F"),
        procedure=Code("CTCH", "CT CHEST W CONTRAST", "L"),
        steps=(StepDraft(modality="CT", scheduled_at=NOON),),
        default_start=NOON,
        accession_candidates=(accession,),
        placer_order_number=f"PL-{accession}",
        filler_order_number=f"FL-{accession}",
        referring_physician="REFERRER^DOCTOR",
        sender="RIS|HOSP",
    )
    return replace(draft, **changes)


def an_order(accession: str = "A1", **changes: Any) -> Order:
    """Give a complete order; `changes` are attributes of the draft."""
    return build_order(a_draft(accession, **changes), Choices(lambda _procedure, _service: "OT"))[0]


def keys_of(order: Order) -> OrderKeys:
    return order.keys


def a_new(order: Order, *destinations: str, not_before: float = 0.0) -> Change:
    return Change(
        OrderControl.NEW, keys_of(order), order, Routing(tuple(Leg(name, not_before) for name in destinations))
    )


def a_cancel(**keys: str) -> Change:
    return Change(OrderControl.CANCEL, OrderKeys(**{"sender": "RIS|HOSP"} | keys))


def a_message(control_id: str = "M1", body: bytes = b"body") -> ReceivedMessage:
    return ReceivedMessage(b"MSH|" + body, body, "mllp", "127.0.0.1:1", "ORM^O01", control_id, "RIS", "HOSP")


def take(inbox: Inbox, message: ReceivedMessage, *changes: Change | PatientChange, answer: bytes = b"AA") -> Accepted:
    """Have one message accepted; raises what refuses it."""
    (outcome,) = inbox.accept([Submission(message, changes, answer)])
    if isinstance(outcome, OrderRejected):
        raise outcome
    return outcome


def an_orm(
    control_id: str = "M1",
    accession: str = "A1",
    control: str = "NW",
    patient_id: str = "P1",
    procedure: str = "XRCH^XR CHEST 2 VIEWS^L",
    service: str = "DX",
    version: str = "2.5.1",
) -> bytes:
    """Give an ORM^O01 as a RIS sends it, segments ended by CR."""
    segments = (
        f"MSH|^~\\&|RIS|HOSP|FAB|LAB|20260302120000||ORM^O01|{control_id}|T|{version}",
        f"PID|1||{patient_id}^^^HOSP^MR||Doe^Jane^Q^III^Dr||19800101|F",
        "PV1|1|O|RAD^1^2|||||77^Referrer^Anna^^^Dr|||||||||||V77",
        f"ORC|{control}|PL-{accession}|FL-{accession}||SC||^^^20260302130000^^S",
        f"OBR|1|PL-{accession}|FL-{accession}|{procedure}|||20260302|||||||||78^Asker^Bob||{accession}|RP{accession}|"
        f"SP{accession}||||{service}",
    )
    return ("\r".join(segments) + "\r").encode()
