"""What a store promises about saved templates of orders."""

from dataclasses import dataclass
from typing import Literal, Protocol

TemplateKind = Literal["hl7", "form"]


@dataclass(frozen=True, slots=True)
class Template:
    """An order to begin with.

    Attributes:
        kind: `hl7`: a message as text; `form`: the fields of a form, JSON.
        updated_at: Unix seconds.
    """

    name: str
    kind: TemplateKind
    content: str
    updated_at: float = 0.0


class Templates(Protocol):
    """Keeps templates; used by web. Thread-safe."""

    def list(self) -> list[Template]:
        """Give all by name."""

    def put(self, template: Template, most: int) -> bool:
        """Add one, or replace the one of its name; False if there are `most` already."""

    def remove(self, name: str) -> bool:
        """Remove one; False if there is none."""
