"""worklist query, queries, why: what a modality sees, and why it does not see the rest."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date as calendar_date
from typing import Annotated, Final

import typer

from dicomfabd.app.routing import own_worklist
from dicomfabd.app.worklist_desk import query_as_json
from dicomfabd.cli.console import (
    EXIT_FAILED,
    EXIT_USAGE,
    ConfigOption,
    JsonOption,
    address_of,
    err,
    existing_store,
    fail,
    print_json,
    say,
    say_table,
    say_wrapped,
    settings_or_fail,
    shown,
)
from dicomfabd.cli.registry import askable, named, registry_of
from dicomfabd.config import ConfigError, Settings
from dicomfabd.domain.delivery import Destination
from dicomfabd.pacs.query import Answer, State
from dicomfabd.pacs.worklist import ask_worklist
from dicomfabd.store.opening import Store
from dicomfabd.worklist.desk import WorklistDesk
from dicomfabd.worklist.explaining import Explanation, StepExplanation

worklist_app = typer.Typer(help="Ask a worklist, and ask why it answers so.", no_args_is_help=True)

_COLUMNS: Final = {
    "start": "whole",
    "mod": "whole",
    "station": "cut",
    "accession": "cut",
    "patient": "cut",
    "procedure": "cut",
    "status": "cut",
}


@worklist_app.command("query")
def query(
    modality: Annotated[str, typer.Option(help="Such as CT.")] = "",
    date: Annotated[str, typer.Option(metavar="FROM-TO", help='"today", YYYYMMDD, or a range open at an end.')] = "",
    time: Annotated[str, typer.Option(metavar="FROM-TO", help="HHMM, or a range open at either end.")] = "",
    aet: Annotated[str, typer.Option(help="Scheduled station AE title.")] = "",
    name: Annotated[str, typer.Option(help="Patient name as DICOM has it, DOE^JANE; * and ? are wildcards.")] = "",
    patient_id: Annotated[str, typer.Option(help="Patient ID.")] = "",
    accession: Annotated[str, typer.Option(help="Accession number.")] = "",
    key: Annotated[
        list[str] | None, typer.Option(metavar="KEYWORD=VALUE", help="Any other key; may be given several times.")
    ] = None,
    on: Annotated[str, typer.Option(metavar="NAME", help="A destination whose worklist is asked.")] = "",
    at: Annotated[str, typer.Option(metavar="HOST:PORT", help="Any other worklist server; ours by default.")] = "",
    called: Annotated[str, typer.Option(metavar="AET", help="Its AE title.")] = "",
    calling: Annotated[str, typer.Option(metavar="AET", help="Who asks.")] = "",
    most: Annotated[int, typer.Option("--max", min=1, max=10_000, help="Most items.")] = 100,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Ask a worklist by C-FIND as a modality does, ours or any other; exit code 1 unless it answered."""
    settings = settings_or_fail(config)
    keys = {
        "Modality": modality,
        "ScheduledProcedureStepStartDate": f"{calendar_date.today():%Y%m%d}" if date == "today" else date,
        "ScheduledProcedureStepStartTime": time,
        "ScheduledStationAETitle": aet,
        "PatientName": name,
        "PatientID": patient_id,
        "AccessionNumber": accession,
        **dict(map(_pair, key or ())),
    }
    server = _server(settings, on, at)
    server = replace(server, ae_title=called or server.ae_title, find_ae_title=calling or server.find_ae_title)
    with askable():
        answer = ask_worklist(server, {keyword: value for keyword, value in keys.items() if value}, most)
    if as_json:
        print_json([dict(row) for row in answer.rows])
    else:
        _show(answer)
    if answer.state is not State.ANSWERED:
        raise typer.Exit(EXIT_FAILED)


@worklist_app.command("queries")
def queries(
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List what modalities asked, with the daemon running or not; the newest of it is kept."""
    with existing_store(settings_or_fail(config)) as store:
        found = [query_as_json(logged) for logged in store.queries.queries(limit)]
    if as_json:
        print_json(found)
        return
    for logged in found:
        outcome = f"{logged['answers']} items" if logged["status"] == "0000" else f"status {logged['status']}"
        say(f"{logged['query_id']} {logged['at']} {logged['calling_ae_title']} asked {logged['called_ae_title']}")
        say_wrapped(f"{outcome} in {logged['ms']} ms: {logged['keys'] or 'everything'} {logged['comment']}", 4, 0)


@worklist_app.command("why")
def why(
    accession: Annotated[str, typer.Argument(help="Accession number.")],
    asked: Annotated[
        str,
        typer.Option("--as", metavar="KEYS|NUMBER", help='"Modality=CT, ScheduledStationAETitle=CT01", or a query\'s.'),
    ] = "",
    calling: Annotated[str, typer.Option(metavar="AET", help="Who asks.")] = "",
    called: Annotated[str, typer.Option(metavar="AET", help="Under which title of ours.")] = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Say which key, or what else, keeps an order's items out of a query's answers; exit code 1 if all are kept out."""
    settings = settings_or_fail(config)
    with existing_store(settings) as store:
        explanation = _explain(settings, store, accession, asked, calling, called)
    if as_json:
        print_json(asdict(explanation))
    else:
        for step in explanation.steps:
            _explain_step(step, explanation.profile)
        for remark in explanation.remarks:
            say_wrapped(f"note: {remark}")
    if not any(step.is_found for step in explanation.steps):
        raise typer.Exit(EXIT_FAILED)


def _explain(settings: Settings, store: Store, accession: str, asked: str, calling: str, called: str) -> Explanation:
    try:
        desk = WorklistDesk(settings.worklist, settings.profiles, store.worklist, store.queries)
        return desk.why(accession, asked, calling, called)
    except LookupError as error:
        fail(str(error.args[0]))
    except ConfigError as error:
        fail(f"config: {error}", EXIT_USAGE)
    except ValueError as error:
        fail(f"--as: {error}", EXIT_USAGE)


def _explain_step(step: StepExplanation, profile: str) -> None:
    verdict = "is found" if step.is_found else "is not found"
    say_wrapped(f"step {step.step_id} ({step.status}) {verdict}; profile {profile}")
    for reason in step.reasons:
        say_wrapped(f"because {reason}", 2)
    for key in step.verdicts:
        sign = "fits " if key.fits else "DIFFERS"
        say_wrapped(f"{sign:8}{key.key}: asked {key.asked or 'anything'}, has {key.found or 'nothing'}", 2, 8)


def _pair(text: str) -> tuple[str, str]:
    keyword, equals, value = text.partition("=")
    if not equals:
        fail(f"--key {text}: is no key. Write it as KEYWORD=VALUE.", EXIT_USAGE)
    return keyword.strip(), value.strip()


def _server(settings: Settings, on: str, at: str) -> Destination:
    if on:
        with registry_of(settings) as registry:
            return named(registry, on)
    own = own_worklist(settings)
    host, _, port = (at or address_of(settings, "worklist", own.host, own.port)).rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        fail(f"--at {at}: is no address. Write it as HOST:PORT.", EXIT_USAGE)
    host = host.strip("[]")
    if at:
        return Destination("worklist", host, int(port), "ANY", calling_ae_title=settings.worklist.ae_title)
    return replace(own, host=host, port=int(port))


def _show(answer: Answer) -> None:
    if answer.rows:
        say_table(_COLUMNS, (_row(row) for row in answer.rows))
    if answer.state is not State.ANSWERED:
        err.print(shown(f"{answer.destination}: {answer.state}: {answer.reason}"), soft_wrap=True)
    elif answer.more:
        err.print(f"there are more than {len(answer.rows)}; ask for less, or raise --max", soft_wrap=True)
    elif not answer.rows:
        err.print("nothing found", soft_wrap=True)


def _row(row: Mapping[str, str]) -> list[str]:
    date, time = row["ScheduledProcedureStepStartDate"], row["ScheduledProcedureStepStartTime"]
    start = f"{date[:4]}-{date[4:6]}-{date[6:8]} {time[:2]}:{time[2:4]}" if len(date) == 8 else f"{date} {time}"
    return [
        start,
        row["Modality"],
        row["ScheduledStationAETitle"].replace("\\", " "),
        row["AccessionNumber"],
        f"{row['PatientName']} {row['PatientID']}",
        row["ScheduledProcedureStepDescription"] or row["RequestedProcedureDescription"],
        row["ScheduledProcedureStepStatus"].lower(),
    ]
