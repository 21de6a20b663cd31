"""C-FIND: one question to one PACS or to many at once (PS3.4 C.4.1), and what each of them said."""

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom.presentation import build_context

from dicomfabd.domain.delivery import Destination
from dicomfabd.domain.errors import Permanent, Retryable
from dicomfabd.pacs.dicomweb import search
from dicomfabd.pacs.question import Level, Question
from dicomfabd.pacs.scu import Refused, associate, why_it_ended
from dicomfabd.pacs.statuses import SUCCESS, explain_find, is_pending

MOST_PACS: Final = 32
"""Of one question."""

LONGEST_S: Final = 120.0
"""A PACS that is not done after that is stopped; what it gave until then is shown."""

PATIENT_ROOT: Final = "1.2.840.10008.5.1.4.1.2.1.1"
STUDY_ROOT: Final = "1.2.840.10008.5.1.4.1.2.2.1"
SYNTAXES: Final = [str(ExplicitVRLittleEndian), str(ImplicitVRLittleEndian)]
_MESSAGE_ID: Final = 1
_MOST_AFTER_CANCEL: Final = 2000  # PACS that collect all matches first send them all the same
_LONGEST_TEXT: Final = 1024

Row = Mapping[str, str]


class State(StrEnum):
    """What a PACS did with a question; only `answered` means that the rows are all there is."""

    ANSWERED = "answered"
    AWAY = "away"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one PACS said.

    Attributes:
        rows: Name of a column → text; every column is there.
        more: It has more than the question wanted.
        via: `C-FIND` or `QIDO-RS`.
        reason: Why it is not `answered`, or what else has to be known.
    """

    destination: str
    state: State
    rows: tuple[Row, ...] = ()
    more: bool = False
    via: str = "C-FIND"
    reason: str = ""
    seconds: float = 0.0


class Broken(Retryable):
    """The PACS was there and its answer is not whole."""


def ask_all(destinations: Sequence[Destination], question: Question, *, over_web: bool = False) -> list[Answer]:
    """Ask several PACS at once, each on a thread; one answer for each, in their order.

    Args:
        destinations: At most `MOST_PACS`.
        question: What is asked.
        over_web: Ask those with a `web_url` by QIDO-RS.
    """
    with ThreadPoolExecutor(max(1, min(len(destinations), MOST_PACS))) as threads:
        return list(threads.map(lambda one: ask(one, question, over_web=over_web), destinations))


def ask(destination: Destination, question: Question, *, over_web: bool = False) -> Answer:
    """Ask one PACS; never raises for what a peer does.

    By QIDO-RS if so wished, if the PACS is only sent to by STOW-RS, or if it offers no C-FIND and has a `web_url`;
    `reason` says the last.
    """
    if destination.web_url and (over_web or destination.transport == "stow"):
        return _ask_web(destination, question)
    answer = _ask_dimse(destination, question)
    if answer.state is State.REFUSED and destination.web_url:
        return _ask_web(destination, question, f"asked over DICOMweb, because {answer.reason}")
    return answer


def _ask_dimse(destination: Destination, question: Question) -> Answer:
    return gather(destination, lambda: find(destination, question), question.most)


def gather(destination: Destination, begin: Callable[[], Generator[Row, None, None]], most: int) -> Answer:
    """Give what comes of a query, at most so many rows; never raises for what a peer does."""
    started = time.monotonic()
    rows: list[Row] = []
    state, more, reason = State.ANSWERED, False, ""
    try:
        with closing(begin()) as found:
            for row in found:
                if len(rows) == most:
                    more = True
                    break
                rows.append(row)
    except Refused as error:
        state, reason = State.REFUSED, str(error)
    except Retryable as error:
        state, reason = State.FAILED if isinstance(error, Broken) else State.AWAY, str(error)
    except Permanent as error:
        state, reason = State.FAILED, str(error)
    return Answer(destination.name, state, tuple(rows), more, "C-FIND", reason, time.monotonic() - started)


def find(destination: Destination, question: Question) -> Generator[Row, None, None]:
    """Give the matches of one PACS as they come; a caller that stops early cancels the query.

    Raises:
        DestinationAway: Nobody answers there.
        Refused: It rejects the association, or offers no C-FIND.
        Broken: It answered a failure, broke off or took too long.
    """
    contexts = [build_context(model, SYNTAXES) for model in (STUDY_ROOT, PATIENT_ROOT)]
    with associate(destination, contexts) as association:
        model = model_for(association, question.root == "patient", (STUDY_ROOT, PATIENT_ROOT))
        if question.level is Level.PATIENT and model != PATIENT_ROOT:
            raise Refused(f"{destination.name} has no patient root, so no patients can be asked for: ask for studies")
        with closing(stream(destination, association, identifier_of(question), model)) as matches:
            for found in matches:
                yield _row(found, question)


def stream(
    destination: Destination, association: Any, identifier: Dataset, model: str
) -> Generator[Dataset, None, None]:
    """Give what matches an identifier as it comes; a caller that stops early cancels the query. Raises Broken."""
    responses = association.send_c_find(identifier, model, msg_id=_MESSAGE_ID)
    is_done = False
    try:
        yield from _bounded(responses, destination, association)
        is_done = True
    finally:
        if not is_done and association.is_established:
            association.send_c_cancel(_MESSAGE_ID, query_model=model)
            _drain(responses, association)


def has_study(destination: Destination, study_uid: str) -> bool:
    """Ask whether a PACS has a study; True also where it does not say."""
    question = Question(Level.STUDY, {"StudyInstanceUID": study_uid}, most=1)
    try:
        with closing(find(destination, question)) as found:
            return next(found, None) is not None
    except (Retryable, Permanent):
        return True


def model_for(association: Any, prefers_patient: bool, models: tuple[str, str]) -> str:
    """Give the information model to use of those accepted: (study root, patient root)."""
    accepted = {str(context.abstract_syntax) for context in association.accepted_contexts}
    order = reversed(models) if prefers_patient else models
    return next(model for model in order if model in accepted)


def identifier_of(question: Question) -> Dataset:
    """Give the C-FIND identifier: what has to match, and every column of the level."""
    identifier = Dataset()
    text = "".join(question.keys.values())
    if not text.isascii():
        identifier.SpecificCharacterSet = "ISO_IR 100" if _is_latin(text) else "ISO_IR 192"
    identifier.QueryRetrieveLevel = question.level.upper()
    for keyword, value in (dict.fromkeys(question.columns.values(), "") | dict(question.keys)).items():
        # Ranges and wildcards are not values of their VR.
        identifier.add(DataElement(keyword, dictionary_VR(keyword), value or None, validation_mode=IGNORE))
    return identifier


def _bounded(
    responses: Iterator[tuple[Dataset, Dataset | None]], destination: Destination, association: Any
) -> Iterator[Dataset]:
    ends_at = time.monotonic() + LONGEST_S
    for status, found in responses:
        if "Status" not in status:
            raise Broken(f"{destination.name} did not finish its answer: {why_it_ended(association)}")
        if is_pending(status.Status):
            if found is None:
                raise Broken(f"{destination.name} sent a match that cannot be read")
            yield found
        elif status.Status != SUCCESS:
            raise Broken(f"{destination.name} {explain_find(status)}")
        if time.monotonic() > ends_at:
            raise Broken(f"{destination.name} was not done after {LONGEST_S:.0f} s; ask for less")


def _drain(responses: Iterator[tuple[Dataset, Dataset | None]], association: Any) -> None:
    """Take what is still under way after a cancel; a PACS that goes on all the same is left."""
    for number, (_, _) in enumerate(responses):
        if number == _MOST_AFTER_CANCEL:
            association.abort()
            return


def _row(found: Dataset, question: Question) -> Row:
    return {name: text_in(found, keyword) for name, keyword in question.columns.items()}


def text_in(found: Dataset, keyword: str) -> str:
    """Give a value as text, several joined by backslashes; one that cannot be read as the bytes it came as."""
    try:
        value = found.get(keyword)
    except Exception:  # pydicom raises many types for values that are not of their VR
        raw = found.get_item(keyword)
        value = getattr(raw, "value", b"") or b""
        value = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    if value is None:
        return ""
    text = "\\".join(map(str, value)) if isinstance(value, MultiValue | list) else str(value)
    return text.strip(" \0")[:_LONGEST_TEXT]


def _is_latin(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def _ask_web(destination: Destination, question: Question, note: str = "") -> Answer:
    started = time.monotonic()
    rows: list[Row] = []
    state, more, reason = State.ANSWERED, False, note
    try:
        rows, more = search(destination, question)
    except Permanent as error:
        state, reason = State.REFUSED, str(error)
    except Retryable as error:
        state, reason = State.AWAY, str(error)
    return Answer(destination.name, state, tuple(rows), more, "QIDO-RS", reason, time.monotonic() - started)
