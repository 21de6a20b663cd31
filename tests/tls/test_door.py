"""TLS with real sockets and certificates made here."""

import asyncio
import socket
import ssl
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from dicomfabd.config import ConfigError, Tls
from dicomfabd.tls.door import TlsDoor, client_context
from dicomfabd.tls.session import TlsRefused, TlsSession

HOST = "fab.example"


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def files(ca, tmp_path) -> Callable[..., dict[str, Any]]:
    """Give a function that writes the files of a server and gives the settings that name them."""

    def write(certificate: trustme.LeafCert | None = None, **settings: Any) -> dict[str, Any]:
        paths = {"certificate": tmp_path / "server.pem", "key": tmp_path / "server.key"}
        certificate = certificate or ca.issue_cert(HOST)
        replace(paths["certificate"], chain_of(certificate))
        replace(paths["key"], certificate.private_key_pem.bytes())
        return {name: str(path) for name, path in paths.items()} | settings

    return write


@pytest.fixture
def mutual(ca, files, tmp_path) -> dict[str, Any]:
    """Settings that ask senders for a certificate."""
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    return files(client_ca=str(tmp_path / "ca.pem"))


def chain_of(certificate: trustme.LeafCert) -> bytes:
    return b"".join(blob.bytes() for blob in certificate.cert_chain_pems)


def replace(path: Path, text: bytes) -> None:
    """Put a file in the place of another at once, as certificate clients do."""
    beside = path.with_suffix(".new")
    beside.write_bytes(text)
    beside.replace(path)


def a_client(ca: trustme.CA, shows: trustme.LeafCert | None = None, **attributes: Any) -> ssl.SSLContext:
    """Give a sender's context; it may be as old or as weak as a test wants."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ca.configure_trust(context)
    if shows:
        shows.configure_cert(context)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of TLS 1.1, which is offered in order to be refused
        for name, value in attributes.items():
            setattr(context, name, value)
    return context


class Port(asyncio.Protocol):
    """Greets with what is spoken, or notes why not; sits on the bare connection as the listener does."""

    def __init__(self, session: TlsSession, outcomes: "asyncio.Queue[str]") -> None:
        self.session, self.outcomes = session, outcomes

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            self.session.feed(data)
        except TlsRefused as refused:
            self.outcomes.put_nowait(str(refused))
            self.finish(self.session.outgoing())
            return
        self.transport.write(self.session.outgoing())
        if self.session.is_established:
            self.outcomes.put_nowait(",".join(self.session.names))
            self.finish(self.session.send(self.session.version.encode()) + self.session.end())

    def finish(self, farewell: bytes) -> None:
        self.transport.write(farewell)
        self.transport.close()


def serve(settings: dict[str, Any], *conversations: Callable[[int], Any], door: TlsDoor | None = None) -> list[Any]:
    """Let conversations run one after the other on a thread; give what each ended with, then what the port said."""

    async def main() -> list[Any]:
        outcomes: asyncio.Queue[str] = asyncio.Queue()
        opened = door or TlsDoor(Tls(**settings), "intake.tls")
        server = await asyncio.get_running_loop().create_server(
            lambda: Port(opened.session(), outcomes), "127.0.0.1", 0
        )
        port = server.sockets[0].getsockname()[1]
        results = []
        async with server, asyncio.timeout(20):
            for conversation in conversations:
                results.append(await asyncio.to_thread(conversation, port))
                results.append(await outcomes.get())
        return results

    return asyncio.run(main())


def greeted(client: ssl.SSLContext, host: str = HOST) -> Callable[[int], str]:
    """Make a conversation that gives the greeting, or why the client was refused."""

    def converse(port: int) -> str:
        try:
            with (
                socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
                client.wrap_socket(plain, server_hostname=host) as secured,
            ):
                version = secured.recv(100).decode()
                return f"{version} {secured.cipher()[0]}" if version else ""
        except OSError as error:
            return str(getattr(error, "reason", error))

    return converse


def serial_shown(ca: trustme.CA) -> Callable[[int], int]:
    """Make a conversation that gives the serial number of the certificate it was shown."""

    def converse(port: int) -> int:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
            a_client(ca).wrap_socket(plain, server_hostname=HOST) as secured,
        ):
            secured.recv(100)
            return int(secured.getpeercert()["serialNumber"], 16)

    return converse


def serial_of(certificate: trustme.LeafCert) -> int:
    return x509.load_pem_x509_certificate(certificate.cert_chain_pems[0].bytes()).serial_number


def test_the_newest_version_is_spoken(ca, files):
    """TLS 1.3 without a word in the settings."""
    greeting, _ = serve(files(), greeted(a_client(ca)))

    assert "TLSv1.3" == greeting.split()[0]


def test_tls_1_2_is_spoken_with_a_suite_of_today(ca, files):
    """Forward secrecy and authenticated encryption, whatever the sender would rather have."""
    client = a_client(ca, maximum_version=ssl.TLSVersion.TLSv1_2)
    client.set_ciphers("AES128-SHA:ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES128-GCM-SHA256")

    assert "TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256" == serve(files(), greeted(client))[0]


@pytest.mark.parametrize("suites", ["ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES128-SHA256", "AES128-GCM-SHA256"])
def test_an_old_suite_is_refused(ca, files, suites):
    """CBC, or a key exchange whose recording can be read once the key is stolen (RFC 9325 §4.1)."""
    client = a_client(ca, maximum_version=ssl.TLSVersion.TLSv1_2)
    client.set_ciphers(suites)
    certificate = ca.issue_cert(HOST, key_type=trustme.KeyType.RSA)

    _, said = serve(files(certificate), greeted(client))

    assert "it knows no cipher suite with forward secrecy and authenticated encryption" == said


@pytest.mark.parametrize(("newest", "oldest_taken"), [("TLSv1_1", "1.2"), ("TLSv1_2", "1.3")])
def test_an_old_version_is_refused(ca, files, newest, oldest_taken):
    """1.1 always, 1.2 when the settings say so; the sender gets an alert that says why."""
    version = ssl.TLSVersion[newest]
    client = a_client(ca, minimum_version=version, maximum_version=version)
    client.set_ciphers("ALL:@SECLEVEL=0")

    refused, said = serve(files(minimum_version=oldest_taken), greeted(client))

    assert "TLSV1_ALERT_PROTOCOL_VERSION" == refused
    assert "it knows only versions of TLS older than intake.tls.minimum_version" == said


def test_nothing_is_compressed_renegotiated_or_resumed(ca, files):
    """CRIME, handshakes in the middle of data, and coming back on a certificate that was withdrawn."""
    context = TlsDoor(Tls(**files()), "intake.tls").context()

    assert ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION == context.options & (
        ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    )

    def has_ticket(port: int) -> bool:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
            a_client(ca).wrap_socket(plain, server_hostname=HOST) as secured,
        ):
            secured.recv(100)  # TLS 1.3 sends tickets before the first data
            return secured.session is not None and secured.session.has_ticket

    assert not serve(files(), has_ticket)[0]


def test_a_sender_without_a_certificate_is_refused(ca, mutual):
    """Mutual TLS; with 1.3 it learns so when it reads."""
    refused, said = serve(mutual, greeted(a_client(ca)))

    assert "TLSV13_ALERT_CERTIFICATE_REQUIRED" == refused
    assert "it shows no certificate, and intake.tls.client_ca asks for one" == said


def test_a_certificate_of_another_ca_is_refused(ca, mutual):
    """Anybody can make a CA."""
    stranger = trustme.CA().issue_cert("ris.example")

    refused, said = serve(mutual, greeted(a_client(ca, stranger)))

    assert "TLSV1_ALERT_UNKNOWN_CA" == refused
    assert said.startswith("its certificate is not one intake.tls.client_ca vouches for: ")


def test_a_certificate_of_the_ca_is_taken(ca, mutual):
    """Its CN and DNS names are known afterwards."""
    client = a_client(ca, ca.issue_cert("ris.example", "ris2.example", common_name="RIS"))

    greeting, names = serve(mutual, greeted(client))

    assert ("TLSv1.3", "RIS,ris.example,ris2.example") == (greeting.split()[0], names)


@pytest.mark.parametrize("allowed", ["RIS", "ris2.example", "RIS2.Example"])
def test_one_name_of_a_certificate_suffices(ca, mutual, allowed):
    """CN or any DNS name, in any case of letters."""
    client = a_client(ca, ca.issue_cert("ris.example", "ris2.example", common_name="RIS"))

    greeting, _ = serve(mutual | {"client_names": ["lab.example", allowed]}, greeted(client))

    assert greeting.startswith("TLSv1.3")


@pytest.mark.parametrize("allowed", ["lab.example", "*.example", "example"])
def test_a_certificate_with_another_name_is_refused(ca, mutual, allowed):
    """The CA may have signed half the hospital; nothing but a whole name counts."""
    client = a_client(ca, ca.issue_cert("ris.example", common_name="RIS"))

    greeting, said = serve(mutual | {"client_names": [allowed]}, greeted(client))

    assert "" == greeting
    assert "its certificate names RIS, ris.example, who is not one of intake.tls.client_names" == said


def test_a_certificate_without_a_name_is_refused_where_names_count(ca, mutual):
    """An address is no name."""
    client = a_client(ca, ca.issue_cert("10.1.2.3"))

    _, said = serve(mutual | {"client_names": ["10.1.2.3"]}, greeted(client))

    assert "its certificate names nobody, who is not one of intake.tls.client_names" == said


@pytest.mark.parametrize(
    ("first", "said"),
    [
        (b"\x0bMSH|^~\\&|RIS\r\x1c\r", "it does not speak TLS"),
        (b"GET / HTTP/1.1\r\n\r\n", "it speaks HTTP without TLS"),
    ],
)
def test_what_is_not_tls_is_recognised(files, first, said):
    """Plain HL7 is the usual mistake while a sender is being set up, a browser or a probe the next."""

    def plain(port: int) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(first)
            connection.recv(100)

    assert said == serve(files(), plain)[1]


def test_a_renewed_certificate_is_shown_to_the_next_sender(ca, files):
    """Without a restart; files that did not change are not read again."""
    first, second = ca.issue_cert(HOST), ca.issue_cert(HOST)
    settings = files(first)
    told: list[str] = []
    door = TlsDoor(Tls(**settings), "intake.tls", told.append)
    before = door.context()
    assert before is door.context()

    shown = serve(settings, serial_shown(ca), lambda port: (files(second), serial_shown(ca)(port))[1], door=door)

    assert [serial_of(first), serial_of(second)] == shown[::2]
    assert [""] == told


def test_a_renewed_client_ca_counts_for_the_next_sender(ca, mutual, tmp_path):
    """A partner that changes its CA does not stop the daemon."""
    other = trustme.CA()
    client = a_client(ca, other.issue_cert("ris.example"))
    door = TlsDoor(Tls(**mutual), "intake.tls")
    ask = greeted(client)

    def trusted(port: int) -> str:
        replace(tmp_path / "ca.pem", other.cert_pem.bytes())
        return ask(port)

    refused, _, greeting, _ = serve(mutual, ask, trusted, door=door)

    assert ("TLSV1_ALERT_UNKNOWN_CA", "TLSv1.3") == (refused, greeting.split()[0])


def test_a_half_written_certificate_keeps_the_old_one(ca, files):
    """Until the other half is there; each change is said once, not at each connection."""
    first, second = ca.issue_cert(HOST), ca.issue_cert(HOST)
    settings = files(first)
    told: list[str] = []
    door = TlsDoor(Tls(**settings), "intake.tls", told.append)
    before = door.context()
    renewed = chain_of(second)

    Path(settings["certificate"]).write_bytes(renewed[: len(renewed) // 2])
    kept = [door.context(), door.context()]
    problem = door.problem
    files(second)
    after = door.context()

    assert [before, before] == kept
    assert problem.endswith(
        "server.pem': holds no whole certificate. Write PEM, our own first. The files read before stay in use."
    )
    assert [problem, ""] == told
    assert (False, "") == (after is before, door.problem)


def test_a_certificate_whose_key_is_not_there_yet_keeps_the_old_one(ca, files):
    """Two files cannot be replaced in one moment."""
    settings = files()
    door = TlsDoor(Tls(**settings), "intake.tls")
    before = door.context()

    replace(Path(settings["certificate"]), chain_of(ca.issue_cert(HOST)))

    assert before is door.context()
    assert "(key values mismatch)" in door.problem


def test_a_file_that_is_gone_keeps_the_old_one(files):
    """For the moment between a removal and a creation."""
    settings = files()
    door = TlsDoor(Tls(**settings), "intake.tls")
    before = door.context()

    Path(settings["key"]).unlink()

    assert before is door.context()
    assert "server.key': cannot be read: No such file or directory." in door.problem


def an_encrypted_key() -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"secret")
    )


@pytest.mark.parametrize(
    ("setting", "text", "said"),
    [
        ("certificate", b"", r"intake\.tls\.certificate = '.*server\.pem': holds no whole certificate"),
        ("certificate", b"-----BEGIN CERTIFICATE-----\nMIIB", r"certificate = '.*': holds no whole certificate"),
        ("key", b"", r"intake\.tls\.key = '.*server\.key': is no key for '.*server\.pem' \(not a whole PEM file\)"),
        ("key", an_encrypted_key(), r"intake\.tls\.key = '.*': is encrypted\. Store it without a password"),
        ("client_ca", b"not PEM", r"intake\.tls\.client_ca = '.*ca\.pem': holds no whole certificate"),
    ],
    ids=["no certificate", "half a certificate", "no key", "encrypted key", "no CA"],
)
def test_files_that_cannot_be_used_stop_the_start(mutual, setting, text, said):
    """Which, why, and what to write; a password is never asked for on the terminal."""
    Path(mutual[setting]).write_bytes(text)

    with pytest.raises(ConfigError, match=said):
        TlsDoor(Tls(**mutual), "intake.tls")


@pytest.mark.parametrize("setting", ["certificate", "key", "client_ca"])
def test_files_that_cannot_be_read_stop_the_start(mutual, setting, tmp_path):
    """A folder stands for what the daemon's user may not read, which as root is nothing."""
    with pytest.raises(ConfigError, match=rf"intake\.tls\.{setting} = '.*': cannot be read: Is a directory"):
        TlsDoor(Tls(**mutual | {setting: str(tmp_path)}), "intake.tls")


def test_our_own_sender_is_taken_with_its_certificate(ca, mutual, tmp_path):
    """`client_context`, certificate and key in one file."""
    own = tmp_path / "own.pem"
    ca.issue_cert("ris.example").private_key_and_cert_chain_pem.write_to_path(own)

    greeting, names = serve(mutual, greeted(client_context(mutual["client_ca"], str(own))))

    assert ("TLSv1.3", "ris.example") == (greeting.split()[0], names)


@pytest.mark.parametrize(("host", "trusts_ca"), [("other.example", True), (HOST, False)])
def test_our_own_sender_refuses_whom_it_does_not_know(mutual, host, trusts_ca):
    """A certificate for another host, or of a CA the system does not trust; nothing is sent."""
    context = client_context(mutual["client_ca"] if trusts_ca else "")

    assert "CERTIFICATE_VERIFY_FAILED" == serve(mutual, greeted(context, host))[0]


@pytest.mark.parametrize(
    ("files_named", "said"),
    [
        (("nowhere.pem",), r"ca = 'nowhere\.pem': cannot be read"),
        (("", "own.pem"), r"certificate = 'own\.pem': cannot"),
    ],
)
def test_our_own_sender_names_a_wrong_file(files_named, said):
    """As the daemon does."""
    with pytest.raises(ConfigError, match=said):
        client_context(*files_named)
