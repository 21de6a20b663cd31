"""Puts what the archive can show in front of the window; neither knows the other."""

from dicomfabd.archive import reading, rendering
from dicomfabd.archive.exporting import Exporter
from dicomfabd.archive.qido import Qido
from dicomfabd.archive.shelf import Shelf
from dicomfabd.config import Archive
from dicomfabd.store.archive_interface import ArchiveIndex
from dicomfabd.web.archive_desk import ArchiveDesk


def archive_desk_of(index: ArchiveIndex, shelf: Shelf, settings: Archive) -> ArchiveDesk:
    """Give what the archive's routes work with."""
    return ArchiveDesk(
        index=index,
        path=shelf.path,
        remove=shelf.remove,
        zipped=Exporter(index, shelf).zipped,
        search=Qido(index, settings.ae_title).search,
        metadata=reading.metadata,
        file_as=reading.file_as,
        frames=reading.frames,
        raw_frame=rendering.raw_frame,
        bulk=reading.bulk,
        render=rendering.render,
        document_in=rendering.document_in,
        origins=settings.dicomweb_origins,
    )
