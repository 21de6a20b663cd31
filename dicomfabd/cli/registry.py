"""The registry of destinations for a command, with the daemon running or not."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dicomfabd.app.routing import fixed_destinations
from dicomfabd.cli.console import EXIT_USAGE, actor, address_of, any_store, fail
from dicomfabd.config import Settings
from dicomfabd.domain.delivery import Destination
from dicomfabd.domain.destinations import ARCHIVE, Destinations, NoDestinations
from dicomfabd.pacs.question import BadQuestion
from dicomfabd.store.opening import open_store
from dicomfabd.telemetry.logs import keep_values_out
from dicomfabd.web.api.destinations import DestinationEditor, DestinationFixed, DestinationRefused, NameTaken


@contextmanager
def registry_of(settings: Settings) -> Iterator[Destinations]:
    """Give the registry for looking and asking; where no daemon has run, only the destinations of the settings."""
    keep_values_out()
    path = Path(settings.store_url.removeprefix("sqlite:///"))
    if not path.exists():
        yield Destinations(_fixed(settings), NoDestinations())
        return
    store = open_store(settings.store_url)
    try:
        yield Destinations(_fixed(settings), store.destinations)
    finally:
        store.close()


@contextmanager
def editor_of(settings: Settings) -> Iterator[tuple[Destinations, DestinationEditor]]:
    """Give the registry and what changes it; makes the store where there is none. What is refused ends the command."""
    with any_store(settings) as store:
        registry = Destinations(_fixed(settings), store.destinations)
        try:
            yield registry, DestinationEditor(registry, store.messages, actor())
        except DestinationRefused as error:
            fail("\n".join(f"{it.field}: {it.text}. {it.hint}".rstrip() for it in error.faults), EXIT_USAGE)
        except (NameTaken, DestinationFixed) as error:
            fail(str(error))


def named(registry: Destinations, name: str) -> Destination:
    """Give a destination; ends the command where there is none."""
    destination = registry.get(name)
    if destination is None:
        known = ", ".join(it.name for it in registry.all())
        fail(
            f"there is no destination named {name}. {f'There are: {known}.' if known else 'Add it first.'}", EXIT_USAGE
        )
    return destination


@contextmanager
def askable() -> Iterator[None]:
    """End the command with what is wrong with a question."""
    try:
        yield
    except BadQuestion as error:
        fail("\n".join(f"{it.location}: {it.text}. {it.hint}".rstrip() for it in error.faults), EXIT_USAGE)


def _fixed(settings: Settings) -> list[Destination]:
    port = address_of(settings, ARCHIVE, settings.archive.host, settings.archive.port).rpartition(":")[2]
    return fixed_destinations(settings, int(port))
