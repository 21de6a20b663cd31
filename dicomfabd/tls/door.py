"""TLS for our ports and for our own sending, with certificates that may change while we run.

Standard: RFC 9325 (BCP 195) §3.1.1 (versions), §3.3 (compression), §3.4 (resumption), §3.5 (renegotiation) and §4.2
(cipher suites), which is what PS3.15 B.12 asks of DICOM.
"""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final

from dicomfabd.config import ConfigError, Tls
from dicomfabd.tls.session import TlsSession

_SUITES: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2, those with forward secrecy and authenticated encryption; every suite of 1.3 has both."""

_VERSIONS: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
_MOST_NAMES_SAID: Final = 5

FileState = tuple[int, int, int] | None


class TlsDoor:
    """What a new connection needs to speak TLS as the settings say. Not thread-safe."""

    def __init__(self, settings: Tls, section: str, on_reload: Callable[[str], None] = lambda _problem: None) -> None:
        """Read the files.

        Args:
            settings: With a certificate and its key.
            section: Where the settings stand, such as `intake.tls`; for what is said of them.
            on_reload: Told once of each change on disk: the problem that keeps the files before in use, or an empty
                string when the new ones are.

        Raises:
            ConfigError: A file cannot be read or used; says which and why.
        """
        self._settings = settings
        self._section = section
        self._on_reload = on_reload
        self._files = [Path(name) for name in (settings.certificate, settings.key, settings.client_ca) if name]
        self._names = frozenset(name.casefold() for name in settings.client_names)
        self._problem = ""
        self._states = self._look()
        self._context = _server_context(settings, section)

    @property
    def problem(self) -> str:
        """Why the files on disk are not the ones in use; empty when they are."""
        return self._problem

    def session(self) -> TlsSession:
        """Begin TLS on a new connection, with the files as they are now."""
        return TlsSession(self.context(), self._section, self.peer_problem)

    def context(self) -> ssl.SSLContext:
        """Give the context for a new connection; files that changed are read again.

        Costs one `stat` a file. A connection keeps the context it began with.
        """
        states = self._look()
        if states != self._states:
            # Looked at before they are read: what is written meanwhile is seen the next time.
            self._states = states
            self._reload()
        return self._context

    def peer_problem(self, names: tuple[str, ...]) -> str:
        """Say why a peer may not go on whose certificate has these CN and DNS names; empty if it may.

        The CA has been checked by then. One of the names must be in `client_names`, in any case of letters; wildcards
        stand for nothing.
        """
        if not self._names or not self._names.isdisjoint(name.casefold() for name in names):
            return ""
        said = ", ".join(names[:_MOST_NAMES_SAID]) or "nobody"
        return f"its certificate names {said}, who is not one of {self._section}.client_names"

    def _look(self) -> list[FileState]:
        return [_state(file) for file in self._files]

    def _reload(self) -> None:
        try:
            self._context = _server_context(self._settings, self._section)
        except ConfigError as error:
            self._problem = f"{error} The files read before stay in use."
        else:
            self._problem = ""
        self._on_reload(self._problem)


def client_context(ca: str = "", certificate: str = "", key: str = "") -> ssl.SSLContext:
    """Give the context of a sender that checks whom it sends to.

    Args:
        ca: PEM file with those who may vouch for the receiver; empty is those the system trusts.
        certificate: PEM file with our own certificate, for a receiver that asks for one; empty is none.
        key: PEM file with its key; empty is in the same file.

    Raises:
        ConfigError: A file cannot be read or used; says which and why.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _harden(context, _VERSIONS["1.2"])
    if ca:
        _trust(context, "ca", ca)
    else:
        context.load_default_certs()
    if certificate:
        _show(context, ("certificate", certificate), ("key", key or certificate))
    return context


def _server_context(settings: Tls, section: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _harden(context, _VERSIONS[settings.minimum_version])
    # A connection lasts for days, so tickets save nothing; without them nobody comes back on the word of a
    # certificate that has since been withdrawn.
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    _show(context, (f"{section}.certificate", settings.certificate), (f"{section}.key", settings.key))
    if settings.client_ca:
        _trust(context, f"{section}.client_ca", settings.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _harden(context: ssl.SSLContext, oldest: ssl.TLSVersion) -> None:
    context.minimum_version = oldest
    context.set_ciphers(_SUITES)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION


def _show(context: ssl.SSLContext, certificate: tuple[str, str], key: tuple[str, str]) -> None:
    """Load our own certificate; the pairs are setting and path."""
    for setting, path in (certificate, key):
        _check_readable(setting, path)

    def refuse() -> bytes:
        # Without this OpenSSL would ask for the password on the terminal and wait.
        raise ConfigError(f"{key[0]} = {key[1]!r}: is encrypted. Store it without a password, readable by us only.")

    try:
        context.load_cert_chain(certificate[1], key[1], password=refuse)
    except OSError as error:
        if not _holds_certificates(certificate[1]):
            setting, path = certificate
            raise ConfigError(f"{setting} = {path!r}: holds no whole certificate. Write PEM, our own first.") from error
        setting, path = key
        reason = f"is no key for {certificate[1]!r} ({_reason(error, 'not a whole PEM file')})"
        raise ConfigError(f"{setting} = {path!r}: {reason}. Write that certificate's private key as PEM.") from error


def _trust(context: ssl.SSLContext, setting: str, path: str) -> None:
    _check_readable(setting, path)
    try:
        context.load_verify_locations(path)
    except OSError as error:
        raise ConfigError(f"{setting} = {path!r}: holds no whole certificate. Write PEM.") from error


def _holds_certificates(path: str) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except OSError:
        return False
    return True


def _reason(error: OSError, otherwise: str) -> str:
    said = error.reason if isinstance(error, ssl.SSLError) else error.strerror
    return said.lower().replace("_", " ") if said else otherwise


def _check_readable(setting: str, path: str) -> None:
    # OpenSSL's own error names no file.
    try:
        with Path(path).open("rb"):
            pass
    except OSError as error:
        raise ConfigError(
            f"{setting} = {path!r}: cannot be read: {error.strerror}. Name a PEM file we may read."
        ) from error


def _state(file: Path) -> FileState:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
