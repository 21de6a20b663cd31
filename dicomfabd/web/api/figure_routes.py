"""How much there is of what now (/api/v1/counts), and how it came to be so (/api/v1/history)."""

from typing import Annotated, Any

from fastapi import Query

from dicomfabd.domain.access import Role
from dicomfabd.store.search_interface import Counts
from dicomfabd.telemetry.history import Span
from dicomfabd.web.access.needs import GuardedRouter, needs
from dicomfabd.web.api.orders import moment
from dicomfabd.web.desk import WebDesk


def router(desk: WebDesk) -> GuardedRouter:
    """Give the routes."""
    routes = GuardedRouter()

    @routes.get("/api/v1/counts")
    @needs(Role.VIEWER)
    def show_counts() -> dict[str, Any]:
        """Count orders by state, deliveries by destination and state, messages, and who sends; two seconds old at most.

        `oldest_queued` is when the order was placed that waits longest of those that are due. `last_day` counts by
        whole hours. `behind` changes are not counted yet.
        """
        return counted(desk.figures.counts())

    @routes.get("/api/v1/history")
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
