"""run: the daemon itself."""

from typing import Annotated

import typer
from rich.table import Table

from dicomfabd.app import running
from dicomfabd.cli.console import ConfigOption, err, fail, settings_or_fail
from dicomfabd.config import ConfigError


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
