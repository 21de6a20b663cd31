from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dicomfabd.domain.draft import Choices
from dicomfabd.domain.errors import OrderRejected
from dicomfabd.domain.order import OrderControl
from dicomfabd.intake.er7 import parse
from dicomfabd.intake.orders import read_orders
from dicomfabd.intake.senders import DEFAULT, FieldPath, Sender
from tests.builders import an_orm

NOW = datetime(2026, 3, 3, tzinfo=UTC)


def read(raw: bytes) -> list:
    return read_orders(parse(raw), DEFAULT, Choices(lambda _procedure, service: service or "OT"), NOW).requests


def faults(raw: bytes) -> list[tuple[int, str]]:
    with pytest.raises(OrderRejected) as rejected:
        read(raw)
    return [(fault.code, fault.location) for fault in rejected.value.faults]


def with_line(raw: bytes, name: str, line: str) -> bytes:
    """Replace the segment of a name, or drop it when the line is empty."""
    lines = [line if part.startswith(name) else part for part in raw.decode().split("\r")]
    return "\r".join(part for part in lines if part).encode()


def test_an_order_is_mapped_as_ihe_says():
    """IHE RAD TF-2 Appendix B."""
    (request,) = read(an_orm())
    order = request.order

    assert OrderControl.NEW == request.control
    assert ("A1", "PL-A1", "FL-A1") == (order.accession_number, order.placer_order_number, order.filler_order_number)
    assert ("P1", "HOSP") == (order.patient.patient_id, order.patient.issuer_of_patient_id)
    assert ("19800101", "F") == (order.patient.patient_birth_date, order.patient.patient_sex)
    assert ("RPA1", "SPA1") == (order.requested_procedure_id, order.steps[0].scheduled_procedure_step_id)
    assert ("XRCH", "XR CHEST 2 VIEWS", "L") == (order.procedure.value, order.procedure.meaning, order.procedure.scheme)
    assert ("STAT", "V77") == (order.priority, order.visit.admission_id)
    assert "20260302130000" == order.scheduled_at.strftime("%Y%m%d%H%M%S")


def test_name_components_are_put_in_dicom_order():
    """HL7 has suffix before prefix, DICOM prefix before suffix; a doctor's field begins with an identifier."""
    (request,) = read(an_orm())

    assert "Doe^Jane^Q^Dr^III" == request.order.patient.patient_name
    assert "Referrer^Anna^^Dr" == request.order.referring_physician
    assert "Asker^Bob" == request.order.requesting_physician


def test_name_repetitions_become_component_groups():
    """XPN-8 I and P are the ideographic and phonetic groups (PS3.5 §6.2.1)."""
    pid = "PID|1||7||Yamada^Tarou^^^^^L^A~山田^太郎^^^^^L^I~やまだ^たろう^^^^^L^P"

    (request,) = read(with_line(an_orm(), "PID", pid))

    assert "Yamada^Tarou=山田^太郎=やまだ^たろう" == request.order.patient.patient_name


@pytest.mark.parametrize(
    ("pid", "expected"),
    [
        ("PID|1||~22^^^HOSP^MR", "22"),
        ("PID|1||11^^^X^SS~22^^^HOSP^MR", "22"),
        ("PID|1|33", "33"),
        ("PID|1|||44", "44"),
    ],
)
def test_the_patient_id_is_found_where_senders_put_it(pid, expected):
    """PID-3, of type MR if there is one; older senders use PID-2 or PID-4."""
    (request,) = read(with_line(an_orm(), "PID", pid))

    assert expected == request.order.patient.patient_id


@pytest.mark.parametrize(
    ("accession", "expected"),
    [("A9", "A9"), ("", "FL-A1")],
)
def test_the_accession_number_falls_back_to_the_filler_number(accession, expected):
    """OBR-18, then OBR-3, ORC-3, OBR-2, ORC-2."""
    raw = an_orm().replace(b"||A1|RPA1", f"||{accession}|RPA1".encode())

    (request,) = read(raw)

    assert expected == request.order.accession_number


@pytest.mark.parametrize(("control", "expected"), [("NW", "NW"), ("XO", "XO"), ("CA", "CA"), ("DC", "DC"), ("", "XO")])
def test_order_control_is_understood(control, expected):
    """HL7 table 0119."""
    (request,) = read(an_orm(control=control))

    assert expected == request.control


def test_the_ancestors_sample_is_taken():
    """SC/CM, no placer, an offset in times, dots for a time, no OBR-24."""
    raw = (
        "MSH|^~\\&|System|Facility|||20240312092742+1100||ORM^O01|123456|P|2.4\n"
        "PID|1||6350600^^^AMI^FN|1757010|LASTNAME^FIRSTNAME||19981231|F\n"
        "PV1|1|I^IN|Location|||||278796^REFERRER^DOCTOR^^^^^^LOC001\n"
        "ORC|SC||ACCESSION||CM\n"
        "OBR|1|ACCESSION|ACCESSION|PROC001^PROCEDURE NAME^L|N|20240312092727+1100|...\n"
    )
    (request,) = read(raw.encode())

    assert ("ACCESSION", "6350600", "19981231") == (
        request.order.accession_number,
        request.order.patient.patient_id,
        request.order.patient.patient_birth_date,
    )
    assert "20240312092727+1100" == request.order.scheduled_at.strftime("%Y%m%d%H%M%S%z")


def test_a_cancel_needs_no_patient_and_no_request():
    """Some senders cancel with ORC alone."""
    (request,) = read(b"MSH|^~\\&|RIS\rORC|CA|PL-A1\r")

    assert ("CA", "PL-A1") == (request.control, request.keys.placer_order_number)


def test_groups_of_one_accession_are_steps_of_one_order():
    """Three scheduled procedure steps, one requested procedure, one study."""
    raw = an_orm() + b"ORC|NW|PL-A1|FL-A1\rOBR|2|PL-A1|FL-A1|XRKN^XR KNEE^L||||||||||||||A1|RPA1|SP2||||DX\r"

    (request,) = read(raw)

    assert ["SPA1", "SP2"] == [step.scheduled_procedure_step_id for step in request.order.steps]


def test_groups_of_different_accessions_are_orders_of_their_own():
    """No number of one order ever bleeds into the next."""
    raw = an_orm() + b"ORC|NW|PL2|FL2\rOBR|2|PL2|FL2|XRKN^XR KNEE^L||||||||||||||A2||||||DX\r"

    assert ["A1", "A2"] == [request.order.accession_number for request in read(raw)]


def test_one_zds_speaks_for_all_groups():
    """IHE puts it at the end."""
    raw = an_orm() + b"ZDS|1.2.840.77^^Application^DICOM\r"

    assert "1.2.840.77" == read(raw)[0].order.study_instance_uid


def test_weight_and_height_are_converted():
    """LOINC 29463-7 and 8302-2, in any unit."""
    raw = an_orm() + b"OBX|1|NM|29463-7^Body weight^LN||154|lb\rOBX|2|NM|8302-2^Body height^LN||172|cm\r"

    patient = read(raw)[0].order.patient

    assert (69.853, 1.72) == (patient.patient_weight, patient.patient_size)


def test_no_operation_is_no_request():
    """A status the filler reports about itself changes nothing."""
    assert [] == read(an_orm(control="SS"))


def test_a_missing_patient_segment_is_named():
    """M8."""
    assert [(100, "PID^1")] == faults(with_line(an_orm(), "PID", ""))


def test_a_missing_patient_id_is_named():
    """M8."""
    assert [(101, "PID^1^3")] == faults(an_orm(patient_id=""))


def test_a_message_without_orders_is_named():
    """M9."""
    assert [(100, "ORC^1")] == faults(b"MSH|^~\\&|RIS\rPID|1||7\r")
    assert [(100, "ORC^1")] == faults(with_line(an_orm(), "OBR", ""))


def test_an_unknown_order_control_is_named():
    """M11."""
    assert [(103, "ORC^1^1")] == faults(an_orm(control="QQ"))


def test_a_time_dicom_cannot_write_is_none():
    """A year of three digits; the next place that holds a time counts."""
    (request,) = read(an_orm().replace(b"^^^20260302130000", b"^^^00260302130000"))

    assert "2026-03-02" == f"{request.order.scheduled_at:%Y-%m-%d}"


@pytest.mark.parametrize(
    ("given", "read_as"), [("20260302", "20260302"), ("202603021230", "20260302123000"), ("soon", ""), ("2026", "")]
)
def test_an_admission_has_a_date_or_none(given, read_as):
    """And a time where one was sent."""
    (request,) = read(with_line(an_orm(), "PV1", "PV1|1|I" + "|" * 42 + given))

    assert read_as == request.order.visit.admitting_date_time


def test_what_is_mended_of_a_step_is_located_in_its_ipc():
    """Or where it stands in messages without one."""
    ipc = b"IPC|A1|RP1|1.2|SP1|DX||||NO TITLE OF ANY MODALITY\r"
    sender = replace(DEFAULT, fields={"station": (FieldPath.parse("ORC-18"),)})

    def located(raw: bytes, sender: Sender = DEFAULT) -> list[str]:
        asks = read_orders(parse(raw), sender, Choices(lambda _procedure, _service: "OT"), NOW)
        return [warning.location for warning in asks.warnings]

    assert ["IPC^1^9"] == located(an_orm() + ipc)
    assert ["ORC^1^18"] == located(an_orm().replace(b"^^S\r", b"^^S|||||||||||NO TITLE OF ANY MODALITY\r"), sender)
