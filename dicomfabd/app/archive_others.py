"""How the built-in archive reaches other application entities: through the destinations."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dicomfabd.archive.scp import Others
from dicomfabd.domain.commitment import CommitmentReport
from dicomfabd.domain.delivery import Destination
from dicomfabd.domain.destinations import Destinations
from dicomfabd.domain.errors import Retryable
from dicomfabd.pacs.wire import Association


def others_of(destinations: Destinations) -> Others:
    """Give what the archive needs of the destinations; changes to them are seen at once."""

    def find(ae_title: str) -> Destination | None:
        return next((one for one in destinations.all() if one.active and one.ae_title == ae_title), None)

    def open_sender(ae_title: str, contexts: Mapping[str, Sequence[str]]) -> Association | None:
        destination = find(ae_title)
        if destination is None:
            return None
        return Association(replace(destination, calling_ae_title=destination.calling("store")), contexts)

    return Others(lambda ae_title: find(ae_title) is not None, open_sender, _report)


def _report(ae_title: str, _report: CommitmentReport) -> None:
    raise Retryable(f"reports on storage commitment cannot be sent to {ae_title} yet")
