"""A DICOM listener on the event loop: C-ECHO and whatever `Services` offer, as plain functions of ours.

The rooms above see requests, answers and statuses only.
"""

import asyncio
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Literal, TypeVar

from dicomfabd.config import DicomPort
from dicomfabd.dimse.acceptor import Asked
from dicomfabd.dimse.association import Association
from dicomfabd.dimse.gate import Gate
from dicomfabd.dimse.limits import Budget, Limits, Reason, Violation
from dicomfabd.dimse.link import Link
from dicomfabd.dimse.negotiation import Agreement, Offer, too_many
from dicomfabd.dimse.services import Services
from dicomfabd.domain.addresses import Addresses
from dicomfabd.telemetry.journal import Journal
from dicomfabd.tls.door import TlsDoor

T = TypeVar("T")

_BACKLOG: Final = 128
_SHORT_REQUEST: Final = 4096  # bytes, of which some forty contexts have room and 3 ms are enough
_FAREWELL_S: Final = 1.0  # to tell peers that we stop
_USUAL_LIMITS: Final = Limits()


class DicomListener:
    """One listening application entity, the `Host` of its associations."""

    def __init__(
        self,
        name: Literal["worklist", "archive"],
        settings: DicomPort,
        services: Services,
        journal: Journal,
        limits: Limits = _USUAL_LIMITS,
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            name: Of its section in the settings; a label of metrics.
            settings: That section.
            services: What is offered.
            journal: Told of associations that end badly.
            limits: What peers may cost.

        Raises:
            ConfigError: A file of its TLS cannot be read or used.
        """
        self._settings = settings
        self._allowed = Addresses(settings.addresses)
        self._door = TlsDoor(settings.tls, f"{name}.tls", self._reloaded) if settings.tls.is_on else None
        self._waiting: dict[Association, None] = {}
        self._open: dict[Association, None] = {}
        self._per_address: Counter[str] = Counter()
        self._offer = Offer(services, limits.pdu_bytes, settings.called_ae_titles, settings.calling_ae_titles)
        # Each association has a request under way at most, so that none waits for a thread; idle ones have none.
        self._threads = ThreadPoolExecutor(settings.max_associations, thread_name_prefix=f"{name}-dicom")
        # One request for an association may take 60 ms of the interpreter; many at once shall not take all of it, and
        # whose request is short, as a modality's is, shall not wait for the long ones.
        self._negotiator = ThreadPoolExecutor(1, thread_name_prefix=f"{name}-negotiator")
        self._long_negotiator = ThreadPoolExecutor(1, thread_name_prefix=f"{name}-negotiator")
        self._server: asyncio.Server | None = None
        self._emptied = asyncio.Event()
        self._emptied.set()
        self.name: str = name
        self.services = services
        self.limits = limits
        self.budget = Budget(limits.receiving_bytes)
        self.journal = journal
        self.handshake_s = settings.tls.handshake_timeout_s

    @property
    def port(self) -> int:
        """The port in use, once started."""
        assert self._server is not None  # noqa: S101 - start() was not called: our bug
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Open the port; raises OSError when it is taken."""
        settings = self._settings
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        listening = socket.create_server((settings.host, settings.port), family=family, backlog=_BACKLOG)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._gate, sock=listening, backlog=_BACKLOG)

    async def stop(self) -> None:
        """Take no more, let requests under way end for a while, abort the rest."""
        if self._server is None:
            return
        self._server.close()
        everybody = [*self._open, *self._waiting]
        for association in everybody:
            association.stop()
        if tasks := _tasks_of(everybody):
            await asyncio.wait(tasks, timeout=self.limits.stop_s)
        for association in everybody:
            association.abort(Violation(Reason.STOPPED, "we stop"))
        # Whoever does not take our farewell is left.
        asyncio.get_running_loop().call_later(_FAREWELL_S, self._leave)
        await self._emptied.wait()
        unfinished = _tasks_of(everybody)
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)
        for threads in (self._threads, self._negotiator, self._long_negotiator):
            threads.shutdown(wait=False, cancel_futures=True)

    def run(self, function: Callable[..., T], /, *arguments: Any) -> Awaitable[T]:
        """Run a blocking function on a thread."""
        return asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)

    def negotiate(self, asked: Asked) -> Awaitable[Agreement]:
        """See `association.Host`."""
        threads = self._negotiator if len(asked) <= _SHORT_REQUEST else self._long_negotiator
        return asyncio.get_running_loop().run_in_executor(threads, self._offer.negotiate, asked)

    def connected(self, association: Association) -> None:
        """See `association.Host`; among too many who only connect, the oldest makes room."""
        self._waiting[association] = None
        self._emptied.clear()
        if len(self._waiting) > self.limits.waiting:
            oldest = next(iter(self._waiting))
            del self._waiting[oldest]
            oldest.abort(Violation(Reason.BUSY, f"{self.limits.waiting} connections wait for an association"))

    def admit(self, association: Association) -> None:
        """See `association.Host`."""
        settings, address = self._settings, association.peer.address
        if len(self._open) >= settings.max_associations:
            raise too_many(f"{self.name}.max_associations = {settings.max_associations} are open")
        if self._per_address[address] >= settings.max_associations_per_address:
            most = settings.max_associations_per_address
            raise too_many(f"{self.name}.max_associations_per_address = {most} are open")
        self._waiting.pop(association)
        self._open[association] = None
        self._per_address[address] += 1
        self.journal.association_opened(self.name)

    def ended(self, association: Association) -> None:
        """See `association.Host`."""
        self._waiting.pop(association, None)
        if association in self._open:
            del self._open[association]
            self._per_address -= Counter([association.peer.address])
            self.journal.association_ended(self.name)
        if not self._open and not self._waiting:
            self._emptied.set()

    def _gate(self) -> Gate:
        return Gate(self._allowed, self._link, self._refused)

    def _refused(self, peer: str) -> None:
        detail = f"not one of {self.name}.addresses"
        self.journal.association_closed(self.name, Reason.ADDRESS.value, peer, calling="", called="", detail=detail)

    def _link(self) -> Link:
        return Link(Association(self), self._door.session() if self._door else None, self.limits.write_s)

    def _leave(self) -> None:
        for association in [*self._open, *self._waiting]:
            association.leave()

    def _reloaded(self, problem: str) -> None:
        self.journal.dicom_certificate_reloaded(self.name, problem)


def _tasks_of(associations: Collection[Association]) -> list[asyncio.Task[None]]:
    return [association.task for association in associations if association.task]
