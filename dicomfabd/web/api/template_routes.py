"""Templates of orders: the samples that came with us, and those people save: /api/v1/templates."""

from typing import Annotated, Any, Final, Self

from fastapi import HTTPException, Path, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import from_json

from dicomfabd.domain.access import Role
from dicomfabd.store.templates_interface import Template, TemplateKind
from dicomfabd.web.access.needs import GuardedRouter, needs
from dicomfabd.web.api.orders import moment
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.request_parts import actor_of

MOST_TEMPLATES: Final = 500
LONGEST_CONTENT: Final = 65_536
TemplateName = Annotated[str, Path(min_length=1, max_length=64, description="Name of a template.")]


class TemplateIn(BaseModel):
    """An order to begin with."""

    model_config = ConfigDict(extra="forbid")

    kind: TemplateKind = Field("hl7", description="`hl7`: a message as text; `form`: the fields of a form, JSON.")
    content: str = Field(min_length=1, max_length=LONGEST_CONTENT, examples=["MSH|^~\\\\&|RIS|..."])

    @model_validator(mode="after")
    def _is_of_its_kind(self) -> Self:
        if self.kind == "form" and not isinstance(from_json(self.content), dict):
            raise ValueError("the fields of a form are a JSON object")
        return self


def router(desk: WebDesk) -> GuardedRouter:
    """Give the routes; all run on threads, because the store blocks."""
    routes = GuardedRouter()

    @routes.get("/api/v1/templates")
    @needs(Role.VIEWER)
    def list_templates() -> dict[str, Any]:
        """List the templates, the samples first (`saved: false`); `{now}` in one stands for the time it is used."""
        samples = [_told(sample) | {"saved": False, "updated_at": None} for sample in desk.samples()]
        return {"templates": samples + [_told(it) | {"saved": True} for it in desk.templates.list()]}

    @routes.put("/api/v1/templates/{name}")
    @needs(Role.OPERATOR)
    def save_template(name: TemplateName, wanted: TemplateIn, request: Request) -> dict[str, Any]:
        """Save a template, in place of the one of its name."""
        if not desk.templates.put(Template(name, wanted.kind, wanted.content), MOST_TEMPLATES):
            raise HTTPException(409, f"there are {MOST_TEMPLATES} templates already. Remove one first.")
        desk.messages.audit(actor_of(request), "template.save", f"template {name}", {"kind": wanted.kind})
        return {"name": name, "kind": wanted.kind, "saved": True}

    @routes.delete("/api/v1/templates/{name}")
    @needs(Role.OPERATOR)
    def remove_template(name: TemplateName, request: Request) -> dict[str, Any]:
        """Remove a saved template."""
        if not desk.templates.remove(name):
            raise HTTPException(404, f"there is no saved template named {name}")
        desk.messages.audit(actor_of(request), "template.remove", f"template {name}", {})
        return {"name": name, "removed": True}

    return routes


def _told(template: Template) -> dict[str, Any]:
    return {
        "name": template.name,
        "kind": template.kind,
        "content": template.content,
        "updated_at": moment(template.updated_at),
    }
