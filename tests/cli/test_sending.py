"""`send` against receivers of every manner, over real connections."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import pytest
import trustme

from dicomfabd.intake.mllp import Frame, Framer, wrap
from tests.builders import an_orm

Answers = Callable[[bytes], list[bytes]]


def ack(code: str, control_id: str = "M1") -> bytes:
    return f"MSH|^~\\&|FAB|LAB|RIS|HOSP|2026||ACK|1|T|2.5\rMSA|{code}|{control_id}\r".encode()


def enhanced(accept: str, application: str) -> bytes:
    """Give an order that asks for these acknowledgments in MSH-15 and MSH-16."""
    return an_orm().replace(b"|2.5.1\r", f"|2.5.1|||{accept}|{application}\r".encode())


class Receiver:
    """Answers each frame as it is told to; keeps what it got."""

    def __init__(self, answers: Answers, context: ssl.SSLContext | None) -> None:
        self.got: list[bytes] = []
        self._answers = answers
        self._context = context
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"localhost:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        try:
            connection, _ = self._socket.accept()
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
        except OSError:
            return
        with connection:
            framer = Framer(1_000_000)
            while data := _received(connection):
                for event in framer.feed(data):
                    if isinstance(event, Frame):
                        self.got.append(event.data)
                        for answer in self._answers(event.data):
                            connection.sendall(wrap(answer))

    def close(self) -> None:
        with socket.socket() as last:  # wakes an accept nobody came to
            last.settimeout(1)
            last.connect_ex(self._socket.getsockname())
        self._thread.join(10)
        self._socket.close()


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except OSError:
        return b""


@pytest.fixture
def receiver() -> Iterator[Callable[..., Receiver]]:
    """Give a function that opens a receiver."""
    opened: list[Receiver] = []

    def start(answers: Answers, context: ssl.SSLContext | None = None) -> Receiver:
        opened.append(Receiver(answers, context))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


def test_one_message_gets_one_answer(cli, receiver):
    """In original mode."""
    there = receiver(lambda _message: [ack("AA")])

    done = cli("send", "-", "--to", there.address, stdin=an_orm())

    assert (0, "-: AA M1\n") == (done.exit_code, done.stdout)
    assert [an_orm()] == there.got


def test_both_answers_of_enhanced_mode_are_shown(cli, receiver):
    """CA at once and AE later: the message was kept, and refused."""
    there = receiver(lambda _message: [ack("CA"), ack("AE")])

    done = cli("send", "-", "--to", there.address, stdin=enhanced("AL", "AL"))

    assert (1, "-: CA M1\n- (2): AE M1\n") == (done.exit_code, done.stdout)


@pytest.mark.parametrize("application", ["", "NE", "ER"])
def test_an_answer_that_need_not_come_is_not_waited_for(cli, receiver, application):
    """With MSH-16 empty or NE never, with ER only for a moment."""
    there = receiver(lambda _message: [ack("CA")])

    done = cli("send", "-", "--to", there.address, "--timeout", 20, stdin=enhanced("AL", application))

    assert (0, "-: CA M1\n") == (done.exit_code, done.stdout)


def test_an_answer_that_must_come_is_waited_for(cli, receiver):
    """With MSH-16 AL silence is an error."""
    there = receiver(lambda _message: [ack("CA")])

    done = cli("send", "-", "--to", there.address, "--timeout", 0.3, stdin=enhanced("AL", "AL"))

    assert 1 == done.exit_code
    assert "timed out" in done.stderr


def test_silence_can_be_asked_for(cli, receiver, tmp_path):
    """NE in MSH-15 and MSH-16: every message is sent, nothing is waited for."""
    there = receiver(lambda _message: [])
    (tmp_path / "1.hl7").write_bytes(enhanced("NE", "NE"))
    (tmp_path / "2.hl7").write_bytes(enhanced("NE", "NE"))

    done = cli("send", ".", "--no-answer", "--to", there.address)

    assert (0, ["1.hl7: sent", "2.hl7: sent"]) == (done.exit_code, done.stdout.splitlines())
    assert 2 == len(there.got)


def test_an_answer_nobody_asked_for_is_shown(cli, receiver):
    """A receiver in original mode answers NE too."""
    there = receiver(lambda _message: [ack("AA")])

    done = cli("send", "-", "--no-answer", "--to", there.address, stdin=enhanced("NE", "NE"))

    assert "unexpected: AA M1" in done.stdout


@pytest.mark.parametrize("in_one", [False, True])
def test_each_message_of_a_batch_has_its_answer(cli, receiver, in_one):
    """One by one, or as a batch of answers."""
    answers = [ack("AA", "M1"), ack("AE", "M2")]
    batch = [b"BHS|^~\\&\r" + b"".join(answers) + b"BTS|2\r"]
    there = receiver(lambda _message: batch if in_one else answers)

    done = cli("send", "-", "--to", there.address, stdin=b"BHS|^~\\&\r" + an_orm("M1") + an_orm("M2") + b"BTS|2\r")

    assert (1, ["-: AA M1", "- (2): AE M2"]) == (done.exit_code, done.stdout.splitlines())
    assert 1 == len(there.got)


def test_tls_with_a_certificate_on_both_sides(cli, receiver, tmp_path):
    """The receiver is checked by our CA, and we by theirs."""
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    ca.configure_trust(context)
    ca.issue_cert("localhost").configure_cert(context)
    ours = ca.issue_cert("ris.example")
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    ours.private_key_and_cert_chain_pem.write_to_path(tmp_path / "ours.pem")
    there = receiver(lambda _message: [ack("AA")], context)

    done = cli("send", "-", "--to", there.address, "--tls", "--ca", "ca.pem", "--cert", "ours.pem", stdin=an_orm())

    assert (0, "-: AA M1\n") == (done.exit_code, done.stdout), done.stderr


def test_a_receiver_that_nobody_vouches_for_gets_nothing(cli, receiver, tmp_path):
    """The reason is said; no message leaves."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    there = receiver(lambda _message: [ack("AA")], context)

    done = cli("send", "-", "--to", there.address, "--tls", "--ca", "ca.pem", stdin=an_orm())

    assert (1, []) == (done.exit_code, there.got)
    assert "TLS:" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--ca", "nothing.pem"), "--ca = 'nothing.pem': cannot be read"),
        (("--key", "ours.key"), "Give --cert too"),
        (("--to", "nowhere"), "not HOST:PORT"),
        (("--to", "localhost:99999"), "not HOST:PORT"),
    ],
)
def test_wrong_options_are_said_before_anything_is_sent(cli, options, said):
    """Exit code 2."""
    done = cli("send", "-", "--to", "localhost:1", *options, stdin=an_orm())

    assert 2 == done.exit_code
    assert said in done.stderr


def test_nobody_there_is_one_sentence(cli):
    """And exit code 1."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        done = cli("send", "-", "--to", f"127.0.0.1:{free.getsockname()[1]}", stdin=an_orm())

    assert 1 == done.exit_code
    assert "Connection refused" in done.stderr
