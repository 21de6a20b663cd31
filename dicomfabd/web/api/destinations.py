"""Destinations as JSON, and what people do to them; used by the API and the command line."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from pydantic import ValidationError

from dicomfabd.config import DestinationSection
from dicomfabd.config.checks import contradictions
from dicomfabd.config.errors import Finding, find
from dicomfabd.config.rendering import masked
from dicomfabd.domain.delivery import Destination
from dicomfabd.domain.destinations import ARCHIVE, RESERVED_NAMES, Destinations
from dicomfabd.store.interface import MessageBook

FIELDS: Final = tuple(DestinationSection.model_fields)

_MASK: Final = masked("http://u:p@h").partition("@")[0].removeprefix("http://")


class DestinationRefused(Exception):  # noqa: N818 - it is the caller's error, not ours
    """A destination cannot be kept as it stands; every fault found is listed."""

    def __init__(self, *faults: Finding) -> None:
        """Collect at least one fault."""
        super().__init__("; ".join(f"{fault.field}: {fault.text}. {fault.hint}".rstrip() for fault in faults))
        self.faults = faults


class NameTaken(Exception):  # noqa: N818 - a state of affairs, not a mistake
    """There is a destination of that name already."""


class DestinationFixed(Exception):  # noqa: N818 - a state of affairs, not a mistake
    """The destination belongs to the settings, where alone it can be changed."""


class DestinationEditor:
    """Adds, changes and removes managed destinations, and notes who did in the audit trail. Thread-safe."""

    def __init__(self, registry: Destinations, trail: MessageBook, actor: str) -> None:
        """Take the registry, where to note, and who acts."""
        self._registry = registry
        self._trail = trail
        self._actor = actor

    def add(self, values: Mapping[str, Any]) -> Destination:
        """Add a destination; raises DestinationRefused, NameTaken or DestinationFixed."""
        destination = read(values)
        if destination.name != ARCHIVE and (why := RESERVED_NAMES.get(destination.name)):
            raise DestinationRefused(Finding("name", why, "Use another name."))
        try:
            if not self._registry.add(destination):
                raise NameTaken(f"there is a destination named {destination.name}. Change it, or use another name.")
        except ValueError as error:
            raise DestinationFixed(str(error)) from error
        self._note("pacs.add", destination.name, {"fields": sorted(set(values) - {"name"})})
        return destination

    def replace(self, old: Destination, values: Mapping[str, Any]) -> Destination:
        """Put other values in the place of a destination's; raises DestinationRefused or DestinationFixed.

        Args:
            old: As it is now.
            values: All that is not at its default. A `web_url` as `summary` shows it keeps its user and password.
        """
        values = dict(values)
        if values.get("web_url") == masked(old.web_url):
            values["web_url"] = old.web_url
        new = read(values | {"name": old.name})
        try:
            self._registry.put(new)
        except ValueError as error:
            raise DestinationFixed(str(error)) from error
        changed = [name for name in FIELDS if getattr(old, name) != getattr(new, name)]
        self._note("pacs.edit", new.name, {"fields": changed})
        return new

    def bring(self, destinations: Sequence[Destination], source: str) -> None:
        """Add or replace several that were read from a file, all or nothing; raises DestinationFixed."""
        try:
            self._registry.put(*destinations)
        except ValueError as error:
            raise DestinationFixed(str(error)) from error
        for destination in destinations:
            self._note("pacs.import", destination.name, {"file": source})

    def remove(self, name: str) -> dict[str, Any] | None:
        """Remove a destination and say what went with it; None if there is none; raises DestinationFixed."""
        try:
            removed = self._registry.remove(name)
        except ValueError as error:
            raise DestinationFixed(str(error)) from error
        if removed is None:
            return None
        said = asdict(removed)
        self._note("pacs.remove", name, said)
        return {"name": name, **said}

    def _note(self, action: str, name: str, detail: Mapping[str, object]) -> None:
        self._trail.audit(self._actor, action, f"pacs {name}", detail)


def read(values: Mapping[str, Any]) -> Destination:
    """Give the destination some values describe; raises DestinationRefused."""
    try:
        section = DestinationSection.model_validate(dict(values))
    except ValidationError as error:
        raise DestinationRefused(*(find(problem, DestinationSection) for problem in error.errors())) from error
    if faults := tuple(contradictions(section)):
        raise DestinationRefused(*faults)
    destination = section.destination()
    if _MASK in destination.web_url:
        hint = "Write user and password, or leave the address as it was."
        raise DestinationRefused(Finding("web_url", "holds the mask that is shown in their place", hint))
    return destination


def summary(destination: Destination, registry: Destinations) -> dict[str, Any]:
    """Give all of a destination but the user and password of its `web_url`; `warnings` say what will not work."""
    return summary_values(destination) | {
        "managed": not registry.is_fixed(destination.name),
        "warnings": warnings(destination, {known.name for known in registry.all()}),
    }


def summary_values(destination: Destination) -> dict[str, Any]:
    """Give the fields of a destination, user and password of its `web_url` masked."""
    values = asdict(destination) | {"web_url": masked(destination.web_url)}
    values["move_ae_titles"] = dict(destination.move_ae_titles)
    values["transfer_syntaxes"] = list(destination.transfer_syntaxes)
    return values


def warnings(destination: Destination, known: set[str]) -> list[str]:
    """Say what of a destination is well-formed and has no effect.

    Args:
        destination: What is looked at.
        known: Names of all destinations.
    """
    return [
        f"move_ae_titles.{name}: there is no destination of that name"
        for name in destination.move_ae_titles
        if name not in known
    ]


def errors(faults: Sequence[Finding]) -> list[dict[str, str]]:
    """Give faults as the errors of a problem document."""
    return [asdict(fault) for fault in faults]
