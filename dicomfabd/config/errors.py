"""What is said of a wrong setting: where it was written, which key, what is wrong and what to write instead."""

import difflib
import os
import types
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel

from dicomfabd.config.kinds import Hint
from dicomfabd.config.rendering import masked

_HIDDEN: Final = "**********"


class ConfigError(Exception):
    """The settings cannot be used; each line says where, what is wrong and what to write instead."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a value: its field, what is wrong, and what to write instead."""

    field: str
    text: str
    hint: str


def find(problem: Any, model: type[BaseModel]) -> Finding:
    """Say one finding of pydantic without quoting the value, which may hold a password.

    Args:
        problem: One of `ValidationError.errors()`.
        model: What was validated.
    """
    location = _location(problem)
    field = ".".join(location)
    if problem["type"] == "extra_forbidden":
        return Finding(field, "unknown key", closest(location[-1], _keys_beside(model, location)).strip())
    if problem["type"] == "missing":
        return Finding(field, "is missing", "It has no default.")
    said = _hint(model, location, problem["loc"][-1] == "[key]", problem["input"]) or f"{problem['msg']}."
    text, _, hint = said.partition(". ")
    return Finding(field, text.rstrip("."), hint)


def explain(problem: Any, model: type[BaseModel], file: Path | None, prefix: str) -> str:
    """Say one finding of pydantic in one line.

    Args:
        problem: One of `ValidationError.errors()`.
        model: What was validated.
        file: The file that was read, if any.
        prefix: Of the variables that set keys of the model.
    """
    location = _location(problem)
    dotted = ".".join(location)
    origin = _origin(location, file, prefix)
    if problem["type"] == "extra_forbidden":
        return f"{origin}: {dotted}: unknown key.{closest(location[-1], _keys_beside(model, location))}"
    if problem["type"] == "missing":
        return f"{origin}: {dotted}: is missing. Every entry of {location[0]} needs it."
    is_key = problem["loc"][-1] == "[key]"
    said = _hint(model, location, is_key, problem["input"]) or f"{problem['msg']}."
    if is_key:
        return f"{origin}: {dotted}: {said}"
    shown = _HIDDEN if "secret" in location[-1] else repr(masked(problem["input"]))
    return f"{origin}: {dotted} = {shown}: {said}"


def closest(name: str, known: Sequence[str]) -> str:
    """Suggest what was meant, or list what there is; begins with a space."""
    close = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean {close[0]}?" if close else f" Use one of: {', '.join(known)}."


def _location(problem: Any) -> list[str]:
    # A union adds the names of its branches ("literal['auto']", "constrained-int"), which nobody wrote.
    return [str(part) for part in problem["loc"] if "[" not in str(part) and part != "constrained-int"]


def _origin(location: Sequence[str], file: Path | None, prefix: str) -> str:
    # A list is one variable, so the entry's own path is none.
    for length in range(len(location), 0, -1):
        variable = f"{prefix}{'__'.join(location[:length])}".upper()
        if variable in os.environ:
            return f"environment {variable}"
    return str(file or "settings")


def _keys_beside(model: type[BaseModel], location: Sequence[str]) -> list[str]:
    annotation, _ = _follow(model, location[:-1], is_key=False)
    is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return list(annotation.model_fields) if is_model else []


def _hint(model: type[BaseModel], location: Sequence[str], is_key: bool, value: Any) -> str:
    _, metadata = _follow(model, location, is_key)
    for item in metadata:
        if isinstance(item, Hint):
            return item.text + (closest(str(value), item.known) if item.known else "")
    return ""


def _follow(model: type[BaseModel], location: Sequence[str], is_key: bool) -> tuple[Any, list[Any]]:
    """Give type and metadata of what stands at a path below a model; of the last key itself if `is_key`."""
    annotation: Any = model
    metadata: list[Any] = []
    for index, part in enumerate(location):
        arguments = get_args(annotation)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            field = annotation.model_fields.get(part)
            if field is None:
                return None, []
            annotation, more = _bare(field.annotation)
            metadata = [*field.metadata, *more]
        elif arguments:
            names_key = is_key and index == len(location) - 1
            annotation, metadata = _bare(arguments[0 if names_key else -1])
    return annotation, metadata


def _bare(annotation: Any) -> tuple[Any, list[Any]]:
    """Take `Annotated` and `| None` off a type and give what they held."""
    if get_origin(annotation) in (Union, types.UnionType):
        filled = [item for item in get_args(annotation) if item is not type(None)]
        return _bare(filled[0]) if len(filled) == 1 else (annotation, [])
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        return inner, metadata
    return annotation, []
