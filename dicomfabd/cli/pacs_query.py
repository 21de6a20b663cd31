"""pacs find: ask one PACS or all of them."""

from pathlib import Path
from typing import Annotated, Final

import typer

from dicomfabd.cli.console import (
    EXIT_FAILED,
    EXIT_USAGE,
    ConfigOption,
    JsonOption,
    err,
    fail,
    print_json,
    say,
    say_table,
    settings_or_fail,
    shown,
)
from dicomfabd.cli.registry import askable, registry_of
from dicomfabd.pacs.dcmtk import find_command
from dicomfabd.pacs.query import Answer, State
from dicomfabd.pacs.question import MOST_ROWS, Level, Question
from dicomfabd.web.api.answers import ask_active, chosen, header, question_of, table, told
from dicomfabd.web.api.spreadsheet import write_csv

_COLUMNS: Final = {
    Level.PATIENT: {
        "patient_id": "cut",
        "patient_name": "cut",
        "patient_birth_date": "whole",
        "patient_sex": "whole",
        "number_of_patient_related_studies": "whole",
    },
    Level.STUDY: {
        "patient_id": "cut",
        "patient_name": "cut",
        "study_date": "whole",
        "accession_number": "cut",
        "modalities_in_study": "cut",
        "study_description": "cut",
        "number_of_study_related_instances": "whole",
    },
    Level.SERIES: {
        "series_number": "whole",
        "modality": "whole",
        "series_description": "cut",
        "number_of_series_related_instances": "whole",
        "series_instance_uid": "cut",
    },
    Level.IMAGE: {"instance_number": "whole", "sop_instance_uid": "cut", "sop_class_uid": "cut"},
}
_SHORT: Final = {
    "patient_id": "ID",
    "patient_name": "patient",
    "patient_birth_date": "born",
    "patient_sex": "sex",
    "number_of_patient_related_studies": "studies",
    "study_date": "date",
    "accession_number": "accession",
    "modalities_in_study": "mod",
    "study_description": "description",
    "number_of_study_related_instances": "images",
    "series_number": "no.",
    "modality": "mod",
    "series_description": "description",
    "number_of_series_related_instances": "images",
    "series_instance_uid": "series UID",
    "instance_number": "no.",
    "sop_instance_uid": "SOP instance UID",
    "sop_class_uid": "SOP class UID",
}


def find(
    on: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Whom to ask; all by default.")] = None,
    level: Annotated[Level, typer.Option(help="What a row stands for.")] = Level.STUDY,
    patient_name: Annotated[str, typer.Option(help="As DICOM has it, DOE^JANE; * and ? stand for anything.")] = "",
    patient_id: Annotated[str, typer.Option()] = "",
    accession: Annotated[str, typer.Option(help="Accession number.")] = "",
    study_description: Annotated[str, typer.Option()] = "",
    study_uid: Annotated[str, typer.Option()] = "",
    series_uid: Annotated[str, typer.Option()] = "",
    modality: Annotated[str, typer.Option(help="Such as CT.")] = "",
    date: Annotated[str, typer.Option(metavar="FROM-TO", help="YYYYMMDD, or a period open at either end.")] = "",
    days: Annotated[int | None, typer.Option(min=0, help="Today and so many days before it.")] = None,
    most: Annotated[int, typer.Option("--max", min=1, max=MOST_ROWS, help="Rows of one PACS.")] = 100,
    root: Annotated[str, typer.Option(metavar="study|patient", help="Information model to prefer.")] = "study",
    web: Annotated[bool, typer.Option("--web", help="Ask those with a web_url by QIDO-RS.")] = False,
    csv: Annotated[str, typer.Option(metavar="FILE|-", help="Write a table.")] = "",
    bom: Annotated[bool, typer.Option("--bom", help="Begin it with a byte order mark, for spreadsheets.")] = False,
    as_dcmtk: Annotated[bool, typer.Option("--as-dcmtk", help="Print findscu commands, and ask nobody.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Ask PACS (C-FIND); exit code 1 unless all answered. A value is exact unless it holds * or ?."""
    if root not in ("study", "patient"):
        fail("--root: is no information model. Use study or patient.", EXIT_USAGE)
    filters = {
        "patient_name": patient_name,
        "patient_id": patient_id,
        "accession": accession,
        "study_description": study_description,
        "study_uid": study_uid,
        "series_uid": series_uid,
        "modality": modality,
        "date": date,
        "days": "" if days is None else str(days),
    }
    with askable(), registry_of(settings_or_fail(config)) as registry:
        question = question_of(level, filters, most, root)
        destinations = chosen(registry, on or [])
    if as_dcmtk:
        for destination in destinations:
            say(find_command(destination, question))
        return
    answers = ask_active(destinations, question, over_web=web)
    if as_json:
        print_json(told(question, answers))
    elif csv:
        _write(csv, write_csv(header(question), table(answers), with_mark=bom))
    else:
        _show(question, answers)
    if not all(answer.state is State.ANSWERED for answer in answers):
        raise typer.Exit(EXIT_FAILED)


def _show(question: Question, answers: list[Answer]) -> None:
    columns = _COLUMNS[question.level]
    rows = [(answer.destination, row) for answer in answers for row in answer.rows]
    if rows:
        say_table(
            {"PACS": "cut"} | {_SHORT[name]: kind for name, kind in columns.items()},
            ([name, *(row[column] for column in columns)] for name, row in rows),
        )
        if question.level is Level.STUDY:
            say()
            for _, row in rows:
                say(f"{shown(row['accession_number'] or row['patient_id']):16} {row['study_instance_uid']}")
    for answer in answers:
        _remark(answer)


def _remark(answer: Answer) -> None:
    """Say on standard error what the rows do not."""
    if answer.state is not State.ANSWERED:
        said = f"{answer.destination}: {answer.state}: {answer.reason}"
    elif answer.more:
        said = f"{answer.destination}: there is more than {len(answer.rows)}; ask for less, or raise --max"
    elif not answer.rows:
        said = f"{answer.destination}: nothing found"
    else:
        said = answer.reason
    if said:
        err.print(shown(said), soft_wrap=True)


def _write(target: str, text: str) -> None:
    if target == "-":
        typer.echo(text.encode(), nl=False)
        return
    try:
        Path(target).write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        fail(f"--csv {target}: {error.strerror}", EXIT_USAGE)
