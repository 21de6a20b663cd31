"""Whether everything protocols name can be drawn; apart from planning, for readers plan and never draw."""

from dicomfabd.config import ConfigError
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
