"""Puts what the worklist can tell in front of the window; neither knows the other."""

from dataclasses import asdict
from typing import Any

from dicomfabd.store.worklist_interface import LoggedQuery
from dicomfabd.web.api.orders import moment
from dicomfabd.web.worklist_desk import WorklistDesk
from dicomfabd.worklist import desk
from dicomfabd.worklist.asking import from_file, in_words


def worklist_desk_of(worklist: desk.WorklistDesk) -> WorklistDesk:
    """Give what the worklist's routes work with."""
    return WorklistDesk(
        find=worklist.find,
        count=worklist.count,
        queries=lambda limit, before: [query_as_json(query) for query in worklist.queries(limit, before)],
        why=lambda accession, asked, calling, called: asdict(worklist.why(accession, asked, calling, called)),
    )


def query_as_json(query: LoggedQuery) -> dict[str, Any]:
    """Give a query that was asked; its keys are values of patients."""
    return {
        "query_id": query.query_id,
        "at": moment(query.at),
        "calling_ae_title": query.calling_ae_title,
        "called_ae_title": query.called_ae_title,
        "peer": query.peer,
        "keys": in_words(from_file(query.keys).keys),
        "answers": query.answers,
        "ms": round(query.seconds * 1000, 2),
        "status": f"{query.status:04X}",
        "comment": query.comment,
    }
