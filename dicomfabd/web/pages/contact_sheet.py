"""A series on the page of its study: what it is, and a few of its images, evenly chosen."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from dicomfabd.store.archive_interface import Attributes, StoredInstance
from dicomfabd.web.api.archive_images import MOST_DESCRIBED, described
from dicomfabd.web.api.archived import images_of
from dicomfabd.web.archive_desk import ArchiveDesk
from dicomfabd.web.dicomweb.parts import named

FEW: Final = 8
"""Pictures of a series, unless all are asked for."""


def series_shown(desk: ArchiveDesk, study: str, series: Mapping[str, Any], all_of: str) -> dict[str, Any]:
    """Give a series with `kind`, `sop_class`, `transfer_syntax`, `tiles` and how many instances have none."""
    uid = str(series["series_instance_uid"])
    rows = sorted(desk.index.find(images_of(study, uid, MOST_DESCRIBED)), key=_place)
    first = described(desk, _stored(desk, study, uid, rows[0]))
    chosen = range(len(rows)) if uid == all_of else evenly(len(rows), FEW)
    frames = [_number(row.get("NumberOfFrames", "")) or 1 for row in rows]
    tiles = [
        {
            "sop_instance_uid": rows[place]["SOPInstanceUID"],
            "number": rows[place].get("InstanceNumber") or "?",
            "frames": frames[place],
            "at": sum(frames[:place]) + 1,
            "is_image": bool(rows[place].get("Rows")),
        }
        for place in chosen
    ]
    return {
        **series,
        "kind": first["kind"],
        "title": first.get("title", ""),
        "sop_class": first.get("sop_class", ""),
        "transfer_syntax": first.get("transfer_syntax", ""),
        "size": f"{first['columns']} × {first['rows']}" if first["kind"] == "image" else "",
        "first": rows[len(rows) // 2]["SOPInstanceUID"],
        "frames": sum(frames),
        "tiles": tiles,
        "more": len(rows) - len(tiles),
    }


def evenly(amount: int, most: int) -> Sequence[int]:
    """Give at most so many of the numbers below an amount, first and last among them, evenly spaced."""
    if amount <= most:
        return range(amount)
    return [round(place * (amount - 1) / (most - 1)) for place in range(most)]


def _stored(desk: ArchiveDesk, study: str, series: str, row: Attributes) -> StoredInstance:
    return named(desk, study, series, row["SOPInstanceUID"])[0]


def _place(row: Attributes) -> tuple[bool, int, str]:
    number = _number(row.get("InstanceNumber", ""))
    return number is None, number or 0, row["SOPInstanceUID"]


def _number(text: str) -> int | None:
    text = text.strip()
    is_number = text.isascii() and text.lstrip("+-").isdigit() and len(text) <= 12
    return int(text) if is_number else None
