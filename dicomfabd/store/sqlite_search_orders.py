"""Orders in the search file: how what was asked for is looked up."""

from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Final

from dicomfabd.store.interface import OrderQuery
from dicomfabd.store.search_text import match_of, patterns_of, words_of
from dicomfabd.store.sqlite_search_finding import (
    Conditions,
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
        frozenset({"state", "modality"}): "orders_state_modality",
        frozenset({"state", "sender"}): "orders_state_sender",
        frozenset({"modality", "sender"}): "orders_modality_sender",
        frozenset({"state"}): "orders_state",
        frozenset({"modality"}): "orders_modality",
        frozenset({"sender"}): "orders_sender",
        frozenset({"patient_id"}): "orders_patient_id",
    }
)
_SORTED_AT_MOST: Final = 50_000  # rows of a period of days
_MOST_DAYS: Final = 400  # looked up one by one
_COMPARED_AT_MOST: Final = 4_000  # orders' words; of more the trigrams lead
_ALL: Final = 1_000_000_000


def plan_of(read: Read, query: OrderQuery) -> tuple[Plan, Span] | None:
    """Give the best way to find what was asked for, and the numbers it may have; None where there can be nothing."""
    values = _values(read, query)
    if values is None:
        return None
    span, created = period(read, "orders", query.created_from, query.created_before, query.before_id)
    plans = by_indexes(read, "orders", values, INDEXES)
    conditions = [condition("o", name, found) for name, found in values.items()]
    if query.scheduled_from is not None or query.scheduled_to is not None:
        first, last = _day(query.scheduled_from, 0), _day(query.scheduled_to, 99991231)
        days = [("o.scheduled BETWEEN ? AND ?", (first, last))]
        plans = [plan.and_also(days) for plan in plans]
        plans += [plan.and_also(conditions) for plan in _by_day(read, first, last)]
        conditions += days
    words = words_of(query.text)
    if words:
        plans = _with_words(words, plans, conditions)
    plans = plans or [Plan("orders o", "o.id", (), ((),), _ALL, is_exact=not conditions).and_also(conditions)]
    # Numbers follow time, so that the span leaves nearly nothing for these to do.
    return cheapest(plans).and_also(created, is_selective=False), span


def _values(read: Read, query: OrderQuery) -> Values | None:
    asked = {
        "state": query.states,
        "modality": [query.modality] if query.modality else [],
        "sender": [query.sending_application] if query.sending_application else [],
    }
    found = named(read, asked)
    if found is not None and query.patient_id:
        found["patient_id"] = [query.patient_id]
    return found


def _day(day: date | None, otherwise: int) -> int:
    return otherwise if day is None else day.year * 10_000 + day.month * 100 + day.day


def _by_day(read: Read, first: int, last: int) -> list[Plan]:
    rows = read(
        "SELECT value, amount FROM tallies WHERE kind = 'scheduled' AND value BETWEEN ? AND ? AND amount > 0",
        first,
        last,
    )
    total = sum(row["amount"] for row in rows)
    source = "orders o INDEXED BY orders_scheduled"
    if len(rows) > 1 and total <= _SORTED_AT_MOST:
        return [Plan(source, "o.id", ("o.scheduled BETWEEN ? AND ?",), ((first, last),), total, is_sorted_here=True)]
    if len(rows) <= _MOST_DAYS:
        days = tuple((row["value"],) for row in rows)
        return [Plan(source, "o.id", ("o.scheduled = ?",), days, total, is_exact=True)]
    return [Plan("orders o", "o.id", ("o.scheduled BETWEEN ? AND ?",), ((first, last),), _ALL)]


def _with_words(words: tuple[str, ...], plans: list[Plan], conditions: Conditions) -> list[Plan]:
    """Compare the words of what is few, or look for them and test the rest."""
    patterns = patterns_of(words)
    said = [("instr(t.text, ?) > 0", (pattern,)) for pattern in patterns]
    few = [plan for plan in plans if plan.cost <= _COMPARED_AT_MOST]
    if few:
        best = cheapest(few)
        joined = f"{best.source} CROSS JOIN texts t ON t.id = o.id"
        return [replace(best, source=joined).and_also(said)]
    source = "trigrams CROSS JOIN texts t ON t.id = trigrams.rowid CROSS JOIN orders o ON o.id = t.id"
    match = (match_of(patterns),)
    return [Plan(source, "trigrams.rowid", ("trigrams MATCH ?",), (match,), _ALL).and_also([*said, *conditions])]
