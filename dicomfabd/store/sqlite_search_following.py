"""Reads the store into the search file: orders by their events, of which every change has one, messages by number."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from pydantic_core import from_json

from dicomfabd.store.search_text import day_of, searchable, sender_of

HOUR_S: Final = 3600
KEPT_HOURS: Final = 26
"""How long it is remembered how often a sender was heard: a day, and the hours at its ends."""

Read = Callable[..., list[sqlite3.Row]]


class Gap(NamedTuple):
    """How many changes of orders and how many messages are to be read still."""

    orders: int
    messages: int


# What the queue works on moves without an event, and is counted where it stands.
_ENDED: Final = """
SELECT order_id, json_group_object(destination, state) FROM (
    SELECT order_id, destination, state FROM jobs
    WHERE order_id IN (SELECT value FROM json_each(?)) AND state NOT IN ('queued', 'leased', 'committing')
    ORDER BY order_id, destination
) GROUP BY order_id
"""
_BY_ID: Final = "SELECT id, state, created_at, document FROM orders WHERE id IN (SELECT value FROM json_each(?))"
_KNOWN: Final = """
SELECT o.id, o.state, o.modality, o.sender, o.scheduled, o.created_at, o.patient_id, o.ended, t.text
FROM orders o JOIN texts t ON t.id = o.id WHERE o.id IN (SELECT value FROM json_each(?))
"""
_MESSAGES: Final = """
SELECT id, message_type, sending_application, ack_code, source, is_quarantined, received_at, control_id
FROM messages WHERE id > ? ORDER BY id LIMIT ?
"""
_CHANGE: Final = """
UPDATE orders SET state = ?, modality = ?, sender = ?, scheduled = ?, created_at = ?, patient_id = ?, ended = ?
WHERE id = ?
"""
_TALLIED: Final = (("state", 1), ("modality", 2), ("sender", 3), ("scheduled", 4), ("ended", 7))
_TALLY: Final = "INSERT INTO tallies VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET amount = amount + ?3"
_HOUR: Final = """
INSERT INTO hours VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET first_id = min(first_id, excluded.first_id), last_id = max(last_id, excluded.last_id)
"""


class OtherStore(Exception):  # noqa: N818 - what it is
    """The file was made of another store than the one beside it, or of this one before it was put back in time."""


def positions(read: Read) -> dict[str, tuple[int, str]]:
    """Give how far the store was read."""
    return {row[0]: (row[1], row[2]) for row in read("SELECT what, id, mark FROM positions")}


def gap_of(main: Read, at: Mapping[str, tuple[int, str]]) -> Gap:
    """Give how far behind the store somebody is who has read so far."""
    events, messages, orders = main(
        "SELECT coalesce((SELECT max(id) FROM events), 0), coalesce((SELECT max(id) FROM messages), 0),"
        " coalesce((SELECT max(id) FROM orders), 0)"
    )[0]
    goal = at["goal"][0]
    unbuilt = orders if goal < 0 else max(0, goal - at["built"][0]) + max(0, events - at["events"][0])
    return Gap(unbuilt, max(0, messages - at["messages"][0]))


def follow(db: sqlite3.Connection, main: Read, most: int) -> int:
    """Take over so many changes at most, in the transaction of `db`; gives how many it took.

    Raises:
        OtherStore: The file must be built anew.
    """
    at = positions(lambda sql: db.execute(sql).fetchall())
    _check(main, at)
    taken = _follow_orders(db, main, at, most)
    return taken + _follow_messages(db, main, at["messages"][0], most)


def _check(main: Read, at: Mapping[str, tuple[int, str]]) -> None:
    for what, mark in (("events", event_mark), ("messages", message_mark)):
        position, noted = at[what]
        if position and mark(main, position) != noted:
            raise OtherStore


def event_mark(main: Read, event_id: int) -> str:
    """Give what stands at an event."""
    rows = main("SELECT order_id, at FROM events WHERE id = ?", event_id)
    return f"{rows[0][0]} {rows[0][1]!r}" if rows else ""


def message_mark(main: Read, message_id: int) -> str:
    """Give what stands at a message."""
    rows = main("SELECT received_at, hex(body_hash) FROM messages WHERE id = ?", message_id)
    return f"{rows[0][0]!r} {rows[0][1]}" if rows else ""


def _follow_orders(db: sqlite3.Connection, main: Read, at: Mapping[str, tuple[int, str]], most: int) -> int:
    goal, built = at["goal"][0], at["built"][0]
    if goal < 0:
        # Events from here on tell what changed while the orders before were being read.
        last = main("SELECT coalesce(max(id), 0) FROM events")[0][0]
        goal = main("SELECT coalesce(max(id), 0) FROM orders")[0][0]
        _set(db, "goal", goal)
        _set(db, "events", last, event_mark(main, last))
    if built < goal:
        rows = main("SELECT id FROM orders WHERE id > ? AND id <= ? ORDER BY id LIMIT ?", built, goal, most)
        ids = [row[0] for row in rows]
        _take_orders(db, main, ids)
        _set(db, "built", ids[-1] if len(ids) == most else goal)
        return len(ids)
    rows = main("SELECT id, order_id FROM events WHERE id > ? ORDER BY id LIMIT ?", at["events"][0], most)
    if rows:
        _take_orders(db, main, sorted({row[1] for row in rows}))
        _set(db, "events", rows[-1][0], event_mark(main, rows[-1][0]))
    return len(rows)


def _take_orders(db: sqlite3.Connection, main: Read, ids: Sequence[int]) -> None:
    """Put orders as they are now in place of what is known of them."""
    wanted = _list(ids)
    ended = dict(tuple(row) for row in main(_ENDED, wanted))
    known = {row[0]: tuple(row) for row in db.execute(_KNOWN, (wanted,))}
    found = [_order(row, ended.get(row[0], "{}")) for row in main(_BY_ID, wanted)]
    names = _names(db, {name for row in found for name in (row[1], row[2], row[3], row[7])})
    new, changed, moved, texts, gone = [], [], [], [], []
    tallies: Counter[tuple[str, int]] = Counter()
    for row in found:
        order_id, state, modality, sender, day, created_at, patient_id, over, text = row
        now = (order_id, names[state], names[modality], names[sender], day, created_at, patient_id, names[over], text)
        before = known.get(order_id)
        if before == now:
            continue
        _count(tallies, now, 1)
        if before is None:
            new.append(now[:8])
        else:
            _count(tallies, before, -1)
            if before[2:7] == now[2:7]:
                moved.append((now[1], now[7], order_id))
            else:
                changed.append((*now[1:8], order_id))
        if before is None or before[8] != text:
            texts.append((order_id, text))
            gone += [(order_id, before[8])] if before else []
    db.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?)", new)
    db.executemany("UPDATE orders SET state = ?, ended = ? WHERE id = ?", moved)
    db.executemany(_CHANGE, changed)
    db.executemany("INSERT INTO trigrams (trigrams, rowid, text) VALUES ('delete', ?, ?)", gone)
    db.executemany("INSERT OR REPLACE INTO texts VALUES (?, ?)", texts)
    db.executemany("INSERT INTO trigrams (rowid, text) VALUES (?, ?)", texts)
    _add_tallies(db, tallies)
    _note_hours(db, "orders", ((row[5], row[0]) for row in new))


def _order(row: sqlite3.Row, ended: str) -> tuple[Any, ...]:
    document = from_json(row[3])
    return (
        row[0],
        row[1],
        document["modality"],
        sender_of(document["sender"]),
        day_of(document["steps"][0]["scheduled_at"]),
        row[2],
        document["patient"]["patient_id"],
        ended,
        searchable(document),
    )


def _count(tallies: Counter[tuple[str, int]], row: Sequence[Any], sign: int) -> None:
    for kind, column in _TALLIED:
        tallies[kind, row[column]] += sign


def _follow_messages(db: sqlite3.Connection, main: Read, after: int, most: int) -> int:
    rows = main(_MESSAGES, after, most)
    if not rows:
        return 0
    names = _names(db, {name for row in rows for name in tuple(row)[1:5]})
    tallies: Counter[tuple[str, int]] = Counter()
    heard: dict[int, float] = {}
    by_hour: Counter[tuple[int, int]] = Counter()
    found = []
    for row in rows:
        message_id, kind, sender, code, source, is_quarantined, received_at, control_id = row
        values = (names[kind], names[sender], names[code], names[source], is_quarantined)
        found.append((message_id, *values, received_at, control_id))
        for column, value in zip(("type", "sender", "code", "source", "is_quarantined"), values, strict=True):
            tallies[f"messages.{column}", value] += 1
        heard[values[1]] = max(received_at, heard.get(values[1], 0.0))
        by_hour[int(received_at // HOUR_S), values[1]] += 1
    db.executemany("INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?)", found)
    _add_tallies(db, tallies)
    _note_hours(db, "messages", ((row[6], row[0]) for row in found))
    _note_senders(db, heard, by_hour)
    last = found[-1][0]
    _set(db, "messages", last, message_mark(main, last))
    return len(found)


def _note_senders(db: sqlite3.Connection, heard: Mapping[int, float], by_hour: Mapping[tuple[int, int], int]) -> None:
    db.executemany(
        "INSERT INTO senders VALUES (?, ?) ON CONFLICT DO UPDATE SET last_at = max(last_at, excluded.last_at)",
        heard.items(),
    )
    newest = max(hour for hour, _ in by_hour)
    db.executemany(
        "INSERT INTO sender_hours VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET amount = amount + excluded.amount",
        [(*key, amount) for key, amount in by_hour.items() if key[0] > newest - KEPT_HOURS],
    )
    db.execute("DELETE FROM sender_hours WHERE hour <= ?", (newest - KEPT_HOURS,))


def _note_hours(db: sqlite3.Connection, kind: str, rows: Iterable[tuple[float, int]]) -> None:
    hours: dict[int, tuple[int, int]] = {}
    for at, row_id in rows:
        first, last = hours.get(hour := int(at // HOUR_S), (row_id, row_id))
        hours[hour] = min(first, row_id), max(last, row_id)
    db.executemany(_HOUR, [(kind, hour, *ids) for hour, ids in hours.items()])


def _add_tallies(db: sqlite3.Connection, tallies: Mapping[tuple[str, int], int]) -> None:
    db.executemany(_TALLY, [(*key, amount) for key, amount in tallies.items() if amount])


def _names(db: sqlite3.Connection, names: Iterable[str]) -> dict[str, int]:
    found = {}
    for name in names:
        row = db.execute("SELECT id FROM names WHERE name = ?", (name,)).fetchone()
        found[name] = row[0] if row else int(db.execute("INSERT INTO names (name) VALUES (?)", (name,)).lastrowid or 0)
    return found


def _set(db: sqlite3.Connection, what: str, position: int, mark: str = "") -> None:
    db.execute("UPDATE positions SET id = ?, mark = ? WHERE what = ?", (position, mark, what))


def _list(ids: Iterable[int]) -> str:
    return f"[{','.join(map(str, ids))}]"
