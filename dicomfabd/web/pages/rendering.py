"""What every page has around it."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from http import HTTPStatus
from importlib.resources import files
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

from dicomfabd import __version__
from dicomfabd.domain.access import LOCAL, Environment, Reach, Role
from dicomfabd.web.access.doorman import csrf_token
from dicomfabd.web.access.needs import principal_of
from dicomfabd.web.pages.addresses import filtered
from dicomfabd.web.pages.isolation import Isolation, isolated, isolated_text


@dataclass(frozen=True, slots=True)
class _Link:
    title: str
    path: str
    role: Role = Role.VIEWER
    where: Environment | Reach = Environment.TEST


_NAVIGATION: Final = (
    _Link("Overview", "/"),
    _Link("Orders", "/orders"),
    _Link("Messages", "/messages"),
    _Link("Worklist", "/worklist"),
    _Link("Studies", "/studies"),
    _Link("PACS", "/pacs", where=Reach.EITHER),
    _Link("Query", "/query", where=Reach.EITHER),
    _Link("Patients", "/patients"),
)


class Pages:
    """Renders templates inside the common frame."""

    def __init__(self) -> None:
        """Load the templates."""
        self._templates = Jinja2Templates(directory=str(files("dicomfabd.web") / "templates"))
        environment = self._templates.env
        environment.trim_blocks = environment.lstrip_blocks = True
        environment.filters["isolated"] = isolated
        environment.filters["isolated_text"] = isolated_text
        environment.add_extension(Isolation)
        environment.globals["version"] = __version__
        environment.filters["moment"] = in_words
        environment.filters["size"] = size_in_words
        environment.filters["span"] = span_in_words

    def render(self, request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:
        """Give a page; `context` is what its template names."""
        principal = principal_of(request)
        frame = {
            "principal": principal,
            "is_open": principal is LOCAL,
            "csrf_token": csrf_token(request),
            "sees_test": principal.may(Role.VIEWER),
            "may_operate": principal.may(Role.OPERATOR),
            "may_administer": principal.may(Role.ADMIN, Reach.BOTH),
            "navigation": [link for link in _NAVIGATION if principal.may(link.role, link.where)],
            "address": partial(filtered, request),
            "here": "/" + request.url.path.strip("/").partition("/")[0],
        }
        return self._templates.TemplateResponse(request, template, frame | context, status)

    def render_bare(self, request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:
        """Give a page for somebody who may not be known yet: without navigation."""
        return self._templates.TemplateResponse(request, template, context, status)

    def render_trouble(self, status: int, detail: str) -> HTMLResponse:
        """Give the page for what could not be shown."""
        template = self._templates.get_template("trouble.html")
        return HTMLResponse(template.render(title=HTTPStatus(status).phrase, status=status, detail=detail), status)


def in_words(moment: str) -> str:
    """Give an RFC 3339 time as people read it: date and time in UTC to the second."""
    return moment[:19].replace("T", " ")


def size_in_words(amount: float) -> str:
    """Give bytes with a unit: `3.4 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def span_in_words(seconds: float) -> str:
    """Give how long something takes or lies back: `12 s`, `3 min`, `5 h`, `2 days`."""
    for unit, amount, most in (("s", 1, 120), ("min", 60, 7200), ("h", 3600, 172_800)):
        if seconds < most:
            return f"{seconds / amount:.0f} {unit}"
    return f"{seconds / 86_400:.0f} days"


def seconds_since(moment: str, now: datetime) -> float:
    """Give the seconds from an RFC 3339 time to now."""
    return (now - datetime.fromisoformat(moment)).total_seconds()
