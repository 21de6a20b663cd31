import socket

from dicomfabd.app.notify import notify


def test_systemd_is_told(tmp_path, monkeypatch):
    """One datagram, as sd_notify(3) describes."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))

        notify("READY=1")

        assert b"READY=1" == systemd.recv(100)


def test_without_systemd_nothing_happens(monkeypatch):
    """On a terminal."""
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)

    notify("READY=1")
