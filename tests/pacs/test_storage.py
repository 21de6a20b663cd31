"""Ways to a PACS: secured, by another's hand, kept open for the next study."""

from contextlib import contextmanager
from dataclasses import replace
from itertools import islice

import pytest

from dicomfabd.domain.delivery import Outcome
from dicomfabd.domain.errors import DestinationAway, Permanent, Retryable
from dicomfabd.fabricate.kinds import SOP_CLASSES
from dicomfabd.fabricate.study import fabricate
from dicomfabd.pacs import senders
from dicomfabd.pacs.echo import echo
from dicomfabd.pacs.senders import LONGEST_KEPT_S, Senders, probe
from dicomfabd.pacs.storage import StorageAssociation
from tests.fabricate.studies import plan_of
from tests.odd_pacs import Manner, odd_pacs
from tests.peers import fake_pacs, free_port, storescp

PLAN = plan_of("CT HEAD", "CT")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def made(bodies):
    """Give a function that sends the first instances of a study by a sender."""

    def by(sender, amount=1):
        instances = fabricate(PLAN, bodies, sender.syntax_for)
        return [result.outcome for result in sender.send_all(islice(instances, amount))]

    return by


@contextmanager
def secured_storescp(folder, files, *options):
    """DCMTK's storescp over TLS."""
    tls = ("+tls", files["key"], files["certificate"], "+cf", files["ca"], *options)
    with storescp(folder, *tls) as destination:
        yield replace(destination, host="localhost", tls=True, tls_ca=files["ca"])


@pytest.mark.slow
def test_studies_are_sent_over_tls(tmp_path, certificates, made):
    """DCMTK at the other end, which asks for our certificate too (mutual TLS)."""
    files = certificates("localhost")
    own = {"tls_certificate": files["certificate"], "tls_key": files["key"]}
    with secured_storescp(tmp_path, files) as destination:
        known = replace(destination, **own)
        with StorageAssociation(known, SOP_CLASSES) as association:
            assert [Outcome.STORED] * 3 == made(association, 3)
        assert echo(known).ok
        unknown = echo(destination)

    assert not unknown.ok
    assert 3 == len(list(tmp_path.glob("CT*")))


@pytest.mark.slow
def test_a_pacs_with_another_certificate_gets_nothing(tmp_path, certificates):
    """Its name must be that of the host, unless that is not to be looked at; its CA must be ours."""
    files = certificates("elsewhere")
    own = {"tls_certificate": files["certificate"], "tls_key": files["key"]}
    with secured_storescp(tmp_path, files) as destination:
        known = replace(destination, **own)
        with pytest.raises(DestinationAway, match="certificate we do not trust"):
            StorageAssociation(known, SOP_CLASSES)
        assert echo(replace(known, tls_check_name=False)).ok
        with pytest.raises(DestinationAway, match="certificate we do not trust"):
            StorageAssociation(replace(known, tls_ca="", tls_check_name=False), SOP_CLASSES)


def test_our_own_files_may_be_mended_while_studies_wait(tmp_path, certificates):
    """A missing file is a reason to wait, and one that is there again is used without a restart."""
    files = certificates("localhost")
    with fake_pacs() as pacs:
        destination = replace(pacs.destination(), tls=True, tls_ca=str(tmp_path / "none.pem"))
        with pytest.raises(DestinationAway, match=r"destination main: tls_ca = .*cannot be read"):
            StorageAssociation(destination, SOP_CLASSES)
        (tmp_path / "none.pem").write_bytes((tmp_path / "ca.pem").read_bytes())

        with pytest.raises(DestinationAway, match="does not speak TLS"):
            StorageAssociation(destination, SOP_CLASSES)
    assert files


def test_pynetdicom_can_do_the_sending(made):
    """For a peer that behaves oddly with ours; the outcomes mean the same."""
    statuses = [0x0000, 0xB000, 0xA700, 0xC000]
    with fake_pacs(status_of=lambda number: statuses[number]) as pacs:
        destination = replace(pacs.destination(), transport="pynetdicom")
        with senders.TRANSPORTS["pynetdicom"](destination, SOP_CLASSES) as sender:
            outcomes = made(sender, 4)

    assert ["stored", "warned", "retryable", "permanent"] == outcomes


def test_pynetdicom_says_what_is_wrong_as_our_own_does():
    """Away, rejected, a class that is not taken, an association that breaks."""
    open_by_library = senders.TRANSPORTS["pynetdicom"]
    with odd_pacs(Manner(reject=(1, 1, 7)), Manner(takes_classes=False)) as pacs:
        with pytest.raises(DestinationAway, match="rejects the association"):
            open_by_library(pacs.destination(), SOP_CLASSES)
        with pytest.raises((DestinationAway, Permanent)):
            open_by_library(pacs.destination(), SOP_CLASSES).syntax_for(SOP_CLASSES[0])
    with pytest.raises(DestinationAway, match="cannot be reached"):
        open_by_library(replace(pacs.destination(), port=free_port()), SOP_CLASSES)


def test_an_association_that_breaks_under_pynetdicom_is_tried_again(made):
    """What it did not answer is not believed to be stored."""
    with (
        odd_pacs(Manner(deed="abort")) as pacs,
        pytest.raises(Retryable),
        senders.TRANSPORTS["pynetdicom"](pacs.destination(), SOP_CLASSES) as sender,
    ):
        made(sender, 3)


@pytest.fixture
def counted():
    with odd_pacs() as pacs:
        yield pacs


def test_an_association_serves_one_study_after_another(counted, made):
    """For some seconds; then another one is opened, so that others get their turn."""
    clock = Clock()
    kept = Senders(workers=1, clock=clock)
    for _ in range(3):
        with kept.use(counted.destination(), SOP_CLASSES) as sender:
            made(sender)
    assert 1 == counted.associations
    clock.now = LONGEST_KEPT_S + 1
    for _ in range(2):
        with kept.use(counted.destination(), SOP_CLASSES) as sender:
            made(sender)

    kept.close()
    assert 2 == counted.associations


def test_an_association_is_not_kept_where_workers_would_be_over_the_limit(counted, made):
    """Three workers, two associations."""
    kept = Senders(workers=3)
    for _ in range(2):
        with kept.use(counted.destination(), SOP_CLASSES) as sender:
            made(sender)

    assert 2 == counted.associations


def test_another_destination_gets_an_association_of_its_own(counted, made):
    """So does the same one with other settings."""
    kept = Senders()
    for destination in (counted.destination(), replace(counted.destination(), calling_ae_title="OTHER")):
        with kept.use(destination, SOP_CLASSES) as sender:
            made(sender)

    kept.close()
    assert 2 == counted.associations


def test_an_association_the_pacs_has_ended_is_not_used_again(made):
    """Nor one that broke; the next study does not suffer for it."""
    with odd_pacs() as pacs:
        kept = Senders()
        with kept.use(pacs.destination(), SOP_CLASSES) as sender:
            made(sender)
        pacs.hang_up()
        with kept.use(pacs.destination(), SOP_CLASSES) as sender:
            assert [Outcome.STORED] == made(sender)
        with pytest.raises(ZeroDivisionError), kept.use(pacs.destination(), SOP_CLASSES):
            raise ZeroDivisionError
        with kept.use(pacs.destination(), SOP_CLASSES) as sender:
            made(sender)
        kept.close()

    assert 3 == pacs.associations


def test_whether_a_destination_is_back_is_asked_as_it_wants(counted):
    """By C-ECHO, or over the web."""
    web = replace(counted.destination(), transport="stow", web_url=f"http://127.0.0.1:{free_port()}/dicom-web")

    assert "" == probe(counted.destination())
    assert "cannot be reached" in probe(web)
