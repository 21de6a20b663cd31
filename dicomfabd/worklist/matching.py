"""A worklist query → a question for the store, and the exact test of each item (PS3.4 K.4.1.1.2, Table K.6-1)."""

from typing import Final

from pydicom.dataset import Dataset

from dicomfabd.dimse.matching import is_universal, range_of
from dicomfabd.dimse.query import item_matches, text_of
from dicomfabd.domain.order import StepStatus
from dicomfabd.store.worklist_interface import ItemQuery

_DATE: Final = "ScheduledProcedureStepStartDate"
_TIME: Final = "ScheduledProcedureStepStartTime"
_COMBINED: Final = frozenset({_DATE, _TIME})


class WorklistQuery:
    """What one C-FIND asks."""

    def __init__(self, identifier: Dataset) -> None:
        """Read the keys; raises MalformedKey for a date or time that is none."""
        self.identifier = identifier
        steps = identifier.get("ScheduledProcedureStepSequence")
        self._step: Dataset = steps[0] if steps else Dataset()
        date, time = self._key(self._step, _DATE), self._key(self._step, _TIME)
        self._dates = range_of("DA", date) if date else None
        self._times = range_of("TM", time) if time else None

    def to_item_query(self, done_since: float) -> ItemQuery:
        """Narrow the search by what the store has indexes for; the exact test follows."""
        first, last = self._dates or ("", "")
        return ItemQuery(
            frozenset({StepStatus.SCHEDULED, StepStatus.STARTED, StepStatus.COMPLETED}),
            done_since,
            accession_numbers=self._exact(self.identifier, "AccessionNumber"),
            patient_ids=self._exact(self.identifier, "PatientID"),
            study_instance_uids=self._exact(self.identifier, "StudyInstanceUID"),
            modalities=self._exact(self._step, "Modality"),
            start_from=f"{first}000000" if first else "",
            start_to=f"{last}235959" if last else "",
        )

    def matches(self, item: Dataset) -> bool:
        """Tell whether an item matches every key; raises MalformedKey."""
        return self._start_matches(item.ScheduledProcedureStepSequence[0]) and item_matches(
            self.identifier, item, skip=_COMBINED
        )

    def _start_matches(self, step: Dataset) -> bool:
        """Match start date and time; two ranges together mean one period (remark on (0040,0003) in Table K.6-1)."""
        date = text_of(step[_DATE])
        time = range_of("TM", text_of(step[_TIME]))[0]
        if self._dates and self._times:
            first = (self._dates[0], self._times[0])
            last = (self._dates[1], self._times[1])
            return first <= (date, time) <= last
        if self._dates:
            return self._dates[0] <= date <= self._dates[1]
        return not self._times or self._times[0] <= time <= self._times[1]

    @staticmethod
    def _key(dataset: Dataset, keyword: str) -> str:
        value = text_of(dataset[keyword]) if keyword in dataset else ""
        return "" if is_universal(value) else value

    def _exact(self, dataset: Dataset, keyword: str) -> tuple[str, ...]:
        """Give a key's value if it stands for itself alone."""
        value = self._key(dataset, keyword).strip()
        return () if not value or set(value) & set("*?\\") else (value,)
