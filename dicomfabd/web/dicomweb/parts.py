"""What the DICOMweb routes share: where they are, and which instances a path names."""

from collections.abc import Callable
from typing import Final, TypeVar

from fastapi import HTTPException, Request

from dicomfabd.domain.errors import Permanent
from dicomfabd.store.archive_interface import ArchiveQuery, Condition, Level, StoredInstance
from dicomfabd.web.archive_desk import ArchiveDesk

ROOT: Final = "/dicom-web"
DICOM_JSON: Final = "application/dicom+json"
MOST_INSTANCES: Final = 100_000
"""Of one retrieval; their list is held in memory."""

T = TypeVar("T")


def base_url(request: Request) -> str:
    """Give the URL of our DICOMweb services as the client reaches them."""
    return f"{request.url.scheme}://{request.url.netloc}{ROOT}"


def instance_url(request: Request, instance: StoredInstance) -> str:
    """Give the URL of an instance."""
    place = f"studies/{instance.study_instance_uid}/series/{instance.series_instance_uid}"
    return f"{base_url(request)}/{place}/instances/{instance.sop_instance_uid}"


def named(desk: ArchiveDesk, study: str, series: str = "", instance: str = "") -> list[StoredInstance]:
    """Give the instances a path names; raises HTTPException 404 for none, 413 for too many."""
    levels = ((Level.STUDY, "StudyInstanceUID", study), (Level.SERIES, "SeriesInstanceUID", series))
    wanted = [*levels, (Level.IMAGE, "SOPInstanceUID", instance)]
    conditions = {keyword: Condition(values=(uid,)) for _, keyword, uid in wanted if uid}
    level = [level for level, _, uid in wanted if uid][-1]
    found = list(desk.index.instances(ArchiveQuery(level, conditions, limit=MOST_INSTANCES + 1)))
    if not found:
        raise HTTPException(404, "the archive has nothing of that UID")
    if len(found) > MOST_INSTANCES:
        raise HTTPException(413, f"more than {MOST_INSTANCES} instances. Ask series by series.")
    return found


def given(function: Callable[..., T], *arguments: object) -> T:
    """Call a function of the desk that reads a file; raises HTTPException 404 or 406 with its reason."""
    try:
        return function(*arguments)
    except LookupError as error:
        raise HTTPException(404, str(error)) from error
    except Permanent as error:
        raise HTTPException(406, str(error)) from error
    except FileNotFoundError as error:
        raise HTTPException(404, "the instance was deleted") from error
