"""Codes of public systems (LOINC, RadLex Playbook) and what they mean in plain words."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from dicomfabd.domain.order import Code

_SYSTEMS: Final = {
    "LN": "LOINC",
    "LOINC": "LOINC",
    "LNC": "LOINC",
    "RADLEX": "RadLex",
    "RPID": "RadLex",
    "RADLEX PLAYBOOK": "RadLex",
}
_RPID: Final = re.compile(r"RPID\d{1,6}")


@dataclass(frozen=True, slots=True)
class KnownCode:
    """A code we know: `text` is read as a procedure's name would be, `origin` is how evidence speaks of it."""

    text: str
    origin: str


def find_codes(codes: tuple[Code, ...]) -> tuple[KnownCode, ...]:
    """Give those we know, in order; a value that looks like an RPID is one under any scheme."""
    found = []
    for code in codes:
        value = code.value.strip().upper()
        system = "RadLex" if _RPID.fullmatch(value) else _SYSTEMS.get(code.scheme.strip().upper(), "")
        text = load_codes().get(system, {}).get(value)
        if text:
            found.append(KnownCode(text, f"{system} {value} ({text})"))
    return tuple(dict.fromkeys(found))


@cache
def load_codes() -> Mapping[str, Mapping[str, str]]:
    """Read the codes that come with the package: system → code → plain words."""
    data = tomllib.loads((files("dicomfabd.plan") / "codes.toml").read_text("utf-8"))
    return {"LOINC": data["loinc"], "RadLex": data["radlex"]}
