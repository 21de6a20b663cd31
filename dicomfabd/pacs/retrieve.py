"""Download: C-GET, in which the PACS sends to us on our own association (PS3.4 C.4.3), or WADO-RS."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydicom import uid
from pydicom.dataset import Dataset
from pynetdicom import StoragePresentationContexts, build_role
from pynetdicom.presentation import PresentationContext, build_context

from dicomfabd.dimse.part10 import file_header
from dicomfabd.domain.delivery import Destination
from dicomfabd.domain.errors import Permanent, Retryable
from dicomfabd.pacs import dicomweb
from dicomfabd.pacs.files import InstanceFiles
from dicomfabd.pacs.move import SILENCE_S, identifier_of
from dicomfabd.pacs.query import SYNTAXES, has_study, model_for
from dicomfabd.pacs.scu import EVENT_STORE, associate, why_it_ended
from dicomfabd.pacs.selection import Selection
from dicomfabd.pacs.statuses import SUCCESS, explain, is_pending

MOST_INSTANCES: Final = 100_000
MOST_BYTES: Final = 64 << 30
MODELS: Final = ("1.2.840.10008.5.1.4.1.2.2.3", "1.2.840.10008.5.1.4.1.2.1.3")  # study root, patient root

_MESSAGE_ID: Final = 1
_OUT_OF_RESOURCES: Final = 0xA700
_MOST_CONTEXTS: Final = 128 - len(MODELS)
# As they are kept: one of these fits every image a PACS has, so none has to be decompressed for us.
_STORED_AS: Final[list[str | uid.UID]] = [
    uid.ExplicitVRLittleEndian,
    uid.ImplicitVRLittleEndian,
    uid.JPEGBaseline8Bit,
    uid.JPEGExtended12Bit,
    uid.JPEGLossless,
    uid.JPEGLosslessSV1,
    uid.JPEGLSLossless,
    uid.JPEGLSNearLossless,
    uid.JPEG2000Lossless,
    uid.JPEG2000,
    uid.HTJ2KLossless,
    uid.RLELossless,
    uid.MPEG4HP41,
]


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What came of a download.

    Attributes:
        received: Instances that were kept.
        failed: Instances the PACS could not give, as far as it says.
        is_whole: Everything is there; otherwise `reason` says what is missing and why.
        via: `C-GET` or `WADO-RS`.
    """

    received: int
    failed: int
    is_whole: bool
    via: str
    reason: str = ""


class Stopped(Exception):  # noqa: N818 - a wish, not a mistake
    """Whoever wanted the files does not any more, or they cannot be kept."""


class Retrieval:
    """One download. `run` is for one thread, `stop` for any."""

    def __init__(self, source: Destination, selection: Selection) -> None:
        """Prepare; nothing is sent yet. By WADO-RS where the PACS has a `web_url`."""
        self._source = source
        self._selection = selection
        self._stop = threading.Event()
        self._received = 0
        self._failure = ""

    def stop(self) -> None:
        """Take nothing more."""
        self._stop.set()

    def run(self, files: InstanceFiles, on_progress: Callable[[int], None] = lambda _received: None) -> Retrieved:
        """Download, and tell how many there are after each; never raises for what a peer or a disk does."""
        is_web = bool(self._source.web_url)
        failed, reason = 0, ""

        def take(parts: Sequence[bytes | memoryview]) -> None:
            self._take(files, parts)
            on_progress(self._received)

        try:
            failed, reason = self._from_web(take) if is_web else self._by_get(take)
        except (Permanent, Retryable) as error:
            reason = str(error)
        except Stopped:
            pass
        reason = self._failure or reason
        if not reason and not self._received:
            reason = f"{self._source.name} has nothing that fits: no such study, series or image is there"
        if reason:
            files.note(f"{self._received} instances are here. {reason}")
        return Retrieved(self._received, failed, not reason, "WADO-RS" if is_web else "C-GET", reason)

    def _take(self, files: InstanceFiles, parts: Sequence[bytes | memoryview]) -> None:
        if self._stop.is_set():
            self._failure = "stopped as it was told to"
        elif self._received == MOST_INSTANCES:
            self._failure = f"more than {MOST_INSTANCES} instances: take it series by series"
        else:
            try:
                files.take(parts)
            except OSError as error:
                self._failure = f"cannot be written: {error.strerror or error}"
        if self._failure:
            raise Stopped
        self._received += 1

    def _from_web(self, take: Callable[[Sequence[bytes]], None]) -> tuple[int, str]:
        taken = 0
        for number, file in enumerate(dicomweb.retrieve(self._source, self._selection)):
            taken += len(file)
            if file[128:132] != b"DICM":
                raise Retryable(f"{self._source.name}: part {number + 1} of its answer is no DICOM file")
            if taken > MOST_BYTES:
                raise Retryable(f"more than {MOST_BYTES} bytes: take it series by series")
            take([file])
        return 0, ""

    def _by_get(self, take: Callable[[Sequence[bytes | memoryview]], None]) -> tuple[int, str]:
        classes = [str(context.abstract_syntax) for context in StoragePresentationContexts][:_MOST_CONTEXTS]

        def store(event: Any) -> int:
            try:
                take(_file(event))
            except Stopped:
                return _OUT_OF_RESOURCES
            return SUCCESS

        with associate(
            self._source,
            _contexts(classes),
            silence_s=SILENCE_S,
            most_bytes=MOST_BYTES,
            roles=[build_role(name, scp_role=True) for name in classes],
            handlers=[(EVENT_STORE, store)],
        ) as association:
            model = model_for(association, prefers_patient=False, models=MODELS)
            identifier = identifier_of(self._selection, needs_patient=model == MODELS[1])
            is_cancelled = False
            for status, _ in association.send_c_get(identifier, model, msg_id=_MESSAGE_ID):
                if "Status" not in status:
                    return 0, f"{self._source.name}: {why_it_ended(association)}"
                if not is_pending(status.Status):
                    return self._judge(status)
                if (self._failure or self._stop.is_set()) and not is_cancelled:
                    is_cancelled = True
                    association.send_c_cancel(_MESSAGE_ID, query_model=model)
        return 0, f"{self._source.name} ended without a last word"

    def _judge(self, final: Dataset) -> tuple[int, str]:
        failed = int(final.get("NumberOfFailedSuboperations") or 0)
        if not self._received and not has_study(self._source, self._selection.study_uid):
            return failed, ""
        if final.Status != SUCCESS:
            said = explain(final.Status, final.get("ErrorComment", ""))
            return failed, f"{self._source.name} {said}; {failed} instances are missing"
        return failed, f"{failed} instances are missing" if failed else ""


def _contexts(classes: Sequence[str]) -> list[PresentationContext]:
    models = [build_context(model, SYNTAXES) for model in MODELS]
    return models + [build_context(name, _STORED_AS) for name in classes]


def _file(event: Any) -> list[bytes | memoryview]:
    request = event.request
    header = file_header(
        str(request.AffectedSOPClassUID), str(request.AffectedSOPInstanceUID), str(event.context.transfer_syntax)
    )
    return [header, request.DataSet.getbuffer()]
