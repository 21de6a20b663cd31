"""run, check, health: the daemon itself."""

import http.client
from typing import Annotated

import typer
from rich.table import Table

from dicomfabd.app import running
from dicomfabd.app.makable import check_catalog, check_codecs
from dicomfabd.cli.console import ConfigOption, address_of, err, fail, out, settings_or_fail
from dicomfabd.config import ConfigError, render
from dicomfabd.plan.catalog import Catalog
from dicomfabd.tls.door import TlsDoor
from dicomfabd.worklist.profiles import Profiles


def run(
    config: ConfigOption = None,
    samples: Annotated[bool, typer.Option(help="Send sample orders at the very first start.")] = False,
) -> None:
    """Run the daemon until Ctrl-C or SIGTERM."""
    settings = settings_or_fail(config)

    def show(addresses: dict[str, str]) -> None:
        table = Table(show_header=False, box=None, pad_edge=False)
        table.add_row("orders (MLLP)", addresses["mllp"])
        table.add_row("worklist", f"{settings.worklist.ae_title} at {addresses['worklist']}")
        table.add_row("archive", f"{settings.archive.ae_title} at {addresses['archive']}")
        table.add_row("page", addresses["page"])
        err.print(table)

    try:
        running.run(settings, samples, show)
    except ConfigError as error:
        fail(f"config: {error}", 2)
    except OSError as error:
        fail(f"cannot open a door: {error.strerror or error}. Is the port taken? Use another, or 0 for a free one.")


def check(config: ConfigOption = None) -> None:
    """Check the settings and print them as they are in effect."""
    settings = settings_or_fail(config)
    try:
        catalog = Catalog.load(settings.protocols_dir)
        check_catalog(catalog)
        check_codecs(settings)
        Profiles(settings.worklist, settings.profiles)
        for name in ("intake", "worklist", "archive"):
            tls = getattr(settings, name).tls
            if tls.is_on:
                TlsDoor(tls, f"{name}.tls")
    except ConfigError as error:
        fail(f"config: {error}", 2)
    out.print(render(settings), end="", markup=False, soft_wrap=True)
    out.print(f"# {len(catalog.protocols)} protocols", markup=False)


def health(config: ConfigOption = None) -> None:
    """Ask the running daemon whether it is ready; exit code 0 if it is."""
    settings = settings_or_fail(config)
    address = address_of(settings, "page", settings.web.host, settings.web.port)
    connection = http.client.HTTPConnection(address, timeout=5)
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        text = response.read().decode()
    except OSError as error:
        fail(f"no daemon answers at {address}: {error.strerror or error}")
    finally:
        connection.close()
    if response.status != 200:
        fail(text.strip())
    out.print("ready")
