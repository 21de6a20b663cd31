"""check: what the settings say, and whether it can be done."""

from dicomfabd.app.makable import check_catalog, check_codecs
from dicomfabd.cli.console import ConfigOption, fail, out, settings_or_fail
from dicomfabd.config import ConfigError, render
from dicomfabd.plan.catalog import Catalog
from dicomfabd.tls.door import TlsDoor
from dicomfabd.worklist.profiles import Profiles


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
