"""C-FIND identifiers: does an item match the keys, and what of it was asked (PS3.4 C.2.2.2, K.4.1.1.3)."""

from collections.abc import Iterator
from typing import Final

from pydicom.charset import python_encoding
from pydicom.config import IGNORE
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.valuerep import CUSTOMIZABLE_CHARSET_VR

from dicomfabd.dimse.matching import MalformedKey, matches

# Never keys: how the identifier itself is encoded, and at which level it asks.
_NOT_KEYS: Final = frozenset({"SpecificCharacterSet", "TimezoneOffsetFromUTC", "QueryRetrieveLevel"})
_DEEPEST: Final = 4
_MOST_KEYS: Final = 512
_UTF8: Final = "ISO_IR 192"
_DEFAULT: Final = "latin-1"  # what pydicom writes of what no character set is for


def keys_of(identifier: Dataset, depth: int = 0) -> Iterator[DataElement]:
    """Give the elements of an identifier that are keys; raises MalformedKey for one nested too deep or too long."""
    if depth > _DEEPEST or len(identifier) > _MOST_KEYS:
        raise MalformedKey("the identifier is nested too deep or too long")
    for element in identifier:
        if element.tag.element and element.keyword not in _NOT_KEYS:
            yield element


def text_of(element: DataElement | None) -> str:
    """Give a value as text; several values joined by backslashes, none as an empty string."""
    if element is None or element.value is None:
        return ""
    if isinstance(element.value, MultiValue):
        return "\\".join(str(value) for value in element.value)
    return str(element.value)


def text_at(dataset: Dataset, keyword: str) -> str:
    """Give an attribute as `text_of`, without blanks at its ends; an empty string where it is not there."""
    return text_of(dataset.get(Tag(keyword))).strip()


def item_matches(keys: Dataset, item: Dataset, skip: frozenset[str] = frozenset(), depth: int = 0) -> bool:
    """Tell whether an item matches every key it has a value for.

    Args:
        keys: The identifier, or an item of one of its sequences.
        item: What we have; an attribute it lacks is not supported for matching and restricts nothing (K.2.2.1.1.2).
        skip: Keywords to leave out, because they were matched otherwise.
        depth: How deep in sequences this is.

    Raises:
        MalformedKey: A key is not of its value representation, or a key sequence holds more than one item.
    """
    for key in keys_of(keys, depth):
        if key.keyword in skip or key.tag not in item:
            continue
        if key.VR == "SQ":
            wanted = _only_item(key)
            found = item[key.tag].value or []
            if wanted and not any(item_matches(wanted, one, skip, depth + 1) for one in found):
                return False
        elif not matches(key.VR, text_of(key), text_of(item[key.tag])):
            return False
    return True


def project(keys: Dataset, item: Dataset, depth: int = 0) -> tuple[Dataset, bool]:
    """Give what was asked of an item, and whether all of it is supported.

    An attribute we know is given, zero-length where it has no value; one we do not know is left out (status FF01).
    """
    answer = Dataset()
    is_complete = True
    for key in keys_of(keys, depth):
        if key.tag not in item:
            is_complete = False
        elif key.VR == "SQ" and (wanted := _only_item(key)):
            parts = [project(wanted, one, depth + 1) for one in item[key.tag].value or []]
            is_complete &= all(complete for _, complete in parts)
            answer.add(DataElement(key.tag, "SQ", Sequence([part for part, _ in parts])))
        else:
            answer.add(item[key.tag])
    return answer, is_complete


def set_character_set(answer: Dataset, identifier: Dataset) -> None:
    """Choose how an answer is encoded: not at all for ASCII, as asked where that holds every letter, else UTF-8."""
    text = "".join(_texts(answer))
    if text.isascii():
        return
    _keep_to_default(answer)
    asked = text_at(identifier, "SpecificCharacterSet")
    codec = python_encoding.get(asked, "")
    answer.SpecificCharacterSet = asked if codec and _is_encodable(text, codec) else _UTF8


def _keep_to_default(answer: Dataset) -> None:
    """Put a question mark for letters of others where no character set helps, such as in dates (PS3.5 6.1.2.2)."""
    for element in answer:
        if element.VR == "SQ":
            for item in element.value or []:
                _keep_to_default(item)
        elif element.VR not in CUSTOMIZABLE_CHARSET_VR and not _is_encodable(text_of(element), _DEFAULT):
            parts = text_of(element).encode(_DEFAULT, "replace").decode(_DEFAULT).split("\\")
            answer.add(
                DataElement(element.tag, element.VR, parts if len(parts) > 1 else parts[0], validation_mode=IGNORE)
            )


def _only_item(key: DataElement) -> Dataset | None:
    items = key.value or []
    if len(items) > 1:
        raise MalformedKey(f"{key.keyword} holds {len(items)} items; a key sequence holds one")
    return items[0] if items and len(items[0]) else None


def _texts(dataset: Dataset) -> Iterator[str]:
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value or []:
                yield from _texts(item)
        else:
            yield text_of(element)


def _is_encodable(text: str, codec: str) -> bool:
    try:
        text.encode(codec)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
