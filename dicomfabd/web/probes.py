"""Is it alive, is it ready, and how is it doing: /livez, /readyz, /healthz, /metrics."""

from typing import Any

from fastapi import Response
from fastapi.responses import JSONResponse, PlainTextResponse

from dicomfabd import __version__
from dicomfabd.domain.access import Role
from dicomfabd.web.access.needs import GuardedRouter, needs
from dicomfabd.web.desk import WebDesk


def router(desk: WebDesk) -> GuardedRouter:
    """Give the routes."""
    routes = GuardedRouter()

    @routes.get("/livez", response_class=PlainTextResponse)
    @needs(Role.NONE)
    async def check_liveness() -> str:
        """The event loop turns."""
        return "ok\n"

    @routes.get("/readyz", response_class=PlainTextResponse)
    @needs(Role.NONE)
    async def check_readiness() -> PlainTextResponse:
        """Orders can be taken: store writable, doors open. A PACS that is away does not count."""
        wrong = [result for result in desk.health.results() if not result.ok]
        text = "".join(f"{result.name}: {result.reason}\n" for result in wrong) or "ok\n"
        return PlainTextResponse(text, 503 if wrong else 200)

    @routes.get("/healthz")
    @needs(Role.NONE)
    async def show_health() -> JSONResponse:
        """Every check by name, as application/health+json."""
        results = desk.health.results()
        is_well = all(result.ok for result in results)
        checks: dict[str, Any] = {
            result.name: [{"status": "pass" if result.ok else "fail", "output": result.reason}] for result in results
        }
        body = {"status": "pass" if is_well else "fail", "version": __version__, "checks": checks}
        return JSONResponse(body, 200 if is_well else 503, media_type="application/health+json")

    @routes.get("/metrics")
    @needs(Role.NONE)
    def show_metrics() -> Response:
        """Everything counted, in the Prometheus text format."""
        counts = desk.figures.counts()
        for state, amount in counts.orders.items():
            desk.metrics.set("dicomfabd_orders", amount, state)
        desk.metrics.replace("dicomfabd_jobs", counts.jobs.items())
        names = {name for name, _ in counts.jobs} | set(counts.away)
        desk.metrics.replace("dicomfabd_destination_up", [((name,), float(name not in counts.away)) for name in names])
        desk.metrics.set("dicomfabd_search_behind", counts.behind)
        text, content_type = desk.metrics.render()
        return Response(text, media_type=content_type)

    return routes
