"""Is it well? Rates, queues, destinations, senders, disk; everything leads to its list."""

import shutil
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from dicomfabd.domain.access import Reach, Role
from dicomfabd.domain.order import OrderState
from dicomfabd.store.search_interface import Counts
from dicomfabd.telemetry.history import Past, Span
from dicomfabd.web.access.needs import GuardedRouter, needs, principal_of
from dicomfabd.web.api.orders import moment
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.pages.charts import Chart, chart
from dicomfabd.web.pages.items import MOST_COUNTED
from dicomfabd.web.pages.rendering import Pages

_SILENT_AFTER_S = 3600.0
_MOST_SENDERS = 12
_OPEN = (OrderState.SCHEDULED, OrderState.IN_PROGRESS, OrderState.HELD, OrderState.FAILED)
_TITLES = {
    "messages": ("Messages received", "/messages"),
    "orders": ("Orders placed", "/orders"),
    "instances": ("Images stored", "/studies"),
    "queries": ("Worklist questions", "/worklist/queries"),
}
"""Series → its title, and where more of it is."""
_WRONG = {"messages": "refused", "instances": "failed"}
"""What of a series went wrong is another series; refused messages are among those received."""


@dataclass(frozen=True, slots=True)
class Period:
    """The charts of a span of time, each with title and address."""

    title: str
    since: str
    charts: tuple[tuple[str, str, Chart], ...]


def router(desk: WebDesk, pages: Pages) -> GuardedRouter:
    """Give the route."""
    routes = GuardedRouter(include_in_schema=False)

    @routes.get("/", response_class=HTMLResponse)
    @needs(Role.VIEWER, Reach.EITHER)
    def overview(request: Request) -> Response:
        """The first page; who may look at PACS of prod alone begins there."""
        if not principal_of(request).may(Role.VIEWER):
            return RedirectResponse("/pacs", 303)
        counts = desk.figures.counts()
        hour = desk.history.of(Span.HOUR)
        checks = desk.health.results()
        disk = shutil.disk_usage(desk.state_dir)
        return pages.render(
            request,
            "overview.html",
            wrong=[check for check in checks if not check.ok],
            rate=sum(hour.series["messages"][-6:-1]) / 5,
            refused=sum(hour.series["refused"]),
            counts=counts,
            open=sum(counts.orders[state] for state in _OPEN),
            destinations=_destinations(desk, counts),
            senders=_senders(counts),
            items=desk.worklist.count({}, MOST_COUNTED),
            most_counted=MOST_COUNTED,
            disk=disk,
            disk_used=(disk.total - disk.free) / disk.total if disk.total else 0,
            periods=(_period("Last hour", hour), _period("Last day", desk.history.of(Span.DAY))),
            addresses=desk.addresses(),
        )

    return routes


def _destinations(desk: WebDesk, counts: Counts) -> list[dict[str, Any]]:
    return [
        {
            "name": destination.name,
            "environment": destination.environment,
            "state": "away" if destination.name in counts.away else "up",
            "next_try": moment(counts.away[destination.name]) if destination.name in counts.away else "",
            "queued": counts.jobs.get((destination.name, "queued"), 0),
            "leased": counts.jobs.get((destination.name, "leased"), 0),
            "failed": counts.jobs.get((destination.name, "failed"), 0),
            "oldest_s": max(0.0, counts.at - counts.oldest[destination.name])
            if destination.name in counts.oldest
            else None,
        }
        for destination in desk.destinations().all()
    ]


def _senders(counts: Counts) -> list[dict[str, Any]]:
    return [
        {
            "application": sender.application,
            "last_at": moment(sender.last_at),
            "silent_s": max(0.0, counts.at - sender.last_at),
            "is_silent": counts.at - sender.last_at > _SILENT_AFTER_S,
            "last_day": sender.last_day,
        }
        for sender in counts.senders[:_MOST_SENDERS]
    ]


def _period(title: str, past: Past) -> Period:
    charts = []
    for name, (said, address) in _TITLES.items():
        values = past.series[name]
        wrong = past.series[_WRONG[name]] if name in _WRONG else []
        if name == "messages":
            values = [max(0.0, all_ - refused) for all_, refused in zip(values, wrong, strict=True)]
        charts.append((said, address, chart(said, values, wrong)))
    return Period(title, moment(past.since), tuple(charts))
