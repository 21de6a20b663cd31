"""How the built-in archive reaches other application entities: through the destinations."""

from collections.abc import Mapping, Sequence

from dicomfabd.archive.scp import Others
from dicomfabd.domain.commitment import CommitmentReport
from dicomfabd.domain.delivery import Destination
from dicomfabd.domain.destinations import Destinations
from dicomfabd.domain.errors import Retryable
from dicomfabd.pacs.commitment import send_report
from dicomfabd.pacs.wire import Association


def others_of(destinations: Destinations) -> Others:
    """Give what the archive needs of the destinations; changes to them are seen at once."""

    def find(ae_title: str) -> Destination | None:
        return next((one for one in destinations.all() if one.active and one.ae_title == ae_title), None)

    def open_sender(ae_title: str, contexts: Mapping[str, Sequence[str]]) -> Association | None:
        destination = find(ae_title)
        return Association(destination, contexts) if destination else None

    def report(ae_title: str, report: CommitmentReport) -> None:
        destination = find(ae_title)
        if destination is None:
            raise Retryable(f"{ae_title} is no destination any more; add it again, or wait until this is given up")
        send_report(destination, report)

    return Others(lambda ae_title: find(ae_title) is not None, open_sender, report)
