"""C-MOVE and C-GET as the listener calls them, with real files, a real index and a real destination."""

from functools import partial

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

from dicomfabd.archive.models import PATIENT_ROOT, STUDY_ROOT
from dicomfabd.archive.retrieving import Retriever
from dicomfabd.dimse.services import Refusal, SubOperations
from dicomfabd.domain.errors import Retryable
from tests.archive.conftest import PEER, keep, nobody_there, request_of, values_of
from tests.fabricate.studies import plan_of, read
from tests.peers import fake_pacs, storescp

PLAN = plan_of("CT HEAD", "CT")
STUDY = PLAN.order.study_instance_uid
EXPLICIT, IMPLICIT, RLE = str(ExplicitVRLittleEndian), str(ImplicitVRLittleEndian), str(RLELossless)


@pytest.fixture
def retriever(index, shelf, journal, neighbours) -> Retriever:
    return Retriever(index, shelf, neighbours.open_sender, journal)


@pytest.fixture
def made(shelf, bodies):
    """Give the instances of a study that is on the shelf."""
    return keep(shelf, PLAN, bodies)


def naming(level: str, **keys: str | list[str]) -> Dataset:
    identifier = Dataset()
    identifier.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(identifier, keyword, value)
    return identifier


def move(retriever: Retriever, identifier: Dataset, to: str = "FAKEPACS", model=STUDY_ROOT) -> list[SubOperations]:
    return list(retriever.move(model, identifier, PEER, to, 1))


def status_of(call) -> tuple[int, str]:
    with pytest.raises(Refusal) as refusal:
        call()
    return refusal.value.status, refusal.value.comment


@pytest.mark.parametrize(
    ("model", "level", "keys", "amount"),
    [
        (STUDY_ROOT, "STUDY", {"StudyInstanceUID": STUDY}, PLAN.instances),
        (PATIENT_ROOT, "PATIENT", {"PatientID": "P1"}, PLAN.instances),
        (PATIENT_ROOT, "STUDY", {"PatientID": "P1", "StudyInstanceUID": ["9.9", STUDY]}, PLAN.instances),
        (PATIENT_ROOT, "STUDY", {"PatientID": "P2", "StudyInstanceUID": STUDY}, 0),
        (
            STUDY_ROOT,
            "SERIES",
            {"StudyInstanceUID": STUDY, "SeriesInstanceUID": PLAN.series[1].series_instance_uid},
            PLAN.series[1].images,
        ),
        (
            STUDY_ROOT,
            "IMAGE",
            {
                "StudyInstanceUID": STUDY,
                "SeriesInstanceUID": PLAN.series[1].series_instance_uid,
                "SOPInstanceUID": [PLAN.series[1].sop_instance_uid(0), PLAN.series[1].sop_instance_uid(1)],
            },
            2,
        ),
    ],
)
def test_what_the_unique_keys_name_is_moved(retriever, made, neighbours, model, level, keys, amount):
    """At every level of both models; the first word comes before anything is sent."""
    with fake_pacs() as pacs:
        neighbours.add(pacs.destination())
        words = move(retriever, naming(level, **keys), model=model)

    assert [SubOperations(amount - done, done, 0, 0) for done in range(amount + 1)] == words
    assert amount == len(pacs.received)


@pytest.mark.parametrize(
    ("level", "keys"),
    [
        ("PATIENT", {"PatientID": "P1"}),
        ("STUDY", {}),
        ("STUDY", {"StudyInstanceUID": "*"}),
        ("SERIES", {"SeriesInstanceUID": "1.2"}),
        ("SERIES", {"StudyInstanceUID": ["1.2", "1.3"], "SeriesInstanceUID": "1.2"}),
        ("WARD", {}),
    ],
)
def test_an_identifier_that_names_nothing_is_refused(retriever, made, sink, level, keys):
    """A900: unique keys of the levels above with a single value, no wildcards, levels of the model (C.4.2.1.4)."""
    assert 0xA900 == status_of(partial(move, retriever, naming(level, **keys)))[0]
    assert 0xA900 == status_of(lambda: retriever.get(STUDY_ROOT, naming(level, **keys), PEER))[0]
    assert 2 == len(sink.named("archive.retrieve_failed"))


def test_a_destination_nobody_knows_is_to_be_added(retriever, made):
    """A801, and what to do."""
    status, comment = status_of(partial(move, retriever, naming("STUDY", StudyInstanceUID=STUDY), "OTHER"))

    assert (0xA801, "add OTHER as a destination in dicomfabd") == (status, comment)


def test_a_destination_that_is_away_is_said(retriever, made, neighbours, sink):
    """A702; the reason is in the log."""
    neighbours.add(nobody_there())

    assert 0xA702 == status_of(partial(move, retriever, naming("STUDY", StudyInstanceUID=STUDY), "AWAY"))[0]
    assert "cannot be reached" in sink.named("archive.retrieve_failed")[0]["reason"]


def test_the_answers_of_the_destination_are_counted(retriever, made, neighbours, sink):
    """Stored, stored with a warning, refused; the refused are named."""
    statuses = {0: 0xB000, 1: 0xA700}
    with fake_pacs(status_of=lambda number: statuses.get(number, 0)) as pacs:
        neighbours.add(pacs.destination())
        last = move(retriever, naming("STUDY", StudyInstanceUID=STUDY))[-1]

    refused = (made[1].sop_instance_uid,)
    assert SubOperations(0, PLAN.instances - 2, 1, 1, refused) == last
    assert (PLAN.instances - 1, 1) == tuple(sink.named("archive.retrieved")[0][key] for key in ("sent", "failed"))


def test_a_broken_association_fails_the_rest_at_once(index, shelf, journal, made):
    """What was sent before counts; nothing is tried over it again."""

    class Breaking:
        asked = 0
        ended = ""

        def transfer_syntax(self, _sop_class):
            return EXPLICIT

        def store(self, *_):
            self.asked += 1
            if self.asked == 2:
                raise Retryable("it broke")
            return 0

        def release(self):
            self.ended = "released"

        def abort(self):
            self.ended = "aborted"

    sender = Breaking()
    retriever = Retriever(index, shelf, lambda _title, _contexts: sender, journal)

    last = move(retriever, naming("STUDY", StudyInstanceUID=STUDY))[-1]

    assert (1, PLAN.instances - 1, 2, "aborted") == (last.completed, last.failed, sender.asked, sender.ended)


def test_a_cancelled_move_leaves_no_association(index, shelf, journal, made):
    """The listener closes the words; at whatever word it does."""
    ended = []

    class Open:
        def transfer_syntax(self, _sop_class):
            return EXPLICIT

        def store(self, *_):
            return 0

        def release(self):
            ended.append("released")

        def abort(self):
            ended.append("aborted")

    retriever = Retriever(index, shelf, lambda _title, _contexts: Open(), journal)
    for words_taken in (1, 3):
        words = retriever.move(STUDY_ROOT, naming("STUDY", StudyInstanceUID=STUDY), PEER, "X", 1)
        for _ in range(words_taken):
            next(words)
        words.close()

    assert ["aborted", "aborted"] == ended


@pytest.mark.slow
def test_the_other_spelling_is_made_for_who_wants_it(retriever, made, neighbours, tmp_path):
    """DCMTK's storescp that takes implicit VR only gets it, documents too."""
    (tmp_path / "out").mkdir()
    with storescp(tmp_path / "out", "+xi") as destination:
        neighbours.add(destination)
        last = move(retriever, naming("STUDY", StudyInstanceUID=STUDY), "SINK")[-1]
    arrived = {dataset.SOPInstanceUID: dataset for dataset in map(dcmread, (tmp_path / "out").iterdir())}

    assert (PLAN.instances, 0) == (last.completed, last.failed)
    assert {IMPLICIT} == {dataset.file_meta.TransferSyntaxUID for dataset in arrived.values()}
    for instance in made:
        assert values_of(read(instance)) == values_of(arrived[instance.sop_instance_uid])


@pytest.mark.slow
@pytest.mark.parametrize(("option", "failed"), [("+xr", 0), ("+xe", PLAN.instances - 1)])
def test_compressed_instances_go_as_they_are_or_not_at_all(
    retriever, shelf, bodies, neighbours, tmp_path, option, failed
):
    """DCMTK's storescp takes RLE or not; the document is not compressed, and goes over an association of its own."""
    keep(shelf, PLAN, bodies, RLE)
    (tmp_path / "out").mkdir()
    with storescp(tmp_path / "out", option) as destination:
        neighbours.add(destination)
        last = move(retriever, naming("STUDY", StudyInstanceUID=STUDY), "SINK")[-1]

    assert (PLAN.instances - failed, failed) == (last.completed, last.failed)
    assert PLAN.instances - failed == len(list((tmp_path / "out").iterdir()))


@pytest.mark.slow
def test_what_is_compressed_and_what_is_not_go_apart(retriever, shelf, bodies, neighbours, tmp_path):
    """An association has one transfer syntax for each class, and a patient may have CT in both."""
    other = plan_of("CT HEAD", "CT", accession_candidates=("A2",))
    keep(shelf, PLAN, bodies, RLE)
    keep(shelf, other, bodies)
    (tmp_path / "out").mkdir()
    with storescp(tmp_path / "out", "+xr") as destination:
        neighbours.add(destination)
        last = move(retriever, naming("PATIENT", PatientID="P1"), "SINK", PATIENT_ROOT)[-1]

    assert SubOperations(0, PLAN.instances + other.instances, 0, 0) == last


def test_an_instance_deleted_meanwhile_has_failed(retriever, made, shelf, neighbours):
    """The others are sent."""
    shelf.path(1).unlink()
    with fake_pacs() as pacs:
        neighbours.add(pacs.destination())
        last = move(retriever, naming("STUDY", StudyInstanceUID=STUDY))[-1]

    assert (PLAN.instances - 1, (made[0].sop_instance_uid,)) == (last.completed, last.failed_uids)


def test_get_gives_back_what_was_stored(retriever, made, sink):
    """Byte for byte, and in the other spelling for who wants that."""
    retrieval = retriever.get(STUDY_ROOT, naming("STUDY", StudyInstanceUID=STUDY), PEER)
    given = list(retrieval.instances)

    assert PLAN.instances == retrieval.total
    assert [request_of(instance) for instance in made] == [
        type(request_of(made[0]))(one.sop_class_uid, one.sop_instance_uid, one.transfer_syntax_uid, one.dataset)
        for one in given
    ]
    assert given[0].dataset == given[0].recode(EXPLICIT)
    assert given[0].dataset != given[0].recode(IMPLICIT)
    assert None is given[0].recode(RLE)
    assert [PLAN.instances] == [fields["sent"] for fields in sink.named("archive.retrieved")]


def test_nothing_named_is_nothing_sent(retriever, made):
    """No association is opened for it, and that is a success."""
    assert [SubOperations(0, 0, 0, 0)] == move(retriever, naming("STUDY", StudyInstanceUID="9.9"), "OTHER")
