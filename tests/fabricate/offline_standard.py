"""Gives dicom-validator its tables without a network, from the package `dicom-standard` (edition of 2020).

What that edition does not know, and what its tables say otherwise than the standard, is not counted; see `KNOWN`.
"""

import html
import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import dicom_validator
from dicom_validator.spec_reader.condition import ConditionType
from dicom_validator.spec_reader.condition_parser import ConditionParser
from dicom_validator.spec_reader.serializer import DefinitionEncoder
from pydicom._dicom_dict import DicomDictionary

from tests.conftest import program

EDITION = "2020b"
TEXT_VRS = ("CS", "LO", "SH", "ST", "LT", "UI", "AS", "DA", "TM", "PN", "UT", "UC")
NUMBER_VRS = ("US", "SS", "UL", "SL", "IS")

# SyntheticData (0008,001C) came with edition 2022b.
KNOWN = ("(0008,001C)",)


def build(folder: Path) -> None:
    """Write the tables where dicom-validator looks for a downloaded edition."""
    source = Path(sys.prefix) / "standard"
    tables = folder / EDITION / "json"
    tables.mkdir(parents=True)
    (folder / EDITION / "docbook").mkdir()
    for part in ("part03", "part04", "part06"):
        (folder / EDITION / "docbook" / f"{part}.xml").write_text("<book/>")
    known = {
        _tag(f"{tag:08X}"): {"name": row[2], "prop": "RET" if row[3] else "", "vm": row[1], "vr": row[0]}
        for tag, row in DicomDictionary.items()
    }
    parser = ConditionParser(known)
    modules = _attributes(_load(source / "module_to_attributes.json"), known, parser)
    modules |= {
        f"macro-{k}": v for k, v in _attributes(_load(source / "macro_to_attributes.json"), known, parser).items()
    }
    names = {item["id"]: item["name"] for item in _load(source / "modules.json")}
    uses: dict[str, dict[str, Any]] = defaultdict(dict)
    for row in _load(source / "ciod_to_modules.json"):
        entry: dict[str, Any] = {"ref": row["moduleId"], "use": row["usage"]}
        if row["usage"] == "C":
            said = row.get("conditionalStatement") or ""
            entry |= {"use": f"C - {said}", "cond": parser.parse(said)}
        modules.setdefault(row["moduleId"], {})
        uses[row["ciodId"]][names.get(row["moduleId"], row["moduleId"])] = entry
    ids = {item["name"]: item["id"] for item in _load(source / "ciods.json")}
    classes = {
        sop["id"]: {"title": f"{sop['ciod']} IOD", "modules": uses[ids[sop["ciod"]]], "group_macros": {}}
        for sop in _load(source / "sops.json")
        if ids.get(sop["ciod"]) in uses
    }
    written = {
        "dict_info.json": known,
        "iod_info.json": classes,
        "module_info.json": modules,
        "uid_info.json": {"SOP Class": {sop["id"]: sop["name"] for sop in _load(source / "sops.json")}},
    }
    for name, value in written.items():
        (tables / name).write_text(json.dumps(value, sort_keys=True, cls=DefinitionEncoder))
    (tables / "version").write_text(dicom_validator.__version__)
    (folder / "editions.json").write_text(json.dumps([EDITION]))


def issues(standard: Path, files: Iterable[Path]) -> list[str]:
    """Give what dicom-validator minds in some files: the file's name and the sentence."""
    done = subprocess.run(
        [program("validate_iods"), "-src", str(standard), "-e", EDITION, *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
    )
    found, name = [], ""
    for line in (done.stdout + done.stderr).splitlines():
        if line.startswith("Validating DICOM file "):
            name = Path(line.removeprefix("Validating DICOM file ")).name
        if "Tag (" in line and not any(tag in line for tag in KNOWN):
            found.append(f"{name}: {line.strip()}")
    return found


def _load(file: Path) -> Any:
    return json.loads(file.read_text())


def _attributes(rows: list[dict[str, str]], known: dict[str, Any], parser: ConditionParser) -> dict[str, Any]:
    modules: dict[str, Any] = defaultdict(dict)
    for row in rows:
        module, *path = row["path"].split(":")
        if re.search(r"[g-zG-Z]", "".join(path)):
            continue  # repeating groups
        node = modules[module]
        for part in path[:-1]:
            node = node.setdefault(_tag(part), {"name": "", "type": "3"}).setdefault("items", {})
        tag = _tag(path[-1])
        entry = node.setdefault(tag, {})
        entry["name"] = known.get(tag, {}).get("name", tag)
        entry["type"] = row["type"] or "3"
        if entry["type"] in ("1C", "2C", "3"):
            condition = parser.parse(_plain(row["description"]))
            if condition.type != ConditionType.UserDefined:
                entry["cond"] = condition
        if values := _values(row["description"], known.get(tag, {}).get("vr", "")):
            entry["enums"] = values
    return modules


def _values(text: str, vr: str) -> list[dict[str, Any]]:
    result = []
    for title, body in re.findall(r"<strong>\s*([^<]*Enumerated Values[^<]*)</strong>(.*?)</dl>", text, re.S):
        if title.strip().rstrip(":") != "Enumerated Values":
            continue
        values: list[Any] = [_plain(item) for item in re.findall(r"<dt>(.*?)</dt>", body, re.S)]
        if vr in NUMBER_VRS:
            if not all(re.fullmatch(r"[0-9]+|[0-9A-F]+H", value) for value in values):
                continue
            values = [int(value[:-1], 16) if value.endswith("H") else int(value) for value in values]
        elif vr not in TEXT_VRS:
            continue
        if values:
            result.append({"val": values})
    return result


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", text))).strip()


def _tag(digits: str) -> str:
    return f"({digits[:4].upper()},{digits[4:].upper()})"
