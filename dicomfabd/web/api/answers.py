"""What PACS answered, as JSON and as the rows of a table; used by the API and the command line."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from dicomfabd.domain.delivery import Destination
from dicomfabd.domain.destinations import Destinations
from dicomfabd.domain.errors import Fault
from dicomfabd.pacs.query import MOST_PACS, Answer, State, ask_all
from dicomfabd.pacs.question import BadQuestion, Level, Question, build_question


def question_of(level: Level, filters: Mapping[str, str], most: int, root: str) -> Question:
    """Give the question for what a person typed, as of today; raises BadQuestion."""
    return build_question(level, filters, date.today(), most, root)


def chosen(registry: Destinations, names: Sequence[str]) -> list[Destination]:
    """Give the destinations of these names, once each, or all active ones; raises BadQuestion for an unknown name."""
    if not names:
        found = [destination for destination in registry.all() if destination.active]
    else:
        known = {destination.name: destination for destination in registry.all()}
        unknown = [name for name in names if name not in known]
        if unknown:
            hint = f"Use one of: {', '.join(known)}." if known else "Add it first."
            raise BadQuestion(*(Fault(204, "pacs", "there is no destination of that name", hint) for _ in unknown))
        found = [known[name] for name in dict.fromkeys(names)]
    if len(found) > MOST_PACS:
        raise BadQuestion(Fault(102, "pacs", f"are more than {MOST_PACS}", "Name those to ask."))
    return found


def ask_active(destinations: Sequence[Destination], question: Question, *, over_web: bool) -> list[Answer]:
    """Ask those that may be asked; the others answer that they may not."""
    found = ask_all([it for it in destinations if it.active], question, over_web=over_web)
    answers = {answer.destination: answer for answer in found}
    refusal = "is not active; set `active` to ask it"
    return [
        answers[it.name] if it.active else Answer(it.name, State.REFUSED, reason=f"{it.name} {refusal}")
        for it in destinations
    ]


def told(question: Question, answers: Sequence[Answer]) -> dict[str, Any]:
    """Give rows, each with its PACS, and beside them what every PACS did."""
    return {
        "level": question.level.value,
        "columns": list(question.columns),
        "rows": [{"pacs": answer.destination, **row} for answer in answers for row in answer.rows],
        "pacs": [
            {
                "name": answer.destination,
                "state": answer.state.value,
                "rows": len(answer.rows),
                "more": answer.more,
                "via": answer.via,
                "reason": answer.reason,
                "ms": round(answer.seconds * 1000, 1),
            }
            for answer in answers
        ],
    }


def header(question: Question) -> list[str]:
    """Give the columns of a table, fixed by the level."""
    return ["pacs", "state", *question.columns, "reason"]


def table(answers: Sequence[Answer]) -> Iterator[dict[str, str]]:
    """Give the rows of a table; a PACS that did not answer, or has nothing, has one that says so."""
    for answer in answers:
        state = f"{answer.state}, there is more" if answer.more else str(answer.state)
        about = {"pacs": answer.destination, "state": state, "reason": answer.reason}
        yield from ({**row, **about} for row in answer.rows)
        if not answer.rows:
            yield about


def fault_errors(faults: Sequence[Fault]) -> list[dict[str, str]]:
    """Give faults as the errors of a problem document."""
    return [{"field": fault.location, "text": fault.text, "hint": fault.hint} for fault in faults]
