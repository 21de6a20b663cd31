"""One act on many orders or messages, chosen one by one or by what they have in common."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator

from dicomfabd.domain.access import Environment, Role
from dicomfabd.domain.order import Action
from dicomfabd.store.interface import BulkAct, BulkOutcome
from dicomfabd.web.access.needs import GuardedRouter, needs, principal_of, require
from dicomfabd.web.api.filters import OrderFilter
from dicomfabd.web.api.message_acts import take_again
from dicomfabd.web.api.message_routes import existing
from dicomfabd.web.api.messages import replayed
from dicomfabd.web.api.order_door import OrderDoor
from dicomfabd.web.api.orders import become, is_known, tell
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.request_parts import LARGEST_ID, actor_of

MOST_ORDERS: Final = 1000
MOST_MESSAGES: Final = 100
_Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]
_WAITS: Final = frozenset({"failed", "queued", "by_hand"})
_NOTHING: Final = {
    BulkAct.RETRY: "nothing to retry: no delivery of this order failed or waits",
    BulkAct.SEND: "nothing to send: no delivery waits for a person, or the order is cancelled or held",
}


class ChosenOrders(OrderFilter):
    """Orders by what they have in common; something must be said."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class OrdersBulk(BaseModel):
    """What is to be done, and to which orders: those named, or the newest that fit a filter."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"action": "retry", "order_ids": [4711, 4712]},
                {"action": "send", "filter": {"state": ["failed"], "modality": "CT"}, "destinations": ["main"]},
            ]
        },
    )

    action: BulkAct
    order_ids: list[_Id] = Field([], max_length=MOST_ORDERS)
    filter: ChosenOrders | None = None
    before: Annotated[int | None, Field(ge=1, le=LARGEST_ID, description="`next` of the answer before.")] = None
    destinations: list[Annotated[str, Field(max_length=32)]] = Field(
        [], max_length=100, description="Of `send`; none is to all that wait for a person."
    )

    @model_validator(mode="after")
    def _says_which(self) -> "OrdersBulk":
        if bool(self.order_ids) == (self.filter is not None):
            raise ValueError("name order_ids, or a filter")
        if self.filter is not None and self.filter.is_open:
            raise ValueError("the filter restricts nothing; say which orders are meant")
        return self


class MessagesBulk(BaseModel):
    """Messages that are to be taken once more, as they came."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"message_ids": [88, 93]}]})

    message_ids: list[_Id] = Field(min_length=1, max_length=MOST_MESSAGES)


def router(desk: WebDesk, door: OrderDoor) -> GuardedRouter:
    """Give the routes; all run on threads, because the store blocks."""
    routes = GuardedRouter()

    @routes.post("/api/v1/orders/bulk")
    @needs(Role.OPERATOR)
    def act_on_orders(wanted: OrdersBulk, request: Request) -> dict[str, Any]:
        """Retry, send or cancel up to 1000 orders; `results` says for each what became of it.

        With a filter the newest that fit are meant; where there are more, `next` is the `before` of another request.
        """
        destinations = [name for name in wanted.destinations if name]
        _check(desk, request, destinations)
        order_ids, goes_on = _chosen(desk, wanted)
        barred = _barred(desk, request, wanted.action, order_ids, destinations)
        outcomes = desk.book.request_bulk(
            wanted.action, [number for number in order_ids if number not in barred], destinations
        )
        results = [_told(wanted.action, outcome) for outcome in outcomes]
        _say(desk, wanted.action, outcomes)
        done = [result["order_id"] for result in results if result["ok"]]
        detail = {"asked": len(order_ids), "done": done, "destinations": destinations}
        if wanted.filter is not None:
            detail["filter"] = wanted.filter.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        desk.messages.audit(actor_of(request), f"orders.bulk_{wanted.action}", f"{len(done)} orders", detail)
        refused = [{"order_id": number, "ok": False, "text": text} for number, text in barred.items()]
        return {"action": wanted.action.value, "done": len(done), "results": results + refused, "next": goes_on}

    @routes.post("/api/v1/messages/bulk-replay")
    @needs(Role.OPERATOR)
    def replay_messages(wanted: MessagesBulk, request: Request) -> dict[str, Any]:
        """Take up to 100 messages once more, in the order given; `results` says how each was answered."""
        actor = actor_of(request)
        results = [_replayed(desk, door, number, actor) for number in dict.fromkeys(wanted.message_ids)]
        return {"done": sum(result["ok"] for result in results), "results": results}

    return routes


def _check(desk: WebDesk, request: Request, names: Sequence[str]) -> None:
    known = desk.destinations()
    for name in names:
        destination = known.get(name)
        if destination is None:
            raise HTTPException(404, f"there is no destination named {name}")
        require(request, Role.OPERATOR, destination.environment)


def _chosen(desk: WebDesk, wanted: OrdersBulk) -> tuple[list[int], int | None]:
    if wanted.filter is None:
        return list(dict.fromkeys(wanted.order_ids)), None
    found = desk.book.find(wanted.filter.query(wanted.before, MOST_ORDERS))
    return [stored.order_id for stored in found], found.next


def _barred(
    desk: WebDesk, request: Request, act: BulkAct, order_ids: Sequence[int], names: Sequence[str]
) -> dict[int, str]:
    """Give the orders with deliveries to destinations that whoever asks must not act on."""
    # What is named counts for `send` alone: a retry goes wherever something failed or waits.
    is_named = act is BulkAct.SEND and bool(names)
    if act is BulkAct.CANCEL or is_named or principal_of(request).may(Role.OPERATOR, Environment.PROD):
        return {}
    ours = {it.name for it in desk.destinations().all() if Environment(it.environment) is not Environment.PROD}
    text = "goes to a destination of the prod environment, where you are no operator"
    return {
        number: text
        for number in order_ids
        if any(job.state in _WAITS and job.destination not in ours for job in desk.book.jobs(number))
    }


def _told(act: BulkAct, outcome: BulkOutcome) -> dict[str, Any]:
    if outcome.applied is not None:
        is_there = is_known(outcome.applied)
        said = become(outcome.applied) if is_there else {"text": f"there is no order {outcome.order_id}"}
        is_done = is_there and outcome.applied.action is not Action.TOO_LATE
        return {"order_id": outcome.order_id, "ok": is_done} | said
    where = list(outcome.destinations)
    text = f"queued for {', '.join(where)}" if where else _NOTHING[act]
    return {"order_id": outcome.order_id, "ok": bool(where), "text": text, "queued": where}


def _say(desk: WebDesk, act: BulkAct, outcomes: Sequence[BulkOutcome]) -> None:
    with desk.journal.together():
        for outcome in outcomes:
            if outcome.applied is not None and is_known(outcome.applied):
                tell(desk, outcome.applied, "person")
    if act is not BulkAct.CANCEL and any(outcome.destinations for outcome in outcomes):
        desk.on_work()


def _replayed(desk: WebDesk, door: OrderDoor, message_id: int, actor: str) -> dict[str, Any]:
    try:
        outcome = replayed(message_id, take_again(desk, door, existing(desk, message_id), None, actor))
    except HTTPException as error:
        return {"ok": False, "message_id": None, "replay_of": message_id, "code": "", "text": str(error.detail)}
    is_good = outcome["code"] == "AA"
    said = "; ".join(done["text"] for done in outcome["did"]) if is_good else _first_fault(outcome)
    return {
        "ok": is_good,
        "message_id": outcome["message_id"],
        "replay_of": message_id,
        "code": outcome["code"],
        "text": said,
    }


def _first_fault(outcome: dict[str, Any]) -> str:
    return next((f"{fault['place']}: {fault['text']}" for fault in outcome["faults"]), "it was refused")
