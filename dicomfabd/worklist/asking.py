"""Keys as people write them, as the store keeps them, and as a query has them."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from pydicom.datadict import tag_for_keyword

from dicomfabd.dimse.keys import Identifier, Key, identifier_of, vr_of
from dicomfabd.store.worklist_interface import Keys
from dicomfabd.worklist.items import OF_STEP, SEQUENCE

_TAG: Final = r"\(?[0-9A-Fa-f]{4},?[0-9A-Fa-f]{4}\)?"
# findscu's own way to write a key in a sequence may stand before it.
_KEY: Final = re.compile(rf"(?:^|[,;\n])\s*(?:[\w(),]+\[0\]\.)?({_TAG}|[A-Za-z]\w*)\s*=")
_HEX: Final = re.compile(_TAG)


class NotKeys(ValueError):  # noqa: N818 - what it is
    """A text that is no list of keys."""


def read_keys(text: str) -> Identifier:
    """Read keys such as `Modality=CT, ScheduledStationAETitle=CT01` or `0008,0060=CT`; raises NotKeys."""
    found = list(_KEY.finditer(text))
    if text.strip() and (not found or text[: found[0].start()].strip()):
        raise NotKeys('these are no keys; write them as "Modality=CT, ScheduledStationAETitle=CT01"')
    ends = [match.start() for match in found[1:]] + [len(text)] * bool(found)
    return identifier_from(
        {match.group(1): text[match.end() : end].strip() for match, end in zip(found, ends, strict=True)}
    )


def identifier_from(values: Mapping[str, str]) -> Identifier:
    """Give the identifier that asks by keywords, or tags as `gggg,eeee`; raises NotKeys for one that is neither."""
    keys = [Key(tag, vr_of(tag), value) for name, value in values.items() for tag in [_tag_of(name)]]
    return _placed(keys)


def from_file(keys: Keys) -> Identifier:
    """Give the identifier of a query that was kept."""
    return identifier_of(tuple(_read(keys)))


def in_words(keys: Iterable[Key]) -> str:
    """Give the keys that restrict, as `read_keys` takes them."""
    words = []
    for key in keys:
        if key.keys is not None:
            words.append(in_words(key.keys))
        elif key.value:
            words.append(f"{key.name.strip('()')}={key.value}")
    return ", ".join(filter(None, words))


def _tag_of(name: str) -> int:
    if _HEX.fullmatch(name):
        return int(name.strip("()").replace(",", ""), 16)
    tag = tag_for_keyword(name)
    if tag is None:
        raise NotKeys(f"{name[:64]} is no attribute of DICOM; write its keyword, or its tag as gggg,eeee")
    return tag


def _placed(keys: list[Key]) -> Identifier:
    """Give an identifier with each key where it belongs: in the item, or in its scheduled procedure step."""
    step = tuple(sorted((key for key in keys if key.tag in OF_STEP), key=lambda key: key.tag))
    top = [key for key in keys if key.tag not in OF_STEP]
    return identifier_of([*top, Key(SEQUENCE, "SQ", "", step)] if step else top)


def _read(keys: Keys) -> Iterable[Key]:
    for tag, value in keys:
        if isinstance(value, str):
            yield Key(tag, vr_of(tag), value)
        else:
            yield Key(tag, "SQ", "", None if value is None else tuple(_read(value)))
