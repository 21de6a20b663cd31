"""pacs move, pacs get: have a PACS send to another one, or to us."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from dicomfabd.cli.console import (
    EXIT_FAILED,
    EXIT_USAGE,
    ConfigOption,
    JsonOption,
    err,
    fail,
    print_json,
    say,
    settings_or_fail,
)
from dicomfabd.cli.registry import askable, named, registry_of
from dicomfabd.pacs import move as moving
from dicomfabd.pacs.dcmtk import get_command, move_command
from dicomfabd.pacs.files import FolderFiles, InstanceFiles, ZipFiles
from dicomfabd.pacs.retrieve import Retrieval
from dicomfabd.pacs.selection import Selection

Outcome = TypeVar("Outcome")
StudyUid = Annotated[str, typer.Argument(help="Study Instance UID, as `pacs find` gives it.")]
Source = Annotated[str, typer.Option("--from", metavar="NAME", help="The destination that has it.")]
SeriesUids = Annotated[list[str] | None, typer.Option("--series", metavar="UID", help="Only these series.")]
ImageUids = Annotated[list[str] | None, typer.Option("--image", metavar="UID", help="Only these, of the one series.")]
PatientId = Annotated[str, typer.Option(help="For a PACS that has the patient root only.")]
AsDcmtk = Annotated[bool, typer.Option("--as-dcmtk", help="Print the command of DCMTK, and do nothing.")]


def move(
    study_uid: StudyUid,
    source: Source,
    to: Annotated[str, typer.Option(metavar="NAME", help="The destination that shall have it.")],
    series: SeriesUids = None,
    image: ImageUids = None,
    patient_id: PatientId = "",
    as_dcmtk: AsDcmtk = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Have a PACS send a study to another (C-MOVE); Ctrl-C cancels; exit code 1 unless everything was sent."""
    with askable(), registry_of(settings_or_fail(config)) as registry:
        selection = Selection(study_uid, tuple(series or ()), tuple(image or ()), patient_id)
        giver, receiver = named(registry, source), named(registry, to)
    it = moving.Move(giver, receiver, selection)
    if as_dcmtk:
        say(move_command(giver, it.ae_title, selection))
        return
    with _bar(f"{source} to {to}") as tell:

        def on_progress(now: moving.Progress) -> None:
            done = now.completed + now.warning + now.failed
            tell(done, None if now.remaining is None else done + now.remaining)

        moved = _stoppable(lambda: it.run(on_progress), it.cancel)
    counts = moved.progress
    if as_json:
        print_json({"state": moved.state.value, "reason": moved.reason, **_counts(counts)})
    else:
        said = ", ".join(f"{amount} {name}" for name, amount in _counts(counts).items() if amount)
        say(f"{moved.state.value}: {said or 'nothing was sent'}")
        if moved.reason:
            err.print(moved.reason, soft_wrap=True)
    if moved.state is not moving.MoveState.DONE:
        raise typer.Exit(EXIT_FAILED)


def get(
    study_uid: StudyUid,
    source: Source,
    out: Annotated[Path, typer.Option(metavar="FOLDER|FILE.zip", help="Where; nothing that is there is replaced.")],
    series: SeriesUids = None,
    image: ImageUids = None,
    patient_id: PatientId = "",
    as_dcmtk: AsDcmtk = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Download a study (WADO-RS or C-GET) into numbered files; exit code 1 unless it is whole."""
    with askable(), registry_of(settings_or_fail(config)) as registry:
        selection = Selection(study_uid, tuple(series or ()), tuple(image or ()), patient_id)
        giver = named(registry, source)
    if as_dcmtk:
        say(get_command(giver, selection, out))
        return
    with _files(out) as files, _bar(f"from {source}") as tell:
        it = Retrieval(giver, selection)
        got = _stoppable(lambda: it.run(files, lambda received: tell(received, None)), it.stop)
    if as_json:
        told = {"received": got.received, "failed": got.failed, "is_whole": got.is_whole}
        print_json(told | {"via": got.via, "reason": got.reason, "out": str(out)})
    else:
        say(f"{out}: {got.received} instances by {got.via}")
        if got.reason:
            err.print(got.reason, soft_wrap=True)
    if not got.is_whole:
        raise typer.Exit(EXIT_FAILED)


def _stoppable(work: Callable[[], Outcome], stop: Callable[[], None]) -> Outcome:
    """Run what waits for a PACS; Ctrl-C asks it to stop, and its outcome is told all the same."""
    with ThreadPoolExecutor(1) as threads:
        outcome = threads.submit(work)
        try:
            return outcome.result()
        except KeyboardInterrupt:
            stop()
            return outcome.result()


@contextmanager
def _files(out: Path) -> Iterator[InstanceFiles]:
    """Open a new folder or a new ZIP; the ZIP has its name only once it is finished."""
    if out.suffix.lower() != ".zip":
        try:
            folder = FolderFiles(out)
        except OSError as error:
            fail(
                f"--out {error}" if isinstance(error, FileExistsError) else f"--out {out}: {error.strerror}", EXIT_USAGE
            )
        yield folder
        return
    if out.exists():
        fail(f"--out {out}: is there already. Name a new file.", EXIT_USAGE)
    unfinished = out.with_name(out.name + ".part")
    try:
        with unfinished.open("xb") as stream, ZipFiles(stream) as files:
            yield files
        os.link(unfinished, out)
    except OSError as error:
        fail(f"--out {out}: {error.strerror}", EXIT_USAGE)
    finally:
        unfinished.unlink(missing_ok=True)


class _Bar:
    """Shows how far it is, on a terminal only."""

    def __init__(self, progress: Progress, description: str) -> None:
        self._progress = progress
        self._task = progress.add_task(description, total=None)

    def __call__(self, done: int, total: int | None) -> None:
        self._progress.update(self._task, completed=done, total=total)


@contextmanager
def _bar(description: str) -> Iterator[_Bar]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        yield _Bar(progress, description)


def _counts(progress: moving.Progress) -> dict[str, int | None]:
    return {
        "completed": progress.completed,
        "failed": progress.failed,
        "warning": progress.warning,
        "remaining": progress.remaining,
    }
