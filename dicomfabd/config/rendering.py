"""Settings written as a TOML file that reads back."""

import json
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from dicomfabd.config.sections import Section
from dicomfabd.config.settings import Settings


def render(settings: Settings) -> str:
    """Write settings as TOML with a comment for each key; passwords in addresses are masked."""
    lines = []
    for name, info in Settings.model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, Section):
            lines += _table(value, name)
        elif name in ("destinations", "routes", "stations", "senders", "profiles"):
            for entry in value:
                lines += ["", f"# {_summary(entry)}", f"[[{name}]]", *_keys(entry)]
        else:
            lines += [f"# {info.description}", f"{name} = {_toml(value)}"]
    return "\n".join(lines) + "\n"


def masked(value: Any) -> Any:
    """Give a value without the user and password of an address."""
    if not isinstance(value, str) or "@" not in value or "://" not in value:
        return value
    parts = urlsplit(value)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"**********@{host}"))


def _table(section: Section, name: str) -> list[str]:
    lines = ["", f"# {_summary(section)}", f"[{name}]", *_keys(section)]
    # TOML takes every key after a table's header for that table's own, so tables in it come last.
    for key in type(section).model_fields:
        value = getattr(section, key)
        if isinstance(value, Section):
            lines += _table(value, f"{name}.{key}")
    return lines


def _keys(section: Section) -> list[str]:
    lines = []
    for key, info in type(section).model_fields.items():
        value = getattr(section, key)
        if value is None or isinstance(value, Section):
            continue  # TOML has no word for what is not set
        if info.description:
            lines.append(f"# {info.description}")
        lines.append(f"{key} = {_toml(masked(value))}")
    return lines


def _summary(section: Section) -> str:
    return (type(section).__doc__ or "").strip()


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml(key)} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, int | float):
        return str(value)
    # Every JSON string is a TOML string.
    return json.dumps(str(value), ensure_ascii=False)
