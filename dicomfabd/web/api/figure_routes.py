"""How much there is of what now (/api/v1/counts), and how it came to be so (/api/v1/history)."""

from typing import Annotated, Any, Final

from fastapi import Query

from dicomfabd.domain.access import Role
from dicomfabd.store.search_interface import Counts
from dicomfabd.telemetry.history import Span
from dicomfabd.web.access.needs import GuardedRouter, needs
from dicomfabd.web.api.orders import moment
from dicomfabd.web.desk import WebDesk

_COUNTS: Final = {
    "at": "2026-03-02T12:00:00.000Z",
    "behind": 0,
    "orders": {"scheduled": 12, "in_progress": 2, "completed": 81_234, "failed": 1},
    "jobs": {"main": {"queued": 14, "done": 81_230, "failed": 1}},
    "dead_letters": 1,
    "oldest_queued": {"main": {"at": "2026-03-02T11:58:30.000Z", "age_s": 90.0}},
    "away": {"main": "2026-03-02T12:00:30.000Z"},
    "messages": {"kept": 90_123, "quarantined": 4},
    "senders": [{"application": "RIS", "last_at": "2026-03-02T11:59:58.000Z", "last_day": 4_711}],
}
_HISTORY: Final = {"step_s": 60, "from": "2026-03-02T11:01:00.000Z", "series": {"messages": [12, 9, 31]}}


def router(desk: WebDesk) -> GuardedRouter:
    """Give the routes."""
    routes = GuardedRouter()

    @routes.get("/api/v1/counts", responses={200: {"content": {"application/json": {"example": _COUNTS}}}})
    @needs(Role.VIEWER)
    def show_counts() -> dict[str, Any]:
        """Count orders by state, deliveries by destination and state, messages, and who sends; two seconds old at most.

        `oldest_queued` is when the order was placed that waits longest of those that are due. `last_day` counts by
        whole hours. `behind` changes are not counted yet.
        """
        return counted(desk.figures.counts())

    @routes.get("/api/v1/history", responses={200: {"content": {"application/json": {"example": _HISTORY}}}})
    @needs(Role.VIEWER)
    def show_history(
        span: Annotated[Span, Query(description="The last hour by minutes, or the last day by quarters of an hour.")],
    ) -> dict[str, Any]:
        """Give how much happened in each step of time, oldest first; the last one is not over yet."""
        history = desk.history.of(span)
        return {"step_s": history.step_s, "from": moment(history.since), "series": history.series}

    return routes


def counted(counts: Counts) -> dict[str, Any]:
    """Give counts as JSON."""
    jobs: dict[str, dict[str, int]] = {}
    for (destination, state), amount in sorted(counts.jobs.items()):
        jobs.setdefault(destination, {})[state] = amount
    return {
        "at": moment(counts.at),
        "behind": counts.behind,
        "orders": {state.value: amount for state, amount in counts.orders.items()},
        "jobs": jobs,
        "dead_letters": counts.dead_letters,
        "oldest_queued": {
            name: {"at": moment(at), "age_s": round(max(0.0, counts.at - at), 1)} for name, at in counts.oldest.items()
        },
        "away": {name: moment(until) for name, until in counts.away.items()},
        "messages": {"kept": counts.messages, "quarantined": counts.quarantined},
        "senders": [
            {"application": sender.application, "last_at": moment(sender.last_at), "last_day": sender.last_day}
            for sender in counts.senders
        ],
    }
