"""A download from a PACS passed on as a ZIP while it arrives."""

import contextlib
import io
import queue
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from dicomfabd.domain.delivery import Destination
from dicomfabd.pacs.files import ZipFiles
from dicomfabd.pacs.retrieve import Retrieval, Retrieved
from dicomfabd.pacs.selection import Selection

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_MOST_PIECES: Final = 64
_PIECE: Final = 1 << 18
_LONGEST_WAIT_S: Final = 60.0
"""A reader that takes nothing for so long has gone."""


class ZipDownload:
    """One download; iterate over it once for the bytes of the ZIP.

    The PACS is on a thread of its own and waits when the reader does. A reader that goes away ends it.
    """

    def __init__(self, source: Destination, selection: Selection, on_end: Callable[[Retrieved], None]) -> None:
        """Prepare; nothing is sent yet. `on_end` is told how it ended, on the thread of the PACS."""
        self._retrieval = Retrieval(source, selection)
        self._pipe = _Pipe()
        self._on_end = on_end
        self._first = threading.Event()
        self._outcome: Retrieved | None = None
        self._thread = threading.Thread(target=self._run, name="download", daemon=True)

    def start(self) -> Retrieved | None:
        """Begin, and wait for the first instance; gives how it ended where there was none."""
        self._thread.start()
        self._first.wait()
        outcome = self._outcome
        return None if outcome is None or outcome.received else outcome

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._pipe.pieces()
        finally:
            self._retrieval.stop()
            self._pipe.abandon()

    def _run(self) -> None:
        outcome = Retrieved(0, 0, False, "", "a bug of ours ended it")
        try:
            # What is left of a ZIP nobody takes any more cannot be written.
            with contextlib.suppress(OSError), ZipFiles(self._pipe) as files:
                outcome = self._retrieval.run(files, lambda _received: self._first.set())
            with contextlib.suppress(OSError):
                self._pipe.finish()
        finally:
            self._outcome = outcome
            self._first.set()
            self._on_end(outcome)


class _Pipe(io.RawIOBase):
    """What one thread writes another reads; a few pieces at most are between them."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: queue.Queue[bytes] = queue.Queue(_MOST_PIECES)
        self._is_abandoned = threading.Event()
        self._buffer = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: "ReadableBuffer") -> int:
        self._buffer += memoryview(data)
        if len(self._buffer) >= _PIECE:
            self._pass_on()
        return memoryview(data).nbytes

    def finish(self) -> None:
        """Pass on the rest, and the end."""
        self._pass_on()
        self._put(b"")

    def abandon(self) -> None:
        """Let go whoever writes: nobody reads any more."""
        self._is_abandoned.set()
        while not self._pieces.empty():
            self._pieces.get()

    def pieces(self) -> Iterator[bytes]:
        """Give what is written, until `finish`."""
        while piece := self._pieces.get():
            yield piece

    def _pass_on(self) -> None:
        if self._buffer:
            self._put(bytes(self._buffer))
            self._buffer.clear()

    def _put(self, piece: bytes) -> None:
        if self._is_abandoned.is_set():
            return
        try:
            self._pieces.put(piece, timeout=_LONGEST_WAIT_S)
        except queue.Full:
            self._is_abandoned.set()
            raise OSError("nobody takes the download any more") from None
