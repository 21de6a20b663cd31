"""QIDO-RS: query parameters → matches as DICOM JSON objects (PS3.18 §8.3.4, §10.6)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from dicomfabd.archive.keywords import KEYWORDS, known_at, levels_above
from dicomfabd.archive.query import Search, element_of, search
from dicomfabd.dimse.matching import MalformedKey, is_universal
from dicomfabd.store.archive_interface import ArchiveIndex, Level

_INCLUDE: Final = "includefield"
_TAG: Final = re.compile(r"[0-9A-Fa-f]{8}")
_MOST_CONDITIONS: Final = 100

# PS3.18 Tables 10.6.3-3 to 10.6.3-5: what is given unasked.
_GIVEN: Final[Mapping[Level, tuple[str, ...]]] = {
    Level.PATIENT: ("PatientName", "PatientID", "PatientBirthDate", "PatientSex"),
    Level.STUDY: (
        "StudyInstanceUID",
        "StudyID",
        "StudyDate",
        "StudyTime",
        "AccessionNumber",
        "ReferringPhysicianName",
        "StudyDescription",
        "ModalitiesInStudy",
        "NumberOfStudyRelatedSeries",
        "NumberOfStudyRelatedInstances",
        "InstanceAvailability",
    ),
    Level.SERIES: (
        "SeriesInstanceUID",
        "SeriesNumber",
        "SeriesDescription",
        "Modality",
        "PerformedProcedureStepStartDate",
        "PerformedProcedureStepStartTime",
        "RequestAttributesSequence",
        "NumberOfSeriesRelatedInstances",
    ),
    Level.IMAGE: (
        "SOPClassUID",
        "SOPInstanceUID",
        "InstanceNumber",
        "Rows",
        "Columns",
        "BitsAllocated",
        "NumberOfFrames",
        "AvailableTransferSyntaxUID",
    ),
}
# Ours, no DICOM keywords.
_NOT_ELEMENTS: Final = frozenset({"StudySize", "StudyReceivedAt", "StudyPlace", "SeriesSize", "InstanceSize"})


@dataclass(frozen=True, slots=True)
class Qido:
    """Answers searches over an index."""

    index: ArchiveIndex
    ae_title: str

    def search(
        self, level: Level, conditions: Sequence[tuple[str, str]], most: int, skipped: int, base_url: str
    ) -> tuple[list[Mapping[str, object]], bool]:
        """Give matches as DICOM JSON objects, and whether there are more.

        Args:
            level: What an answer stands for.
            conditions: Names and values: attributes as keyword, tag or path, and `includefield`.
            most: Most matches.
            skipped: Matches to leave out at the beginning.
            base_url: What Retrieve URL begins with.

        Raises:
            MalformedKey: A name is no attribute, or a value not of its value representation.
        """
        if len(conditions) > _MOST_CONDITIONS:
            raise MalformedKey(f"there are more than {_MOST_CONDITIONS} parameters")
        keys = Dataset()
        for name in _wanted(level, conditions):
            keys.add(element_of(name, ""))
        for name, value in conditions:
            if name != _INCLUDE:
                _add_key(keys, name, value)
        found = list(search(self.index, Search(level, keys, self.ae_title, skipped, most + 1)))
        return [_answer(item, base_url) for item in found[:most]], len(found) > most


def _wanted(level: Level, conditions: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Give the keywords of what is given: always, and by `includefield`; what we do not know is left out (§8.3.4.3)."""
    levels = (*levels_above(level), level)
    names = {name for one in levels for name in _GIVEN[one]}
    # The URL of an answer names them.
    names |= {KEYWORDS[one][0] for one in levels if one is not Level.PATIENT}
    for name, value in conditions:
        if name == _INCLUDE and value.strip().lower() == "all":
            names |= known_at(level)
        elif name == _INCLUDE:
            names |= {_keyword(part.strip()) for part in value.split(",")} & known_at(level)
    return frozenset(names - _NOT_ELEMENTS)


def _add_key(keys: Dataset, name: str, value: str) -> None:
    *sequences, last = [_keyword(part) for part in name.split(".")]
    if len(sequences) > 1:
        raise MalformedKey(f"{name[:64]} is nested too deep")
    # Several UIDs, or several values, are written with commas.
    element = element_of(last, value.replace(",", "\\") if dictionary_VR(last) in ("UI", "CS") else value)
    if not is_universal(value) and element.value in (None, ""):
        raise MalformedKey(f"{last} cannot have this value")
    if sequences:
        item = Dataset()
        item.add(element)
        element = DataElement(tag_for_keyword(sequences[0]) or 0, "SQ", DicomSequence([item]), validation_mode=IGNORE)
    elif element.VR == "SQ":
        raise MalformedKey(f"{last} is a sequence; name an attribute in it")
    keys.add(element)


def _keyword(name: str) -> str:
    """Give the keyword of an attribute that is named by keyword or tag; raises MalformedKey."""
    keyword = keyword_for_tag(int(name, 16)) if _TAG.fullmatch(name) else name
    if not keyword or tag_for_keyword(keyword) is None:
        raise MalformedKey(f"{name[:64]!r} is no attribute of DICOM. Write a keyword such as PatientID, or 00100020.")
    return keyword


def _answer(item: Dataset, base_url: str) -> Mapping[str, Any]:
    url = f"{base_url}/studies/{item.StudyInstanceUID}"
    if "SeriesInstanceUID" in item:
        url += f"/series/{item.SeriesInstanceUID}"
    if "SOPInstanceUID" in item:
        url += f"/instances/{item.SOPInstanceUID}"
    item.RetrieveURL = url
    said: dict[str, Any] = item.to_json_dict()
    return said
