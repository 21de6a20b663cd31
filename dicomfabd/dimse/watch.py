"""The clock of an association: what has to happen by when."""

import asyncio
from collections.abc import Callable

from dicomfabd.dimse.acceptor import Acceptor
from dicomfabd.dimse.limits import Limits, Reason


class Watch:
    """Tells when a peer is too slow or silent for too long."""

    def __init__(
        self, acceptor: Acceptor, limits: Limits, is_busy: Callable[[], bool], give_up: Callable[[Reason, str], None]
    ) -> None:
        """Prepare.

        Args:
            acceptor: What is watched.
            limits: The deadlines.
            is_busy: Whether the peer waits for us, and may be silent.
            give_up: Called once, when a deadline has passed.
        """
        self._acceptor = acceptor
        self._limits = limits
        self._is_busy = is_busy
        self._give_up = give_up
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._active_at = self._inside_since = self._loop.time()

    def expect(self, reason: Reason, within_s: float, what: str) -> None:
        """Give up, for this reason, unless something else is expected or the watch goes on before."""
        self.end()
        self._timer = self._loop.call_later(within_s, self._give_up, reason, f"{what} within {within_s:g} s")

    def go_on(self) -> None:
        """Watch an open association from now on."""
        self.end()
        self.heard(was_completed=True)
        self._look()

    def heard(self, was_completed: bool) -> None:
        """Note that bytes came, and whether they completed something."""
        self._active_at = self._loop.time()
        if was_completed:
            self._inside_since = self._active_at

    def rest(self) -> None:
        """Note that the peer has its answer: its silence counts from here."""
        self._active_at = self._loop.time()

    def end(self) -> None:
        """Watch no longer."""
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        limits, now = self._limits, self._loop.time()
        if self._acceptor.is_inside:
            allowed_s = limits.message_s + self._acceptor.held_bytes / limits.bytes_per_s
            left_s = self._inside_since + allowed_s - now
            reason, detail = Reason.SLOW, f"a PDU or message did not end within {allowed_s:.0f} s"
        else:
            left_s = limits.idle_s + (0 if self._is_busy() else self._active_at - now)
            reason, detail = Reason.IDLE, f"nothing came for {limits.idle_s:g} s"
        if left_s <= 0:
            self._give_up(reason, detail)
        else:
            # A message that begins meanwhile has a deadline of its own.
            self._timer = self._loop.call_later(min(left_s, limits.message_s), self._look)
