"""Which instances are meant: a study, some of its series, or some images of one series."""

from dataclasses import dataclass
from typing import Final

from dicomfabd.domain.errors import Fault
from dicomfabd.pacs.question import BadQuestion, Level, is_uid

MOST_UIDS: Final = 1000


@dataclass(frozen=True, slots=True)
class Selection:
    """What is moved or downloaded.

    Attributes:
        study_uid: Its study.
        series_uids: Only these series of it; none is all.
        sop_uids: Only these images, of the one series.
        patient_id: Whose they are; needed by a PACS that has the patient root only.
    """

    study_uid: str
    series_uids: tuple[str, ...] = ()
    sop_uids: tuple[str, ...] = ()
    patient_id: str = ""

    def __post_init__(self) -> None:
        """Check it; raises BadQuestion."""
        faults = [
            Fault(102, name, "is not a UID", "Use one as a query gave it.")
            for name, uids in (("study_uid", (self.study_uid,)), ("series", self.series_uids), ("image", self.sop_uids))
            if not all(map(is_uid, uids))
        ]
        if self.sop_uids and len(self.series_uids) != 1:
            faults.append(Fault(101, "series", "is needed for images", "Name the one series they are of."))
        if len(self.series_uids) + len(self.sop_uids) > MOST_UIDS:
            faults.append(Fault(102, "series", f"names more than {MOST_UIDS} UIDs", "Take the whole study."))
        if faults:
            raise BadQuestion(*faults)

    @property
    def level(self) -> Level:
        """The lowest level it names."""
        return Level.IMAGE if self.sop_uids else Level.SERIES if self.series_uids else Level.STUDY

    def keys(self) -> dict[str, str | list[str]]:
        """Give keyword → UID or list of UIDs, as C-MOVE and C-GET take them (PS3.4 C.4.2.1.4)."""
        keys: dict[str, str | list[str]] = {"StudyInstanceUID": self.study_uid}
        if self.series_uids:
            keys["SeriesInstanceUID"] = list(self.series_uids)
        if self.sop_uids:
            keys["SOPInstanceUID"] = list(self.sop_uids)
        return keys

    def paths(self) -> list[str]:
        """Give the resources of DICOMweb that hold it (PS3.18 §10.4.1)."""
        study = f"/studies/{self.study_uid}"
        if self.sop_uids:
            return [f"{study}/series/{self.series_uids[0]}/instances/{uid}" for uid in self.sop_uids]
        return [f"{study}/series/{uid}" for uid in self.series_uids] or [study]
