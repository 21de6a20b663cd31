"""What routes take out of a request: numbers, bodies of a certain type, the idempotency key, who asks."""

import re
from typing import Annotated, Final

from fastapi import HTTPException, Path, Query, Request

from dicomfabd.domain.access import Principal
from dicomfabd.domain.errors import Fault, OrderRejected

LARGEST_ID: Final = 2**63 - 1  # of a row in SQLite

RowId = Annotated[int, Path(ge=1, le=LARGEST_ID)]
Before = Annotated[int | None, Query(ge=1, le=LARGEST_ID, description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=1000)]

PacsName = Annotated[str, Path(max_length=32, description="Name of a destination.")]

LONGEST_KEY: Final = 200
KEY_HEADER: Final = "Idempotency-Key"
_QUOTED: Final = re.compile(r'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_ADDRESS: Final = re.compile(r"[\w.:%-]{1,64}", re.ASCII)
_PLAIN: Final = re.compile(r"[\x21-\x7e]*")


async def body_of(request: Request) -> bytes:
    """Give the whole body; its size was limited before (`guards`)."""
    return await request.body()


def media_type(request: Request) -> str:
    """Give the type of the body in lower case without parameters; empty where the client names none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def charset_in(request: Request) -> str:
    """Give the charset parameter of the body's type in lower case; empty where the client names none."""
    _, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    return next(
        (
            value.strip(' "')
            for name, _, value in (it.partition("=") for it in parameters.split(";"))
            if name.strip() == "charset"
        ),
        "",
    )


def is_json_type(name: str) -> bool:
    """Tell whether a media type is JSON (RFC 6839 §3.1)."""
    return name == "application/json" or (name.startswith("application/") and name.endswith("+json"))


def refuse_type(name: str, wanted: str) -> HTTPException:
    """Give the error for a body of another type."""
    return HTTPException(415, f"the body is {name[:100] or 'of no type'}. Send it as {wanted}.")


def idempotency_key(request: Request) -> str:
    """Give the request's idempotency key, or an empty string.

    Quoted as a structured string or bare, it is the same key (draft-ietf-httpapi-idempotency-key-header §2.1).

    Raises:
        OrderRejected: It is not one we take.
    """
    given = request.headers.getlist(KEY_HEADER)
    if not given:
        return ""
    value = given[0].strip()
    if value.startswith('"'):
        quoted = _QUOTED.fullmatch(value)
        value = re.sub(r'\\(["\\])', r"\1", quoted.group(1)) if quoted else ""
    if len(given) > 1 or not 1 <= len(value) <= LONGEST_KEY or not _PLAIN.fullmatch(value):
        hint = f"Send one key of 1 to {LONGEST_KEY} visible ASCII characters, such as a UUID, quoted or not."
        raise OrderRejected(Fault(102, KEY_HEADER, "is not an idempotency key", hint))
    return value


def wants_page(request: Request) -> bool:
    """Tell whether a person looks at a page, rather than a script at the API."""
    is_page = not request.url.path.startswith(("/api/", "/dicom-web/"))
    return request.method == "GET" and is_page and "text/html" in request.headers.get("accept", "")


def peer_of(request: Request) -> str:
    """Give the client's address and port."""
    return f"{address_of(request)}:{request.client.port}" if request.client else "?"


def address_of(request: Request) -> str:
    """Give the address somebody comes from; `?` where a proxy said something that is none."""
    address = request.client.host if request.client else ""
    return address if _ADDRESS.fullmatch(address) else "?"


def actor_of(request: Request) -> str:
    """Give who acts and from where, for the audit trail; `http` is whoever sits at this machine, without users."""
    principal: Principal | None = getattr(request.state, "principal", None)
    name = "http" if principal is None or principal.is_local else principal.name
    return f"{name} {address_of(request)}" if request.client else name
