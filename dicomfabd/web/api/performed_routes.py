"""What modalities say they did, for people and scripts: /api/v1/performed-steps."""

from typing import Annotated, Any

from fastapi import HTTPException, Path

from dicomfabd.domain.access import Role
from dicomfabd.store.performed_interface import StoredPerformedStep
from dicomfabd.web.access.needs import GuardedRouter, needs
from dicomfabd.web.api.orders import moment
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.request_parts import Limit

_Uid = Annotated[str, Path(max_length=64)]


def router(desk: WebDesk) -> GuardedRouter:
    """Give the routes; all run on threads, because the store blocks."""
    routes = GuardedRouter()

    @routes.get("/api/v1/performed-steps")
    @needs(Role.VIEWER)
    def list_unmatched(limit: Limit = 100) -> dict[str, Any]:
        """List the steps that perform nothing that was ordered here, newest first."""
        return {"performed_steps": [_summary(kept) for kept in desk.performed.unmatched(limit)]}

    @routes.get("/api/v1/performed-steps/{sop_instance_uid}")
    @needs(Role.VIEWER)
    def show_performed_step(sop_instance_uid: _Uid) -> dict[str, Any]:
        """Give one step with all its attributes, in the DICOM JSON Model."""
        kept = desk.performed.get(sop_instance_uid)
        if kept is None:
            raise HTTPException(404, "there is no performed procedure step of this SOP Instance UID")
        return _summary(kept) | {"attributes": kept.step.attributes}

    return routes


def _summary(kept: StoredPerformedStep) -> dict[str, Any]:
    step = kept.step
    return {
        "sop_instance_uid": step.sop_instance_uid,
        "status": step.status,
        "calling_ae_title": kept.calling_ae_title,
        "is_matched": kept.is_matched,
        "study_instance_uids": sorted({scheduled.study_instance_uid for scheduled in step.scheduled}),
        "series": len(step.series),
        "instances": sum(series.instances for series in step.series),
        "created_at": moment(kept.created_at),
        "updated_at": moment(kept.updated_at),
    }
