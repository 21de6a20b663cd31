"""Items in the DICOM JSON Model (PS3.18 Annex F)."""

from typing import Any, Final

from dicomfabd.dimse.keys import vr_of
from dicomfabd.worklist.items import Item

_GROUPS: Final = ("Alphabetic", "Ideographic", "Phonetic")


def to_json(item: Item) -> dict[str, Any]:
    """Give an item; attributes without a value have none."""
    return {f"{tag:08X}": _attribute(tag, item[tag]) for tag in sorted(item)}


def _attribute(tag: int, value: "str | tuple[Item, ...]") -> dict[str, Any]:
    if not isinstance(value, str):
        return {"vr": "SQ"} | ({"Value": [to_json(inner) for inner in value]} if value else {})
    vr = vr_of(tag)
    return {"vr": vr} | ({"Value": [_value(vr, part) for part in value.split("\\")]} if value else {})


def _value(vr: str, value: str) -> Any:
    if vr == "PN":
        return {name: group for name, group in zip(_GROUPS, value.split("="), strict=False) if group}
    if vr == "US":
        return int(value)
    return float(value) if vr == "DS" else value
