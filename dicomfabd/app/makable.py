"""Whether everything protocols and destinations name can be made; apart from planning, for readers never draw."""

from dicomfabd.config import ConfigError, Settings
from dicomfabd.domain.delivery import TRANSFER_SYNTAXES
from dicomfabd.fabricate.codecs import CODECS
from dicomfabd.fabricate.requirements import faults_in
from dicomfabd.plan.catalog import Catalog


def check_catalog(catalog: Catalog) -> None:
    """See that everything protocols name can be drawn; raises ConfigError with a line for each fault."""
    faults = [
        f"{catalog.source_of(protocol)}.series[{index}].{key}: {said}"
        for protocol in catalog.protocols
        for index, item in enumerate(protocol.series)
        for key, said in faults_in(item.kind_in(protocol), item.look, item.agent, item.technique)
    ]
    if faults:
        raise ConfigError("\n".join(faults))


def check_codecs(settings: Settings) -> None:
    """See that what compresses for the destinations is installed; raises ConfigError with a line for each fault."""
    faults = [
        f"destinations[{index}].transfer_syntaxes: {name} needs a package that is not installed."
        f" Install it with: pip install 'dicomfabd[{codec.extra}]'"
        for index, destination in enumerate(settings.destinations)
        for name in destination.transfer_syntaxes
        if (codec := CODECS.get(TRANSFER_SYNTAXES[name])) and not codec.is_installed
    ]
    if faults:
        raise ConfigError("\n".join(faults))
