"""Why an item does not show: key by key, by the very checks that answer a query."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from dicomfabd.dimse.keys import name_of
from dicomfabd.domain.servable import problems
from dicomfabd.store.worklist_interface import LoggedQuery, OrderOnFile, StepOnFile
from dicomfabd.worklist.items import to_item
from dicomfabd.worklist.question import Question


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one key did to an item."""

    key: str
    asked: str
    found: str
    fits: bool


@dataclass(frozen=True, slots=True)
class StepExplanation:
    """Whether a query finds a step, and why.

    Attributes:
        verdicts: One for each key that restricts.
        reasons: What else keeps it out; empty where nothing does.
    """

    step_id: str
    status: str
    is_found: bool
    verdicts: tuple[Verdict, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a query does with each step of an order.

    Attributes:
        profile: By which the query is understood.
        remarks: What may be different from when it was asked.
    """

    accession_number: str
    profile: str
    steps: tuple[StepExplanation, ...]
    remarks: tuple[str, ...]


def explain(
    on_file: OrderOnFile, question: Question, now: float, keep_done_s: float, logged: LoggedQuery | None = None
) -> Explanation:
    """Say which key, or what else, keeps the steps of an order out of a query's answers.

    Args:
        on_file: The order, listed or not.
        question: The query.
        now: Unix seconds.
        keep_done_s: How long an item that is over is shown.
        logged: The query as it was asked, if it was.
    """
    steps = tuple(
        _explain_step(on_file, ordinal, step, question, now, keep_done_s) for ordinal, step in enumerate(on_file.steps)
    )
    remarks = tuple(_remarks(on_file, question, logged))
    return Explanation(on_file.order.accession_number, question.profile.name, steps, remarks)


def _explain_step(
    on_file: OrderOnFile, ordinal: int, step: StepOnFile, question: Question, now: float, keep_done_s: float
) -> StepExplanation:
    item = to_item(on_file.order, on_file.order.steps[ordinal], step.status)
    verdicts = []
    for check in question.checks:
        names = " and ".join(map(name_of, check.tags))
        verdicts.append(Verdict(names, check.asked, check.found(item), check.fits(item)))
    reasons = list(_reasons(on_file, ordinal, step, question, now, keep_done_s))
    is_found = not reasons and all(verdict.fits for verdict in verdicts)
    return StepExplanation(
        on_file.order.steps[ordinal].scheduled_procedure_step_id,
        step.status.value,
        is_found,
        tuple(verdicts),
        tuple(reasons),
    )


def _reasons(
    on_file: OrderOnFile, ordinal: int, step: StepOnFile, question: Question, now: float, keep_done_s: float
) -> Iterator[str]:
    profile = question.profile
    for fault in problems(on_file.order):
        yield f"a modality would choke on it: {fault.text}"
    if step.status not in profile.statuses:
        yield f"it is {step.status}; profile {profile.name} shows {', '.join(sorted(profile.statuses))}"
    if step.done_at is not None and (keep_done_s == 0 or step.done_at < now - keep_done_s):
        yield f"it was over at {_moment(step.done_at)}, and is shown for {keep_done_s:g} s after that (keep_done_s)"
    label = on_file.order.steps[ordinal].worklist_label
    if profile.labels and label not in profile.labels:
        yield f"its label is {label or 'empty'}; profile {profile.name} shows {', '.join(profile.labels)}"


def _remarks(on_file: OrderOnFile, question: Question, logged: LoggedQuery | None) -> Iterator[str]:
    profile = question.profile
    for tag, value in profile.replaced.items():
        yield f"profile {profile.name} takes {name_of(tag)} to be {value or 'empty'}"
    for tag in sorted(profile.ignored):
        yield f"profile {profile.name} ignores {name_of(tag)}"
    if logged is None:
        return
    if on_file.created_at > logged.at:
        yield f"the order came at {_moment(on_file.created_at)}, after the query of {_moment(logged.at)}"
    elif on_file.updated_at > logged.at:
        yield f"the order changed at {_moment(on_file.updated_at)}, after the query of {_moment(logged.at)}"
    if logged.answers >= profile.max_answers:
        yield f"the query got the {logged.answers} items it may get at most (max_answers); this one may be beyond them"


def _moment(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
