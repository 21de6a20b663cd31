"""The listener, asked by pynetdicom as a client."""

import contextlib
import threading

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pynetdicom import AE, build_role, evt

from dicomfabd.config import DicomPort
from dicomfabd.dimse import datasets
from dicomfabd.dimse.command import Operation
from dicomfabd.dimse.limits import Limits
from dicomfabd.dimse.server import DicomListener
from dicomfabd.dimse.services import (
    IDENTIFIER_DOES_NOT_MATCH,
    MOVE_DESTINATION_UNKNOWN,
    PENDING,
    PENDING_UNSUPPORTED_KEYS,
    Outgoing,
    Refusal,
    Retrieval,
    Services,
    SubOperations,
)
from dicomfabd.domain.commitment import STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE, Reference
from tests.dimse.raw import CT, DATA, EXPLICIT, IMPLICIT, MWL, VERIFICATION, RawPeer, a_command
from tests.listeners import loop_thread

FIND, MOVE, GET = (f"1.2.840.10008.5.1.4.1.2.2.{n}" for n in (1, 2, 3))
MR = "1.2.840.10008.5.1.4.1.1.4"


def associate(listener, *contexts, called="ANY", roles=(), handlers=()):
    entity = AE("SCU")
    for abstract, syntaxes in contexts:
        entity.add_requested_context(abstract, syntaxes)
    options = {"ae_title": called, "ext_neg": list(roles), "evt_handlers": list(handlers)}
    return entity.associate("127.0.0.1", listener.port, **options)


def an_identifier(**values) -> Dataset:
    ds = Dataset()
    for keyword, value in {"QueryRetrieveLevel": "STUDY", **values}.items():
        setattr(ds, keyword, value)
    return ds


def an_instance(number: int = 1, sop_class: str = CT, syntax: str = EXPLICIT) -> Outgoing:
    uid = f"1.2.3.{number}"
    element = b"\x08\0\x18\0" + (b"UI" + len(uid).to_bytes(2, "little") if syntax == EXPLICIT else b"\x08\0\0\0")
    return Outgoing(sop_class, uid, syntax, element + uid.encode() + b"\0" * (len(uid) % 2))


def ask(listener, handler, **options):
    """Ask a listener with this C-FIND handler, and give statuses and answers."""
    association = associate(listener, (MWL, [IMPLICIT]))
    answers = list(association.send_c_find(an_identifier(**options), MWL))
    association.release()
    return [(status.Status, identifier) for status, identifier in answers]


def find_services(handler) -> Services:
    return Services(find={MWL: handler})


def test_an_echo_is_answered(listen):
    """C-ECHO is offered always."""
    association = associate(listen(), (VERIFICATION, [IMPLICIT]))

    assert 0 == association.send_c_echo().Status
    association.release()
    assert association.is_released


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT])
def test_answers_are_given_in_order_and_with_their_status(listen, syntax):
    """As many as there are, in the syntax agreed on."""

    def find(identifier, peer):
        for number in range(40):
            status = PENDING_UNSUPPORTED_KEYS if number == 7 else PENDING
            yield status, an_identifier(PatientID=f"{identifier.PatientID}{number}", PatientName="Müller")

    association = associate(listen(find_services(find)), (MWL, [syntax]))
    answers = list(association.send_c_find(an_identifier(PatientID="P"), MWL))
    association.release()

    assert [f"P{n}" for n in range(40)] == [a.PatientID for _, a in answers[:-1]]
    assert [0xFF01 if n == 7 else 0xFF00 for n in range(40)] + [0] == [status.Status for status, _ in answers]


@pytest.mark.parametrize("longest", [256, 4096, 0])
def test_no_pdu_is_longer_than_the_peer_takes(listen, longest):
    """0 is no limit."""
    services = find_services(lambda identifier, peer: [(PENDING, an_identifier(PatientComments="x" * 9000))])
    lengths = []
    with RawPeer(listen(services).port) as peer:
        peer.associate((MWL, [IMPLICIT]), longest_pdu=longest)
        peer.ask(a_command(Operation.C_FIND, DATA), datasets.encode(an_identifier(), IMPLICIT))
        while sum(lengths) < 9000:
            kind, body = peer.read_pdu()
            assert 4 == kind
            lengths.append(len(body))

    assert (longest or 9028) == max(lengths)


def test_a_handler_is_told_who_asks(listen):
    """Titles without padding, and the address."""
    asked = []

    def find(identifier, peer):
        asked.append(peer)
        return []

    association = associate(listen(find_services(find)), (MWL, [IMPLICIT]), called="LIST")
    list(association.send_c_find(an_identifier(), MWL))
    association.release()

    assert [("SCU", "LIST", "127.0.0.1")] == [(p.calling_ae_title, p.called_ae_title, p.address) for p in asked]


def test_the_first_answer_leaves_before_the_second_is_found(listen):
    """However long that takes."""
    first_seen = threading.Event()

    def find(identifier, peer):
        yield PENDING, an_identifier(PatientID="1")
        assert first_seen.wait(20)
        yield PENDING, an_identifier(PatientID="2")

    association = associate(listen(find_services(find)), (MWL, [IMPLICIT]))
    statuses = []
    for status, _ in association.send_c_find(an_identifier(), MWL):
        statuses.append(status.Status)
        first_seen.set()
    association.release()

    assert [PENDING, PENDING, 0] == statuses


def test_a_cancel_ends_the_query(listen):
    """FE00, and the handler is closed."""
    cancelled, closed = threading.Event(), threading.Event()

    def find(identifier, peer):
        try:
            yield PENDING, an_identifier()
            assert cancelled.wait(20)
            while True:
                yield PENDING, an_identifier()
        finally:
            closed.set()

    association = associate(listen(find_services(find)), (MWL, [IMPLICIT]))
    statuses = []
    for status, _ in association.send_c_find(an_identifier(), MWL, msg_id=5):
        if not statuses:
            association.send_c_cancel(5, query_model=MWL)
            cancelled.set()
        statuses.append(status.Status)
    association.release()

    assert (PENDING, 0xFE00) == (statuses[0], statuses[-1])
    assert closed.wait(20)


def test_a_refusal_is_the_status_the_peer_gets(listen):
    """With its comment; the association goes on."""

    def find(identifier, peer):
        raise Refusal(IDENTIFIER_DOES_NOT_MATCH, "no such level")

    association = associate(listen(find_services(find)), (MWL, [IMPLICIT]), (VERIFICATION, [IMPLICIT]))
    ((status, _),) = association.send_c_find(an_identifier(), MWL)

    assert (0xA900, "no such level") == (status.Status, status.ErrorComment)
    assert 0 == association.send_c_echo().Status
    association.release()


def test_a_bug_of_ours_is_a_processing_failure_and_is_logged(listen, sink):
    """Without what was asked; the association goes on."""

    def find(identifier, peer):
        return identifier.PatientName.nonsense

    association = associate(listen(find_services(find)), (MWL, [IMPLICIT]), (VERIFICATION, [IMPLICIT]))
    ((status, _),) = association.send_c_find(an_identifier(PatientName="DOE^JANE"), MWL)

    assert (0x0110, 0) == (status.Status, association.send_c_echo().Status)
    association.release()
    ((said,)) = sink.named("dicom.request_failed")
    assert "AttributeError" in said["bug"]
    assert "DOE" not in str(said)


def test_an_instance_arrives_as_it_was_sent(listen):
    """Byte for byte, however many PDUs it takes."""
    kept = []
    association = associate(listen(Services(store=lambda request, peer: kept.append(request))), (CT, [EXPLICIT]))
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = CT, "1.2.3"
    ds.PixelData = bytes(range(256)) * 4096
    ds["PixelData"].VR = "OW"
    ds.file_meta = None
    del ds.file_meta
    ds.ensure_file_meta()
    ds.file_meta.TransferSyntaxUID = EXPLICIT

    assert 0 == association.send_c_store(ds).Status
    association.release()
    (request,) = kept
    assert (CT, "1.2.3", EXPLICIT) == (request.sop_class_uid, request.sop_instance_uid, request.transfer_syntax_uid)
    assert bytes(range(256)) * 4096 == request.dataset[-(256 * 4096) :]


def test_only_what_is_offered_is_accepted(listen):
    """The rest is told apart: abstract syntax (3), transfer syntaxes (4)."""
    listener = listen(find_services(lambda identifier, peer: []))
    association = associate(listener, (MWL, ["1.2.840.10008.1.2.2"]), (CT, [IMPLICIT]), (VERIFICATION, [IMPLICIT]))

    assert {MWL: 4, CT: 3} == {str(c.abstract_syntax): c.result for c in association.rejected_contexts}
    association.release()


def test_a_called_title_that_is_not_ours_is_rejected(listen, sink):
    """Rejected permanently by the user: called AE title not recognized."""
    listener = listen(called_ae_titles=["OURS"])
    association = associate(listener, (VERIFICATION, [IMPLICIT]), called="../../etc")

    primitive = association.acceptor.primitive
    assert (1, 1, 7) == (primitive.result, primitive.result_source, primitive.diagnostic)
    ((said,)) = sink.named("dicom.association_closed")
    assert ("called", "../../etc", "SCU") == (said["reason"], said["called"], said["calling"])
    assert 1 == sink.counts["dicomfabd_dicom_associations_closed_total", "archive", "called"]


def test_a_calling_title_that_is_not_listed_is_rejected(listen, sink):
    """Rejected permanently by the user: calling AE title not recognized."""
    listener = listen(calling_ae_titles=["CT01", "MR01"])
    association = associate(listener, (VERIFICATION, [IMPLICIT]))

    primitive = association.acceptor.primitive
    assert (1, 1, 3) == (primitive.result, primitive.result_source, primitive.diagnostic)
    ((said,)) = sink.named("dicom.association_closed")
    assert ("calling", "SCU") == (said["reason"], said["calling"])


def test_idle_associations_have_no_threads(listen):
    """However many there are."""
    listener = listen(max_associations_per_address=256)
    with contextlib.ExitStack() as idle:
        threads = []
        for _ in range(256):
            idle.enter_context(RawPeer(listener.port)).associate()
            threads.append(threading.active_count())

        assert threads[0] == threads[-1]


def moved(listener, destination="SINK", cancel_after=None):
    association = associate(listener, (MOVE, [IMPLICIT]))
    answers = []
    for status, identifier in association.send_c_move(an_identifier(), destination, MOVE, msg_id=9):
        answers.append((status, identifier))
        if len(answers) == cancel_after:
            association.send_c_cancel(9, query_model=MOVE)
    association.release()
    return answers


def counts_of(status) -> tuple[int, ...]:
    names = ("Remaining", "Completed", "Failed", "Warning")
    return tuple(status.get(f"NumberOf{name}Suboperations", -1) for name in names)


@pytest.mark.parametrize(
    ("last", "status"),
    [
        (SubOperations(0, 3, 0, 0), 0x0000),
        (SubOperations(0, 2, 0, 1), 0xB000),
        (SubOperations(0, 2, 1, 0, ("1.2.3",)), 0xB000),
        (SubOperations(0, 0, 3, 0, ("1.2.1", "1.2.2", "1.2.3")), 0xA702),
        (SubOperations(0, 0, 0, 0), 0x0000),
    ],
)
def test_a_move_ends_with_the_status_of_its_counts(listen, last, status):
    """And with the instances that failed."""

    def move(identifier, peer, destination, message_id):
        yield SubOperations(3, 0, 0, 0)
        yield last

    *pending, (final, identifier) = moved(listen(Services(move={MOVE: move})))

    assert [(3, 0, 0, 0), (0, last.completed, last.failed, last.warned)] == [counts_of(s) for s, _ in pending]
    assert (status, (-1, last.completed, last.failed, last.warned)) == (final.Status, counts_of(final))
    uids = identifier.get("FailedSOPInstanceUIDList", []) if identifier else []
    assert list(last.failed_uids) == ([uids] if isinstance(uids, str) else list(uids))


def test_a_move_is_told_where_to_and_by_which_message(listen):
    """Both go into the sub-operations."""
    told = []

    def move(identifier, peer, destination, message_id):
        told.append((destination, message_id))
        return iter(())

    moved(listen(Services(move={MOVE: move})))

    assert [("SINK", 9)] == told


def test_a_move_to_nobody_we_know_is_refused(listen):
    """A801, whoever raises it and when."""

    def move(identifier, peer, destination, message_id):
        raise Refusal(MOVE_DESTINATION_UNKNOWN, "not a destination")

    assert [0xA801] == [status.Status for status, _ in moved(listen(Services(move={MOVE: move})), "../x")]


def test_a_cancelled_move_tells_what_was_left(listen):
    """FE00 with the counts so far, and the handler is closed."""
    closed = threading.Event()

    def move(identifier, peer, destination, message_id):
        try:
            for done in range(10**6):
                yield SubOperations(10**6 - done, done, 0, 0)
        finally:
            closed.set()

    answers = moved(listen(Services(move={MOVE: move})), cancel_after=3)

    final = answers[-1][0]
    assert 0xFE00 == final.Status
    assert final.NumberOfRemainingSuboperations > 0
    assert closed.wait(20)


def got(listener, *contexts, status=0x0000, roles=(CT,), cancel_after=None):
    """Retrieve by C-GET, answering sub-operations with a status; give what came and the answers."""
    received = []

    def store(event):
        received.append(str(event.request.AffectedSOPInstanceUID))
        return status

    association = associate(
        listener,
        (GET, [IMPLICIT]),
        *contexts,
        roles=[build_role(uid, scp_role=True) for uid in roles],
        handlers=[(evt.EVT_C_STORE, store)],
    )
    answers = []
    for answer in association.send_c_get(an_identifier(), GET, msg_id=4):
        answers.append(answer)
        if len(answers) == cancel_after:
            association.send_c_cancel(4, query_model=GET)
    association.release()
    return received, answers


def get_services(*instances: Outgoing) -> Services:
    return Services(get={GET: lambda identifier, peer: Retrieval(len(instances), iter(instances))})


def test_a_get_sends_instances_back(listen):
    """On the association itself, with counts after each."""
    listener = listen(get_services(an_instance(1), an_instance(2)))

    received, answers = got(listener, (CT, [EXPLICIT]))

    assert ["1.2.3.1", "1.2.3.2"] == received
    assert [(1, 1, 0, 0), (0, 2, 0, 0), (-1, 2, 0, 0)] == [counts_of(status) for status, _ in answers]
    assert [PENDING, PENDING, 0] == [status.Status for status, _ in answers]


def test_an_instance_the_peer_cannot_take_has_failed(listen):
    """Its class was not proposed, or in another transfer syntax, or without the role."""
    listener = listen(get_services(an_instance(1), an_instance(2, MR), an_instance(3, CT, IMPLICIT)))

    received, answers = got(listener, (CT, [EXPLICIT]))
    without_role, refused = got(listener, (CT, [EXPLICIT]), roles=())

    final, identifier = answers[-1]
    assert (["1.2.3.1"], 0xB000, (-1, 1, 2, 0)) == (received, final.Status, counts_of(final))
    assert ["1.2.3.2", "1.2.3.3"] == list(identifier.FailedSOPInstanceUIDList)
    assert ([], 0xA702) == (without_role, refused[-1][0].Status)


@pytest.mark.parametrize(("status", "final", "counts"), [(0xB000, 0xB000, (0, 0, 1)), (0xA700, 0xA702, (0, 1, 0))])
def test_a_get_counts_what_the_peer_says(listen, status, final, counts):
    """Warnings and failures."""
    _, answers = got(listen(get_services(an_instance())), (CT, [EXPLICIT]), status=status)

    assert (final, (-1, *counts)) == (answers[-1][0].Status, counts_of(answers[-1][0]))


def test_what_was_found_and_is_not_given_has_failed(listen):
    """The counts add up to what was found."""
    listener = listen(Services(get={GET: lambda identifier, peer: Retrieval(3, iter([an_instance()]))}))

    _, answers = got(listener, (CT, [EXPLICIT]))

    assert (0xB000, (-1, 1, 2, 0)) == (answers[-1][0].Status, counts_of(answers[-1][0]))


def test_a_cancelled_get_tells_what_was_left(listen):
    """FE00."""
    many = [an_instance(number) for number in range(500)]

    received, answers = got(listen(get_services(*many)), (CT, [EXPLICIT]), cancel_after=2)

    assert 0xFE00 == answers[-1][0].Status
    assert 500 == len(received) + answers[-1][0].NumberOfRemainingSuboperations


def commitment(uid="1.2.9", **more) -> Dataset:
    ds = Dataset()
    ds.TransactionUID = uid
    for keyword, uids in more.items():
        items = []
        for sop_instance_uid in uids:
            item = Dataset()
            item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = CT, sop_instance_uid
            if keyword == "FailedSOPSequence":
                item.FailureReason = 0x0112
            items.append(item)
        setattr(ds, keyword, DicomSequence(items))
    return ds


def test_a_request_for_commitment_is_handed_on(listen):
    """Answered once the handler has it."""
    asked = []
    listener = listen(Services(commit=lambda request, peer: asked.append(request)))
    association = associate(listener, (STORAGE_COMMITMENT, [IMPLICIT]))
    information = commitment(ReferencedSOPSequence=["1.2.3", "1.2.4"])

    status, _ = association.send_n_action(information, 1, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE)
    association.release()

    (request,) = asked
    assert (0, "1.2.9") == (status.Status, request.transaction_uid)
    assert (Reference(CT, "1.2.3"), Reference(CT, "1.2.4")) == request.references


@pytest.mark.parametrize(
    ("information", "action", "instance", "status"),
    [
        (commitment(ReferencedSOPSequence=["1.2.3"]), 2, STORAGE_COMMITMENT_INSTANCE, 0x0123),
        (commitment(ReferencedSOPSequence=["1.2.3"]), 1, "1.2.3", 0x0112),
        (commitment(), 1, STORAGE_COMMITMENT_INSTANCE, 0x0115),
        (commitment("", ReferencedSOPSequence=["1.2.3"]), 1, STORAGE_COMMITMENT_INSTANCE, 0x0115),
        (commitment(ReferencedSOPSequence=[""]), 1, STORAGE_COMMITMENT_INSTANCE, 0x0115),
    ],
)
def test_a_malformed_request_for_commitment_is_refused(listen, information, action, instance, status):
    """With what is wrong; no handler sees it."""
    listener = listen(Services(commit=lambda request, peer: pytest.fail("handed on")))
    association = associate(listener, (STORAGE_COMMITMENT, [IMPLICIT]))

    answer, _ = association.send_n_action(information, action, STORAGE_COMMITMENT, instance)
    association.release()

    assert status == answer.Status


@pytest.mark.parametrize("roles", [[], [build_role(STORAGE_COMMITMENT, scp_role=True)]], ids=["no role", "as SCP"])
@pytest.mark.parametrize("event", [1, 2])
def test_a_report_on_commitment_is_handed_on(listen, roles, event):
    """Also from a PACS that does not say that it is the SCP."""
    told = []
    listener = listen(Services(report=lambda report, peer: told.append(report)))
    association = associate(listener, (STORAGE_COMMITMENT, [IMPLICIT]), roles=roles)
    failed = {"FailedSOPSequence": ["1.2.4"]} if event == 2 else {}
    information = commitment(ReferencedSOPSequence=["1.2.3"], **failed)

    status, _ = association.send_n_event_report(information, event, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE)
    association.release()

    (report,) = told
    assert (0, "1.2.9", (Reference(CT, "1.2.3"),)) == (status.Status, report.transaction_uid, report.committed)
    assert (((Reference(CT, "1.2.4"), 0x0112),) if event == 2 else ()) == report.failed


def test_an_unknown_event_is_refused(listen):
    """0113."""
    listener = listen(Services(report=lambda report, peer: pytest.fail("handed on")))
    association = associate(listener, (STORAGE_COMMITMENT, [IMPLICIT]))

    status, _ = association.send_n_event_report(commitment(), 3, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE)
    association.release()

    assert 0x0113 == status.Status


def test_an_open_association_is_counted_while_it_lasts(listen, sink):
    """And a release is no event."""
    association = associate(listen(), (VERIFICATION, [IMPLICIT]))
    key = ("dicomfabd_dicom_associations", "archive")
    opened = sink.counts[key]
    association.release()

    assert (1, []) == (opened, sink.named("dicom.association_closed"))


def test_a_request_under_way_ends_before_the_listener_stops(journal):
    """Its peer gets the answer."""
    begun, may_end = threading.Event(), threading.Event()
    statuses = []

    def find(identifier, peer):
        begun.set()
        assert may_end.wait(20)
        yield PENDING, an_identifier()

    with loop_thread() as thread:
        listener = DicomListener("worklist", DicomPort(), find_services(find), journal)
        thread.run(listener.start())
        association = associate(listener, (MWL, [IMPLICIT]))
        query = threading.Thread(
            target=lambda: statuses.extend(s.Status for s, _ in association.send_c_find(an_identifier(), MWL))
        )
        query.start()
        assert begun.wait(20)
        thread.loop.call_soon_threadsafe(may_end.set)
        thread.run(listener.stop())
        query.join(20)

    assert [PENDING, 0] == statuses


def test_what_does_not_end_in_time_is_aborted_by_a_stop(journal, sink):
    """stop_s; who is not served at all, at once."""
    begun, may_end = threading.Event(), threading.Event()

    def find(identifier, peer):
        begun.set()
        assert may_end.wait(20)
        yield PENDING, an_identifier()

    with loop_thread() as thread:
        listener = DicomListener("worklist", DicomPort(), find_services(find), journal, Limits(stop_s=0.2))
        thread.run(listener.start())
        busy, idle = (associate(listener, (MWL, [IMPLICIT])) for _ in range(2))
        query = threading.Thread(target=lambda: list(busy.send_c_find(an_identifier(), MWL)))
        query.start()
        assert begun.wait(20)
        thread.run(listener.stop())
        may_end.set()
        query.join(20)
        idle.join(20)

    assert (True, True) == (busy.is_aborted, idle.is_aborted)
    assert ["stopped"] * 2 == [said["reason"] for said in sink.named("dicom.association_closed")]
    assert [] == sink.named("dicom.request_failed")
    assert 0 == sink.counts["dicomfabd_dicom_associations", "worklist"]
