"""Asking PACS and having them move and give studies: /api/v1/pacs/query, /move, /moves, /{name}/studies."""

from typing import Annotated, Any, Final, Literal

from fastapi import FastAPI, HTTPException, Path, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from dicomfabd.domain.access import Reach, Role
from dicomfabd.domain.delivery import Destination
from dicomfabd.pacs.dcmtk import find_command
from dicomfabd.pacs.query import Answer
from dicomfabd.pacs.question import FILTERS, MOST_ROWS, BadQuestion, Level, Question
from dicomfabd.pacs.retrieve import Retrieved
from dicomfabd.pacs.selection import Selection
from dicomfabd.web.access.needs import GuardedRouter, needs, principal_of, require
from dicomfabd.web.access.targets import environment_of, require_at, visible
from dicomfabd.web.api.answers import ask_active, chosen, fault_errors, header, question_of, table, told
from dicomfabd.web.api.asking import Turnstile
from dicomfabd.web.api.downloads import ZipDownload
from dicomfabd.web.api.moves import MoveBoard, MoveJob, TooManyMoves
from dicomfabd.web.api.pacs_routes import existing
from dicomfabd.web.api.spreadsheet import write_csv
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.problems import problem
from dicomfabd.web.request_parts import PacsName, actor_of

_Text = Annotated[str, Field(max_length=200)]
_Uid = Annotated[str, Path(max_length=64)]
_MoveId = Annotated[str, Path(max_length=32)]
_MOST_NAMES: Final = 64


class QueryIn(BaseModel):
    """What is asked, and of whom; a value is exact unless it holds * or ?."""

    model_config = ConfigDict(extra="forbid")

    level: Level = Field(Level.STUDY, description="What a row stands for.")
    pacs: list[str] = Field([], max_length=_MOST_NAMES, description="Whom to ask; all that are active by default.")
    patient_name: _Text = ""
    patient_id: _Text = ""
    accession: _Text = ""
    study_description: _Text = ""
    study_uid: _Text = ""
    series_uid: _Text = ""
    modality: _Text = ""
    date: _Text = Field("", description="YYYYMMDD, or FROM-TO with either end left out.")
    days: _Text = Field("", description="Today and so many days before it.")
    max: int = Field(100, ge=1, le=MOST_ROWS, description="Most rows of one PACS.")
    root: Literal["study", "patient"] = Field("study", description="Information model to prefer.")
    web: bool = Field(False, description="Ask those with a web_url by QIDO-RS.")

    def question(self) -> Question:
        """Give what it asks; raises BadQuestion."""
        return question_of(self.level, {name: getattr(self, name) for name in FILTERS}, self.max, self.root)


class TableIn(QueryIn):
    """What is asked for a table."""

    bom: bool = Field(False, description="Begin with a byte order mark, for spreadsheets.")


class MoveIn(BaseModel):
    """What is to be moved, from where to where."""

    model_config = ConfigDict(extra="forbid")

    source: str = Field(max_length=32, description="Name of the destination that has it.")
    destination: str = Field(max_length=32, description="Name of the one that shall have it.")
    study_uid: str = Field(max_length=64)
    series_uids: list[str] = Field([], max_length=1000, description="Only these series.")
    sop_uids: list[str] = Field([], max_length=1000, description="Only these images, of the one series.")
    patient_id: str = Field("", max_length=64, description="For a source that has the patient root only.")


def router(desk: WebDesk, turnstile: Turnstile) -> GuardedRouter:
    """Give the routes; all run on threads, because the network blocks."""
    routes = GuardedRouter()
    board = MoveBoard(lambda job: _tell_move(desk, job))

    @routes.get("/api/v1/pacs/query")
    @needs(Role.VIEWER, Reach.EITHER)
    def query_pacs(asked: Annotated[QueryIn, Query()], request: Request) -> dict[str, Any]:
        """Ask several PACS at once; `pacs` says what each did, `commands` how DCMTK would ask the same."""
        question = asked.question()
        answers = _ask(asked, question, request, desk, turnstile)
        registry = desk.destinations()
        known = [destination for answer in answers if (destination := registry.get(answer.destination))]
        return told(question, answers) | {"commands": {it.name: find_command(it, question) for it in known}}

    @routes.get("/api/v1/pacs/query.csv")
    @needs(Role.VIEWER, Reach.EITHER)
    def query_pacs_as_csv(asked: Annotated[TableIn, Query()], request: Request) -> Response:
        """Ask likewise, and give a table; a PACS that did not answer has a row that says so."""
        question = asked.question()
        text = write_csv(header(question), table(_ask(asked, question, request, desk, turnstile)), with_mark=asked.bom)
        return _attachment(Response(text, media_type="text/csv; charset=utf-8"), f"{question.level}-level.csv")

    @routes.post("/api/v1/pacs/move", status_code=202)
    @needs(Role.OPERATOR, Reach.EITHER)
    def start_move(wanted: MoveIn, request: Request) -> Response:
        """Have one PACS send to another; `Location` says how it stands.

        Needs viewer in the environment of the source, and operator in that of the destination.
        """
        selection = Selection(wanted.study_uid, tuple(wanted.series_uids), tuple(wanted.sop_uids), wanted.patient_id)
        source, receiver = _active(desk, wanted.source), existing(desk, wanted.destination)
        require(request, Role.VIEWER, source.environment)
        require(request, Role.OPERATOR, receiver.environment)
        if source.name == receiver.name:
            raise HTTPException(400, "source and destination are the same")
        job = board.start(source, receiver, selection)
        detail = {"to": receiver.name, "level": selection.level.value, "study_uid": selection.study_uid}
        desk.messages.audit(actor_of(request), "pacs.move", f"pacs {source.name}", detail)
        return JSONResponse(job.told(), 202, {"Location": f"/api/v1/pacs/moves/{job.move_id}"})

    @routes.get("/api/v1/pacs/moves")
    @needs(Role.VIEWER, Reach.EITHER)
    def list_moves(request: Request) -> dict[str, Any]:
        """List the moves under way and those that ended lately, newest first."""
        principal, registry = principal_of(request), desk.destinations()
        seen = [job for job in board.all() if principal.may(Role.VIEWER, environment_of(registry, job.source))]
        return {"moves": [job.told() for job in seen]}

    @routes.get("/api/v1/pacs/moves/{move_id}")
    @needs(Role.VIEWER, Reach.EITHER)
    def show_move(move_id: _MoveId, request: Request) -> dict[str, Any]:
        """Say how a move stands."""
        job = _job(board, move_id)
        require_at(request, Role.VIEWER, desk.destinations(), [job.source])
        return job.told()

    @routes.delete("/api/v1/pacs/moves/{move_id}")
    @needs(Role.OPERATOR, Reach.EITHER)
    def cancel_move(move_id: _MoveId, request: Request) -> dict[str, Any]:
        """Stop a move; what was sent stays where it is."""
        job = _job(board, move_id)
        require_at(request, Role.OPERATOR, desk.destinations(), [job.destination])
        if job.ended_at is None:
            job.move.cancel()
            desk.messages.audit(actor_of(request), "pacs.move_cancel", f"pacs {job.source}", {"to": job.destination})
        return job.told()

    @routes.get("/api/v1/pacs/{name}/studies/{study_uid}")
    @needs(Role.VIEWER, Reach.EITHER)
    def download_study_of_pacs(name: PacsName, study_uid: _Uid, request: Request) -> Response:
        """Give a study as a ZIP of DICOM files; `INCOMPLETE.txt` in it says what is missing, if anything is."""
        source = _active(desk, name)
        require(request, Role.VIEWER, source.environment)
        selection = Selection(study_uid)
        turnstile.enter()

        def ended(outcome: Retrieved) -> None:
            turnstile.leave()
            desk.journal.study_downloaded(name, outcome.via, outcome.received, is_whole=outcome.is_whole)

        zipped = ZipDownload(source, selection, ended)
        nothing = zipped.start()
        if nothing is not None:
            raise HTTPException(502, nothing.reason)
        desk.messages.audit(actor_of(request), "pacs.download", f"pacs {name}", {"study_uid": study_uid})
        return _attachment(StreamingResponse(zipped, media_type="application/zip"), "study.zip")

    return routes


def install(app: FastAPI) -> None:
    """Answer what cannot be asked as a problem document."""

    @app.exception_handler(BadQuestion)
    async def _bad(_request: Request, error: BadQuestion) -> JSONResponse:
        return problem(400, "this cannot be asked of a PACS", fault_errors(error.faults))

    @app.exception_handler(TooManyMoves)
    async def _busy(_request: Request, error: TooManyMoves) -> JSONResponse:
        response = problem(503, str(error))
        response.headers["Retry-After"] = "10"
        return response


def _ask(asked: QueryIn, question: Question, request: Request, desk: WebDesk, turnstile: Turnstile) -> list[Answer]:
    registry = desk.destinations()
    destinations = chosen(registry, asked.pacs)
    # Whom nobody named is left out where they may not ask; who is named is refused.
    if asked.pacs:
        require_at(request, Role.VIEWER, registry, [it.name for it in destinations])
    destinations = visible(request, destinations)
    with turnstile.turn():
        answers = ask_active(destinations, question, over_web=asked.web)
    keys = sorted(question.keys)
    for it in answers:
        desk.journal.pacs_queried(it.destination, question.level, keys, it.state, len(it.rows), it.seconds)
    return answers


def _active(desk: WebDesk, name: str) -> Destination:
    destination = existing(desk, name)
    if not destination.active:
        raise HTTPException(409, f"{name} is not active; set `active` to ask it")
    return destination


def _job(board: MoveBoard, move_id: str) -> MoveJob:
    job = board.get(move_id)
    if job is None:
        raise HTTPException(404, "there is no such move, or it ended long ago")
    return job


def _tell_move(desk: WebDesk, job: MoveJob) -> None:
    done = job.progress
    desk.journal.pacs_moved(job.source, job.destination, job.state, done.completed + done.warning, done.failed)


def _attachment(response: Response, name: str) -> Response:
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
