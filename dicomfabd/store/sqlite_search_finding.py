"""Chooses how the search file is asked, and walks it newest first, for so long and no longer."""

# ruff: noqa: S608 - statements are put together of our own text alone; what was asked is always a parameter

import sqlite3
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Final

from dicomfabd.store.sqlite_search_following import HOUR_S

SEARCH_S: Final = 0.04
"""A search that takes longer ends, and says where it is to go on."""

FEW: Final = 20_000
"""So many rows are looked through or sorted within a few milliseconds."""

_FIRST_WINDOW: Final = 25_000  # rows by number
_LARGEST_WINDOW: Final = 100_000
_MANY: Final = 1_000_000_000
_AGES: Final = 1_000_000_000_000.0  # seconds; no clock gets there
_FLAGS: Final = frozenset({"is_quarantined"})
_TIMES: Final = {"orders": "o.created_at", "messages": "m.received_at"}
_TALLIES: Final = {
    ("orders", "state"): "state",
    ("orders", "modality"): "modality",
    ("orders", "sender"): "sender",
    ("messages", "type"): "messages.type",
    ("messages", "sender"): "messages.sender",
    ("messages", "code"): "messages.code",
    ("messages", "source"): "messages.source",
    ("messages", "is_quarantined"): "messages.is_quarantined",
}

Read = Callable[..., list[sqlite3.Row]]
Conditions = Sequence[tuple[str, tuple[Any, ...]]]
Values = Mapping[str, Sequence[Any]]
"""Column → what it may hold."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One way to look rows up.

    Attributes:
        source: The tables, beginning with the one that leads, and its index.
        place: The row's number in the one that leads.
        where: Conditions.
        variants: Their parameters; several are looked up one after the other and put together.
        cost: How many rows there are at most to look through.
        is_exact: The index gives nothing but what was asked for, in order.
        is_sorted_here: The rows come in another order; all are looked at in one go.
    """

    source: str
    place: str
    where: tuple[str, ...]
    variants: tuple[tuple[Any, ...], ...]
    cost: int
    is_exact: bool = False
    is_sorted_here: bool = False

    @property
    def sql(self) -> str:
        """The statement; after a variant's parameters come the lowest number, the one after the highest, a limit."""
        where = " AND ".join((*self.where, f"{self.place} >= ?", f"{self.place} < ?"))
        return f"SELECT {self.place} FROM {self.source} WHERE {where} ORDER BY {self.place} DESC LIMIT ?"

    def and_also(self, conditions: Conditions, *, is_selective: bool = True) -> "Plan":
        """Give the plan with more conditions, which no index helps with.

        Args:
            conditions: Each with its parameters.
            is_selective: They may leave out most of what the index gives.
        """
        if not conditions:
            return self
        where = tuple(text for text, _ in conditions)
        parameters = tuple(value for _, values in conditions for value in values)
        variants = tuple((*variant, *parameters) for variant in self.variants)
        is_exact = self.is_exact and not is_selective
        return replace(self, where=(*self.where, *where), variants=variants, is_exact=is_exact)


@dataclass(frozen=True, slots=True)
class Span:
    """The numbers that may fit: `low` is the lowest, `high` the one after the highest."""

    low: int
    high: int


def by_indexes(read: Read, table: str, values: Values, indexes: Mapping[frozenset[str], str]) -> list[Plan]:
    """Give a plan for each index on columns that are restricted; the other columns become conditions of it.

    Args:
        read: Runs a query.
        table: The table; statements call it by its first letter.
        values: What is asked for.
        indexes: Columns → the name of the index on them.
    """
    alias = table[0]
    amounts = {name: _amount(read, table, name, values[name]) for name in values}
    plans = []
    for columns, index in indexes.items():
        if not columns <= set(values):
            continue
        names = sorted(columns)
        plan = Plan(
            f"{table} {alias} INDEXED BY {index}",
            f"{alias}.id",
            tuple(condition(alias, name, values[name][:1])[0] for name in names),
            tuple(product(*(values[name] for name in names if name not in _FLAGS))),
            cost=min(amounts[name] for name in names),
            is_exact=columns == set(values),
        )
        if plan.cost > FEW and not plan.is_exact:
            plan = replace(plan, cost=min(plan.cost, _count(read, plan)))
        plans.append(plan.and_also([condition(alias, name, values[name]) for name in values if name not in columns]))
    return plans


def period(
    read: Read, table: str, since: float | None, before: float | None, before_id: int | None
) -> tuple[Span, Conditions]:
    """Give the numbers of the rows of a period, and the conditions that make it exact.

    Args:
        read: Runs a query.
        table: The table.
        since: Unix seconds.
        before: Unix seconds; the end, which is not in it.
        before_id: Only lower numbers.
    """
    column = _TIMES[table]
    # Each by itself: of two at once SQLite looks through the whole table.
    ends = f"SELECT (SELECT coalesce(min(id), 0) FROM {table}), (SELECT coalesce(max(id), 0) + 1 FROM {table})"
    low, high = read(ends)[0]
    conditions: list[tuple[str, tuple[Any, ...]]] = []
    if since is not None:
        conditions.append((f"{column} >= ?", (since,)))
    if before is not None:
        conditions.append((f"{column} < ?", (before,)))
    if conditions:
        hours = [int(at // HOUR_S) for at in (-_AGES if since is None else since, _AGES if before is None else before)]
        ids = "SELECT min(first_id), max(last_id) + 1 FROM hours WHERE kind = ? AND hour BETWEEN ? AND ?"
        low, high = (value or 0 for value in read(ids, table, *hours)[0])
    return Span(low, high if before_id is None else min(high, before_id)), conditions


def condition(alias: str, name: str, values: Sequence[Any]) -> tuple[str, tuple[Any, ...]]:
    """Give the condition that a column has one of some values, and its parameters."""
    if name in _FLAGS:
        # Not a parameter: an index over some rows only is used where the statement says that it is those.
        return f"{alias}.{name} = {int(values[0])}", ()
    if len(values) == 1:
        return f"{alias}.{name} = ?", tuple(values)
    return f"{alias}.{name} IN ({', '.join('?' for _ in values)})", tuple(values)


def named(read: Read, asked: Mapping[str, Collection[str]]) -> dict[str, list[Any]] | None:
    """Give the numbers of the names that are asked for, column by column; None where one column can hold none."""
    found: dict[str, list[Any]] = {}
    for column, names in asked.items():
        wanted = sorted(names)
        if wanted:
            marks = ", ".join("?" for _ in wanted)
            found[column] = [row[0] for row in read(f"SELECT id FROM names WHERE name IN ({marks})", *wanted)]
            if not found[column]:
                return None
    return found


def cheapest(plans: Sequence[Plan]) -> Plan:
    """Give the plan that is done when its page is full, or the one that looks at the fewest rows."""
    return min(plans, key=lambda plan: (not plan.is_exact, plan.cost))


def walk(
    read: Read, plan: Plan, span: Span, limit: int, clock: Callable[[], float] = time.perf_counter
) -> tuple[list[int], int | None]:
    """Give the numbers of the newest rows that fit, and where to go on.

    Returns:
        At most `limit` numbers, highest first, and the number below which more may be; None when there are no more.
    """
    found: list[int] = []
    high, window = span.high, _FIRST_WINDOW
    ends_at = clock() + SEARCH_S
    is_one_go = plan.is_exact or plan.is_sorted_here
    while high > span.low:
        low = span.low if is_one_go else max(span.low, high - window)
        wanted = limit - len(found)
        rows = {row[0] for values in plan.variants for row in read(plan.sql, *values, low, high, wanted)}
        found += sorted(rows, reverse=True)[:wanted]
        if len(found) == limit:
            return found, found[-1]
        high = low
        if clock() > ends_at and high > span.low:
            return found, high
        # Where an index leads, most of a window's numbers are not even looked at.
        window = min(window * 4, max(_LARGEST_WINDOW, _LARGEST_WINDOW * (span.high - span.low) // max(plan.cost, 1)))
    return found, None


def _amount(read: Read, table: str, name: str, values: Sequence[Any]) -> int:
    """Give how many rows have these values of a column, at most."""
    kind = _TALLIES.get((table, name))
    if kind is None:
        plan = Plan(table, "id", (f"{name} = ?",), tuple((value,) for value in values), 0)
        found = _count(read, plan)
        return found if found <= FEW else _MANY
    marks = ", ".join("?" for _ in values)
    sql = f"SELECT coalesce(sum(amount), 0) FROM tallies WHERE kind = ? AND value IN ({marks})"
    return int(read(sql, kind, *values)[0][0])


def _count(read: Read, plan: Plan) -> int:
    """Give how many rows an index holds; many, if they are more than matters."""
    total = 0
    for variant in plan.variants:
        where = " AND ".join(plan.where)
        sql = f"SELECT count(*) FROM (SELECT 1 FROM {plan.source} WHERE {where} LIMIT ?)"
        total += read(sql, *variant, FEW + 1)[0][0]
    return total if total <= FEW else _MANY
