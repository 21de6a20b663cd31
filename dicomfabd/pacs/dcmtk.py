"""The DCMTK commands that ask the same, for those who want to see it done by another hand."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from dicomfabd.domain.delivery import Destination
from dicomfabd.pacs.question import Level, Question
from dicomfabd.pacs.selection import Selection


def find_command(destination: Destination, question: Question) -> str:
    """Give the findscu command of a question; values are quoted for a shell."""
    keys = dict.fromkeys(question.columns.values(), "") | dict(question.keys)
    model = "-P" if question.level is Level.PATIENT or question.root == "patient" else "-S"
    return _command("findscu", ["-v", model], destination, _keys(question.level, keys))


def move_command(source: Destination, ae_title: str, selection: Selection) -> str:
    """Give the movescu command of a move to an AE title."""
    model = "-P" if selection.patient_id else "-S"
    return _command("movescu", ["-v", model, "-aem", ae_title], source, _selected(selection))


def get_command(source: Destination, selection: Selection, folder: Path) -> str:
    """Give the getscu command of a download."""
    model = "-P" if selection.patient_id else "-S"
    return _command("getscu", ["-v", model, "-od", str(folder)], source, _selected(selection))


def _selected(selection: Selection) -> list[str]:
    keys = {name: value if isinstance(value, str) else "\\".join(value) for name, value in selection.keys().items()}
    patient = {"PatientID": selection.patient_id} if selection.patient_id else {}
    return _keys(selection.level, patient | keys)


def _keys(level: Level, keys: Mapping[str, str]) -> list[str]:
    pairs = {"QueryRetrieveLevel": level.upper(), **keys}
    return [part for keyword, value in pairs.items() for part in ("-k", f"{keyword}={value}")]


def _command(program: str, options: Sequence[str], destination: Destination, keys: Sequence[str]) -> str:
    titles = ["-aet", destination.calling("find"), "-aec", destination.ae_title]
    address = [destination.host, str(destination.port)]
    return shlex.join([program, *options, *_tls(destination), *titles, *address, *keys])


def _tls(destination: Destination) -> list[str]:
    if not destination.tls:
        return []
    own = destination.tls_certificate
    options = ["+tls", destination.tls_key or own, own] if own else ["+tla"]
    return [*options, *(["+cf", destination.tls_ca] if destination.tls_ca else [])]
