"""Puts what the archive can show in front of the window; neither knows the other."""

from functools import lru_cache
from typing import Final

from dicomfabd.archive import describing, elements, reading, rendering, reports
from dicomfabd.archive.exporting import Exporter
from dicomfabd.archive.qido import Qido
from dicomfabd.archive.shelf import Shelf
from dicomfabd.config import Archive
from dicomfabd.store.archive_interface import ArchiveIndex
from dicomfabd.web.archive_desk import ArchiveDesk

_DESCRIBED: Final = 4096


def archive_desk_of(index: ArchiveIndex, shelf: Shelf, settings: Archive, viewer_url: str = "") -> ArchiveDesk:
    """Give what the archive's routes work with; `viewer_url` is another viewer's, with `{study_uid}` in it."""
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
        # Files never change and their numbers are never given twice, so what one says can be remembered.
        describe=lru_cache(_DESCRIBED)(describing.describe),
        values=rendering.values,
        elements=elements.elements_of,
        report=reports.report_in,
        origins=settings.dicomweb_origins,
        viewer_url=viewer_url,
    )
