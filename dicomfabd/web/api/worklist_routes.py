"""The worklist for scripts: /api/v1/worklist, in the DICOM JSON Model, as archives offer theirs under mwlitems."""

import json
from collections.abc import Callable
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, HTTPException, Path, Query, Request, Response

from dicomfabd.domain.access import Role
from dicomfabd.store.interface import OrderQuery, StoredOrder
from dicomfabd.web.access.needs import GuardedRouter, needs
from dicomfabd.web.api.order_door import WORKLIST_DOOR, OrderDoor
from dicomfabd.web.api.order_routes import take_order
from dicomfabd.web.api.orders import become, cancel, summary
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.request_parts import Before, Limit, actor_of, body_of, is_json_type, media_type, refuse_type

T = TypeVar("T")

DICOM_JSON: Final = "application/dicom+json"
_NOT_KEYS: Final = frozenset({"limit", "offset"})
_MOST_KEYS: Final = 64
_LONGEST_VALUE: Final = 4096

_Uid = Annotated[str, Path(max_length=64)]
_StepId = Annotated[str, Path(max_length=64)]
_Offset = Annotated[int, Query(ge=0, le=1_000_000)]
_ITEM: Final = {
    "requestBody": {
        "required": True,
        "content": {
            DICOM_JSON: {
                "schema": {"type": "object", "additionalProperties": {"type": "object"}},
                "example": {
                    "00080050": {"vr": "SH", "Value": ["A1001"]},
                    "00100010": {"vr": "PN", "Value": [{"Alphabetic": "DOE^JANE"}]},
                    "00100020": {"vr": "LO", "Value": ["P1001"]},
                    "00321060": {"vr": "LO", "Value": ["CT CHEST"]},
                    "00400100": {
                        "vr": "SQ",
                        "Value": [
                            {
                                "00080060": {"vr": "CS", "Value": ["CT"]},
                                "00400001": {"vr": "AE", "Value": ["CT01"]},
                                "00400002": {"vr": "DA", "Value": ["20260302"]},
                                "00400003": {"vr": "TM", "Value": ["0830"]},
                            }
                        ],
                    },
                },
            }
        },
    }
}


def router(desk: WebDesk, door: OrderDoor) -> GuardedRouter:
    """Give the routes; all run on threads, because the store blocks."""
    routes = GuardedRouter()

    @routes.get(WORKLIST_DOOR)
    @needs(Role.VIEWER)
    def find_items(request: Request, limit: Limit = 100, offset: _Offset = 0) -> Response:
        """Give the items that match: any keyword or tag with a value, as a C-FIND would; sorted by start."""
        return _dicom_json(_asked(lambda: desk.worklist.find(_keys(request), limit, offset)))

    @routes.get(WORKLIST_DOOR + "/count")
    @needs(Role.VIEWER)
    def count_items(request: Request) -> dict[str, int]:
        """Say how many items match."""
        return {"count": _asked(lambda: desk.worklist.count(_keys(request), None))}

    @routes.post(WORKLIST_DOOR, status_code=201, openapi_extra=_ITEM)
    @needs(Role.OPERATOR)
    def create_item(request: Request, body: Annotated[bytes, Depends(body_of)]) -> Response:
        """Take an item as an order; it is safe on disk when this returns. 200 for one that was there before."""
        given = media_type(request)
        if given and not is_json_type(given):
            raise refuse_type(given, DICOM_JSON)
        return take_order(request, body, WORKLIST_DOOR, desk, door)

    @routes.get(WORKLIST_DOOR + "/queries")
    @needs(Role.VIEWER)
    def list_queries(limit: Limit = 100, before: Before = None) -> dict[str, Any]:
        """List what modalities asked, newest first; `next` is the `before` of the following page."""
        found = desk.worklist.queries(limit, before)
        return {"queries": found, "next": found[-1]["query_id"] if len(found) == limit else None}

    @routes.get(WORKLIST_DOOR + "/why")
    @needs(Role.VIEWER)
    def explain_missing_item(
        accession: Annotated[str, Query(min_length=1, max_length=64)],
        asked: Annotated[
            str,
            Query(
                alias="as",
                max_length=_LONGEST_VALUE,
                description="Keys, such as `Modality=CT, ScheduledStationAETitle=CT01`, or the number of a query.",
            ),
        ] = "",
        calling: Annotated[str, Query(max_length=16, description="AE title of who asks.")] = "",
        called: Annotated[str, Query(max_length=16, description="AE title that is asked.")] = "",
    ) -> dict[str, Any]:
        """Say which key, or what else, keeps the steps of an order out of a query's answers."""
        return _asked(lambda: desk.worklist.why(accession, asked, calling, called))

    @routes.get(WORKLIST_DOOR + "/{study_uid}/{step_id}")
    @needs(Role.VIEWER)
    def show_item(study_uid: _Uid, step_id: _StepId) -> Response:
        """Give one item."""
        keys = {"StudyInstanceUID": study_uid, "ScheduledProcedureStepID": step_id}
        found = desk.worklist.find(keys, 1, 0)
        if not found or set("*?\\") & set(study_uid + step_id):
            raise HTTPException(404, "there is no such item on the worklist")
        return _dicom_json(found[0])

    @routes.delete(WORKLIST_DOOR + "/{study_uid}/{step_id}")
    @needs(Role.OPERATOR)
    def cancel_item(study_uid: _Uid, step_id: _StepId, request: Request) -> dict[str, Any]:
        """Cancel the order of an item, as a CA message would; `action` and `text` say what became of it."""
        stored = _order_of(desk, study_uid, step_id)
        done = cancel(stored.order_id, desk, actor_of(request))
        return summary(desk.book.get(stored.order_id) or stored) | become(done)

    return routes


def _keys(request: Request) -> dict[str, str]:
    keys = {name: value for name, value in request.query_params.multi_items() if name not in _NOT_KEYS}
    if len(keys) > _MOST_KEYS or any(len(value) > _LONGEST_VALUE for value in keys.values()):
        raise HTTPException(400, f"no more than {_MOST_KEYS} keys of {_LONGEST_VALUE} characters each are taken")
    return keys


def _asked(ask: Callable[[], T]) -> T:
    """Give an answer of the worklist, or the problem with the question."""
    try:
        return ask()
    except LookupError as error:
        raise HTTPException(404, str(error.args[0])) from error
    except ValueError as error:
        raise HTTPException(400, str(error)) from error


def _order_of(desk: WebDesk, study_uid: str, step_id: str) -> StoredOrder:
    for stored in desk.book.find(OrderQuery(study_instance_uid=study_uid)):
        if any(step.scheduled_procedure_step_id == step_id for step in stored.order.steps):
            return stored
    raise HTTPException(404, "there is no order with this study and step")


def _dicom_json(content: object) -> Response:
    return Response(json.dumps(content, ensure_ascii=False), media_type=DICOM_JSON)
