"""archive: the studies the built-in archive holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from dicomfabd.archive.exporting import Exporter
from dicomfabd.archive.shelf import Shelf
from dicomfabd.cli.console import (
    EXIT_USAGE,
    ConfigOption,
    JsonOption,
    actor,
    existing_store,
    fail,
    print_json,
    say,
    say_pairs,
    say_table,
    settings_or_fail,
)
from dicomfabd.config import Settings
from dicomfabd.domain.errors import StoreUnavailable
from dicomfabd.store.archive_interface import ArchiveIndex, ArchiveQuery, Level
from dicomfabd.store.opening import open_archive_index
from dicomfabd.web.api.archived import StudyFilter, one_study, series_of, study_detail, study_summary

archive_app = typer.Typer(
    help="Look at what the built-in archive holds, with the daemon running or not.", no_args_is_help=True
)
StudyUid = Annotated[str, typer.Argument(metavar="UID", help="Study Instance UID.")]
_Wildcard = "`*` and `?` are wildcards."


@dataclass(frozen=True, slots=True)
class _Opened:
    index: ArchiveIndex
    shelf: Shelf


@archive_app.command("list")
def list_studies(
    patient_id: Annotated[str, typer.Option(help=f"Only this patient; {_Wildcard}")] = "",
    patient_name: Annotated[str, typer.Option(help="Only names that begin so.")] = "",
    accession: Annotated[str, typer.Option(help=f"Only this accession number; {_Wildcard}")] = "",
    modality: Annotated[str, typer.Option(help="Only studies with this modality.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    offset: Annotated[int, typer.Option(min=0, help="Leave out so many at the beginning.")] = 0,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List studies, newest first."""
    query = StudyFilter(patient_id, patient_name, accession, modality).query(limit, offset)
    with _opened(settings_or_fail(config)) as archive:
        found = [study_summary(row) for row in archive.index.find(query)][:limit]
    if as_json:
        print_json(found)
        return
    columns = {
        "study UID": "whole",
        "accession": "cut",
        "patient": "cut",
        "mod": "cut",
        "images": "whole",
    }
    say_table(
        columns,
        (
            (
                study["study_instance_uid"],
                study["accession_number"],
                study["patient_id"],
                " ".join(study["modalities"]),
                study["instances"],
            )
            for study in found
        ),
    )


@archive_app.command("show")
def show_study(uid: StudyUid, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Show one study with its series."""
    with _opened(settings_or_fail(config)) as archive:
        study = next(archive.index.find(one_study(uid)), None)
        if study is None:
            fail(f"the archive has no study {uid}")
        told = study_detail(study, list(archive.index.find(series_of(uid))))
    if as_json:
        print_json(told)
        return
    pairs = {name: value for name, value in told.items() if name not in ("series_list", "study", "zip")}
    say_pairs((pairs | {"modalities": " ".join(told["modalities"])}).items())
    say()
    columns = {"no": "whole", "mod": "whole", "images": "whole", "description": "wrapped"}
    say_table(
        columns,
        ((one["number"], one["modality"], one["instances"], one["description"]) for one in told["series_list"]),
    )


@archive_app.command("export")
def export_study(
    uid: StudyUid,
    target: Annotated[Path, typer.Option("--out", help="A folder, or a file whose name ends in .zip.")],
    config: ConfigOption = None,
) -> None:
    """Copy a study's files: a folder a series, numbered."""
    query = ArchiveQuery.of(Level.STUDY, uid)
    with _opened(settings_or_fail(config)) as archive:
        exporter = Exporter(archive.index, archive.shelf)
        amount = sum(1 for _ in exporter.files(query))
        if not amount:
            fail(f"the archive has no study {uid}")
        try:
            if target.suffix.lower() == ".zip":
                with target.open("xb") as stream:
                    for piece in exporter.zipped(query):
                        stream.write(piece)
            else:
                exporter.write_folder(query, target)
        except FileExistsError as error:
            fail(f"{error.filename or target} is there already. Name another --out.")
        except OSError as error:
            fail(f"{target}: {error.strerror}")
    say(f"{target}: {amount} files")


@archive_app.command("delete")
def delete_study(
    uid: StudyUid,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; there is no way back.")] = False,
    config: ConfigOption = None,
) -> None:
    """Delete one study, files and all."""
    settings = settings_or_fail(config)
    query = ArchiveQuery.of(Level.STUDY, uid)
    with _opened(settings) as archive:
        if next(archive.index.instances(query), None) is None:
            fail(f"the archive has no study {uid}")
        if not yes:
            fail(f"nothing was deleted. Say --yes to delete study {uid}.", EXIT_USAGE)
        removed = archive.shelf.remove(query)
    with existing_store(settings) as store:
        store.messages.audit(actor(), "archive.delete", f"StudyInstanceUID {uid}", {"instances": removed})
    say(f"{uid}: {removed} files deleted")


@contextmanager
def _opened(settings: Settings) -> Iterator[_Opened]:
    """Open the archive of a daemon, running or not; ends the command where there is none or it cannot be written."""
    folder = settings.archive_dir
    if not (folder / "index.db").exists():
        fail(f"there is no archive in {folder}: no daemon has run with these settings yet")
    opened = open_archive_index(folder / "index.db")
    try:
        yield _Opened(opened.index, Shelf(folder / "instances", opened.index))
    except StoreUnavailable as error:
        fail(f"{folder}: {error}")
    finally:
        opened.close()
