"""What the worklist's routes work with, given by the composition root."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class WorklistDesk:
    """Functions of the worklist, as JSON; ValueError says what is wrong with a question, LookupError what is not there.

    Attributes:
        find: (keyword or tag → value, limit, offset) → items in the DICOM JSON Model.
        count: (keyword or tag → value, where to stop) → how many items match.
        queries: (limit, only before this number) → what modalities asked, newest first.
        why: (accession number, keys in words or the number of a query, calling and called AE title) → what the query
            does with the order, key by key.
    """

    find: Callable[[Mapping[str, str], int, int], list[dict[str, Any]]]
    count: Callable[[Mapping[str, str], int | None], int]
    queries: Callable[[int, int | None], list[dict[str, Any]]]
    why: Callable[[str, str, str, str], dict[str, Any]]
