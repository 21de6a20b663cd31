"""Messages in the search file: how what was asked for is looked up."""

from types import MappingProxyType
from typing import Final

from dicomfabd.store.interface import MessageQuery
from dicomfabd.store.sqlite_search_finding import (
    FEW,
    Plan,
    Read,
    Span,
    Values,
    by_indexes,
    cheapest,
    condition,
    named,
    period,
)

INDEXES: Final = MappingProxyType(
    {
        frozenset({"is_quarantined", "type"}): "messages_quarantined_type",
        frozenset({"is_quarantined", "sender"}): "messages_quarantined_sender",
        frozenset({"is_quarantined", "code"}): "messages_quarantined_code",
        frozenset({"is_quarantined", "source"}): "messages_quarantined_source",
        frozenset({"is_quarantined"}): "messages_quarantined",
        frozenset({"type", "sender"}): "messages_type_sender",
        frozenset({"code", "type"}): "messages_code_type",
        frozenset({"source", "type"}): "messages_source_type",
        frozenset({"code", "sender"}): "messages_code_sender",
        frozenset({"sender", "source"}): "messages_sender_source",
        frozenset({"code", "source"}): "messages_code_source",
        frozenset({"type"}): "messages_type",
        frozenset({"sender"}): "messages_sender",
        frozenset({"code"}): "messages_code",
        frozenset({"source"}): "messages_source",
        frozenset({"control_id"}): "messages_control_id",
    }
)
LAST: Final = "\U0010ffff"
"""What begins with a text comes before the text and this."""

_ALL: Final = 1_000_000_000


def plan_of(read: Read, query: MessageQuery) -> tuple[Plan, Span] | None:
    """Give the best way to find what was asked for, and the numbers it may have; None where there can be nothing."""
    values = _values(read, query)
    if values is None:
        return None
    span, received = period(read, "messages", query.received_from, query.received_before, query.before_id)
    # Those that are not quarantined are nearly all: no index of them is worth its price.
    helpful = {key: name for key, name in INDEXES.items() if query.is_quarantined or "is_quarantined" not in key}
    plans = by_indexes(read, "messages", values, helpful)
    conditions = [condition("m", name, found) for name, found in values.items()]
    if query.text:
        begins = [("m.control_id >= ? AND m.control_id < ?", (query.text, query.text + LAST))]
        plans = [plan.and_also(begins) for plan in plans]
        plans += [plan.and_also(conditions) for plan in _by_beginning(read, query.text)]
        conditions += begins
    plans.append(Plan("messages m", "m.id", (), ((),), _ALL, is_exact=not conditions).and_also(conditions))
    return cheapest(plans).and_also(received, is_selective=False), span


def _values(read: Read, query: MessageQuery) -> Values | None:
    asked = {
        "type": [query.message_type] if query.message_type else [],
        "sender": [query.sending_application] if query.sending_application else [],
        "code": query.codes,
        "source": [query.source] if query.source else [],
    }
    if (found := named(read, asked)) is None:
        return None
    if query.is_quarantined is not None:
        found["is_quarantined"] = [int(query.is_quarantined)]
    if query.control_id:
        found["control_id"] = [query.control_id]
    return found


def _by_beginning(read: Read, text: str) -> list[Plan]:
    plan = Plan(
        "messages m INDEXED BY messages_control_id",
        "m.id",
        ("m.control_id >= ? AND m.control_id < ?",),
        ((text, text + LAST),),
        0,
        is_sorted_here=True,
    )
    sql = f"SELECT count(*) FROM (SELECT 1 FROM {plan.source} WHERE {plan.where[0]} LIMIT ?)"  # noqa: S608 - our own text
    amount = read(sql, *plan.variants[0], FEW + 1)[0][0]
    return (
        [Plan(plan.source, plan.place, plan.where, plan.variants, amount, is_sorted_here=True)] if amount <= FEW else []
    )
