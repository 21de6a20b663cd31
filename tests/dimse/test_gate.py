"""Who may connect at all."""

from tests.dimse.raw import RELEASE_RQ, RELEASED, RawPeer


def test_only_who_may_connect_is_served(listen, sink):
    """Others are closed at once, and said by address."""
    listener = listen(addresses=["127.0.0.0/30", "10.1.2.3"])

    with RawPeer(listener.port, "127.0.0.9") as stranger, RawPeer(listener.port, "127.0.0.2") as peer:
        assert 0 == stranger.read_pdu()[0]
        peer.associate()
        assert RELEASED == peer.send(RELEASE_RQ).read_pdu()[0]
        address = "{}:{}".format(*stranger.socket.getsockname())
    ((said,)) = sink.named("dicom.association_closed")
    assert ("address", address, "not one of archive.addresses") == (said["reason"], said["peer"], said["detail"])
    assert 1 == sink.counts["dicomfabd_dicom_associations_closed_total", "archive", "address"]


def test_who_may_not_connect_takes_nobodys_place(listen):
    """Nothing is kept for them, not even a turn among those who wait."""
    listener = listen(addresses=["127.0.0.1"], waiting=1)

    with RawPeer(listener.port) as waiting:
        for _ in range(5):
            with RawPeer(listener.port, "127.0.0.9") as stranger:
                assert 0 == stranger.read_pdu()[0]
        waiting.associate()
