"""The form of a destination, made from its section of the settings, so that neither can lack a field of the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args, get_origin

from dicomfabd.config import DestinationSection
from dicomfabd.domain.delivery import TRANSFER_SYNTAXES, Destination
from dicomfabd.web.api.destinations import summary_values

Kind = Literal["text", "number", "check", "choice", "choices", "titles"]

_GROUPS: Final = (
    ("Where it is", ("name", "host", "port", "ae_title", "environment", "description", "active")),
    ("What goes there", ("receives_orders", "scale", "transport", "transfer_syntaxes", "associations")),
    ("Our AE titles", ("calling_ae_title", "find_ae_title", "store_ae_title", "echo_ae_title")),
    ("What it must say", ("commitment", "commitment_timeout_s", "mpps_host", "mpps_port", "mpps_ae_title")),
    ("The line", ("web_url", "timeout_s", "max_pdu", "tls", "tls_check_name", "tls_ca", "tls_certificate", "tls_key")),
)
# Files of this machine, which the API may not name; see `api.pacs_routes`.
_READ_ONLY: Final = frozenset({"tls_ca", "tls_certificate", "tls_key"})


@dataclass(frozen=True, slots=True)
class Field:
    """One input: what it is called, what it means, what it holds and may hold."""

    name: str
    kind: Kind
    description: str
    value: Any
    options: Sequence[str] = ()
    is_fixed: bool = False


def groups(destination: Destination | None, others: Sequence[str]) -> list[tuple[str, list[Field]]]:
    """Give the fields by group.

    Args:
        destination: What they hold; None for a new one.
        others: Names of the other destinations, each of which may have an AE title to move studies to.
    """
    values = summary_values(destination) if destination else _defaults()
    found = [(title, [_field(name, values, destination) for name in names]) for title, names in _GROUPS]
    titles = values["move_ae_titles"]
    moves = [
        Field(f"move_ae_titles.{name}", "text", f"AE title by which this PACS knows {name}.", titles.get(name, ""))
        for name in others
    ]
    return [*found, ("Where it may move studies", moves)] if moves else found


def named() -> Iterator[str]:
    """Give the fields that have a place in the form."""
    for _, names in _GROUPS:
        yield from names
    yield "move_ae_titles"


def _field(name: str, values: dict[str, Any], destination: Destination | None) -> Field:
    model = DestinationSection.model_fields[name]
    value = values[name]
    is_fixed = name in _READ_ONLY or (name == "name" and destination is not None)
    description = model.description or ""
    if name == "transfer_syntaxes":
        return Field(name, "choices", description, value, tuple(TRANSFER_SYNTAXES))
    if get_origin(model.annotation) is Literal:
        return Field(name, "choice", description, value, get_args(model.annotation))
    kind: Kind = "check" if isinstance(value, bool) else "number" if isinstance(value, int | float) else "text"
    return Field(name, kind, description, value, is_fixed=is_fixed)


def _defaults() -> dict[str, Any]:
    fields = DestinationSection.model_fields
    values = {name: "" if field.is_required() else field.default for name, field in fields.items()}
    return values | {"port": 104}
