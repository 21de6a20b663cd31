"""Schema steps, forward only, each in one transaction; a newer database is refused."""

import json
import sqlite3
from importlib.resources import files

from sqlite_utils import Database, Migrations

from dicomfabd.dimse.matching import fold_groups
from dicomfabd.store.sqlite_archive_entry import search_text

queue_migrations = Migrations("dicomfabd")
archive_migrations = Migrations("dicomfabd-archive")
query_migrations = Migrations("dicomfabd-queries")


@queue_migrations()
def m0001_initial(db: Database) -> None:
    """Messages, orders, jobs, events."""
    _execute(db, "0001_initial.sql")


@queue_migrations()
def m0002_intake(db: Database) -> None:
    """What messages did, quarantine, replays, patients, audit."""
    _execute(db, "0002_intake.sql")


@queue_migrations()
def m0003_delivery(db: Database) -> None:
    """Managed destinations, turns, commitments."""
    _execute(db, "0003_delivery.sql")


@queue_migrations()
def m0004_worklist(db: Database) -> None:
    """Steps as worklist items, and stations."""
    _execute(db, "0004_worklist.sql")
    names = db.execute("SELECT id, document ->> '$.patient.patient_name' FROM orders").fetchall()
    for order_id, name in names:
        db.execute("UPDATE steps SET folded_name = ? WHERE order_id = ?", (f"={fold_groups(name or '')}=", order_id))


@queue_migrations()
def m0005_performed(db: Database) -> None:
    """Performed procedure steps."""
    _execute(db, "0005_performed.sql")


@queue_migrations()
def m0006_users(db: Database) -> None:
    """Users, sessions, tokens."""
    _execute(db, "0006_users.sql")


@queue_migrations()
def m0007_templates(db: Database) -> None:
    """Saved templates of orders."""
    _execute(db, "0007_templates.sql")


@queue_migrations()
def m0008_patients(db: Database) -> None:
    """Names to search patients by, and counters."""
    _execute(db, "0008_patients.sql")
    for row_id, name in db.execute("SELECT id, document ->> '$.patient_name' FROM patients").fetchall():
        db.execute("UPDATE patients SET folded_name = ? WHERE id = ?", (fold_groups(name or ""), row_id))


@archive_migrations()
def m0001_archive(db: Database) -> None:
    """Studies, series, images."""
    _execute(db, "0001_archive.sql")


@query_migrations()
def m0001_queries(db: Database) -> None:
    """What modalities asked."""
    _execute(db, "0001_queries.sql")


@archive_migrations()
def m0002_archive(db: Database) -> None:
    """Patients, columns to search by, commitment requests."""
    _execute(db, "0002_archive.sql")
    for table in ("patients", "studies"):
        rows = db.execute(f"SELECT id, json_extract(attributes, '$.PatientName') FROM {table}").fetchall()  # noqa: S608 - our own names
        for row_id, name in rows:
            db.execute(f"UPDATE {table} SET folded_name = ? WHERE id = ?", (fold_groups(name or ""), row_id))  # noqa: S608 - our own names


@archive_migrations()
def m0003_archive(db: Database) -> None:
    """Studies by words."""
    _execute(db, "0003_archive.sql")
    for row_id, attributes in db.execute("SELECT id, attributes FROM studies").fetchall():
        db.execute("UPDATE studies SET search_text = ? WHERE id = ?", (search_text(json.loads(attributes)), row_id))


def migrate(connection: sqlite3.Connection, migrations: Migrations) -> None:
    """Bring a database up to date.

    Raises:
        RuntimeError: The database was written by a newer dicomfabd.
    """
    db = Database(connection)
    newer = {applied.name for applied in migrations.applied(db)} - set(_names(migrations))
    if newer:
        raise RuntimeError(
            f"the database knows {', '.join(sorted(newer))}, which this dicomfabd does not. Install a newer dicomfabd."
        )
    migrations.apply(db)


def _names(migrations: Migrations) -> list[str]:
    # A database in memory has nothing applied, so everything we know is pending there.
    empty = sqlite3.connect(":memory:")
    names = [migration.name for migration in migrations.pending(Database(empty))]
    empty.close()
    return names


def _execute(db: Database, name: str) -> None:
    statement = ""
    for line in (files("dicomfabd.store") / "sql" / name).read_text().splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            db.execute(statement)
            statement = ""
