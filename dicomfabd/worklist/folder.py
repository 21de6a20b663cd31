"""Items as `.wl` files in a folder, for worklist servers of others: one file each, in step with what we show."""

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from dicomfabd.dimse.keys import Key, vr_of
from dicomfabd.dimse.part10 import file_header
from dicomfabd.domain.errors import StoreUnavailable
from dicomfabd.domain.uids import derive_uid
from dicomfabd.store.worklist_interface import ItemQuery, ListedItem, OrderOnFile, WorklistBook
from dicomfabd.worklist.encoding import encode_answer
from dicomfabd.worklist.items import Item, to_item

_EVERY_S: Final = 0.25
_AGAIN_AFTER_S: Final = 10.0  # what is over goes by the clock
_PAGE: Final = 500
_OURS: Final = re.compile(r"dicomfabd-(\d+)-(\d+)\.wl(\.new)?")
_SOP_CLASS: Final = "1.2.840.10008.5.1.4.31"
_EXPLICIT: Final = "1.2.840.10008.1.2.1"
_LOCKFILE: Final = "lockfile"
"""DCMTK's wlmscpfs serves no folder without one."""


class WorklistFolder:
    """Keeps a folder in step; files of other names in it are left alone."""

    def __init__(
        self,
        folder: Path,
        book: WorklistBook,
        shown: Callable[[], ItemQuery],
        on_failure: Callable[[str], None],
    ) -> None:
        """Take the folder, the store, what everybody is shown now, and who is told what goes wrong."""
        self._folder = folder
        self._book = book
        self._shown = shown
        self._on_failure = on_failure
        self._written: dict[str, int] = {}
        self._revision, self._synced_at = -1, 0.0
        self._failure = ""
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Write what is shown now, and begin to follow; raises OSError when the folder cannot be used."""
        await asyncio.to_thread(self.prepare)
        await asyncio.to_thread(self.sync)
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Follow no longer; the files stay."""
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])

    def sync(self) -> None:
        """Write what is new or changed, and remove what is not shown any more; each file is whole at any time."""
        shown: dict[str, int] = {}
        for page in self._pages():
            changed = [item for item in page if self._written.get(_name(item)) != item.revision]
            orders = self._book.load({item.order_id for item in changed}) if changed else {}
            for item in changed:
                if on_file := orders.get(item.order_id):
                    self._write(item, on_file)
            shown |= {_name(item): item.revision for item in page}
        for name in self._written.keys() - shown.keys():
            (self._folder / name).unlink(missing_ok=True)
        self._written = shown

    def prepare(self) -> None:
        """Make the folder, and take note of what a daemon before us left in it; raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / _LOCKFILE).touch()
        for path in self._folder.iterdir():
            if match := _OURS.fullmatch(path.name):
                if match.group(3):
                    path.unlink()
                else:
                    self._written[path.name] = -1

    def _pages(self) -> Iterator[list[ListedItem]]:
        query, page = self._shown(), list[ListedItem]()
        while page := self._book.find(query, _PAGE, page[-1] if page else None):
            yield page
            if len(page) < _PAGE:
                return

    def _write(self, listed: ListedItem, on_file: OrderOnFile) -> None:
        ordinal = listed.ordinal
        if ordinal >= len(on_file.steps):
            return  # changed since it was looked up; the next look finds it as it is
        step, status = on_file.order.steps[ordinal], on_file.steps[ordinal].status
        item = _without_empty_sequences(to_item(on_file.order, step, status))
        keys = [Key(tag, vr_of(tag)) for tag in item]
        encoded = encode_answer(keys, item, is_implicit=False)
        uid = derive_uid("worklist item", on_file.order.study_instance_uid, ordinal)
        path = self._folder / _name(listed)
        unfinished = path.with_name(path.name + ".new")
        unfinished.write_bytes(file_header(_SOP_CLASS, uid, _EXPLICIT) + encoded.data)
        unfinished.replace(path)

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_S)
            try:
                await asyncio.to_thread(self._sync_if_due)
                self._failure = ""
            except (OSError, StoreUnavailable) as error:
                # Said once, tried on: a full or missing disk comes back.
                if str(error) != self._failure:
                    self._failure = str(error)
                    self._on_failure(self._failure)

    def _sync_if_due(self) -> None:
        revision, now = self._book.revision(), time.monotonic()
        if revision != self._revision or now > self._synced_at + _AGAIN_AFTER_S:
            self.sync()
            self._revision, self._synced_at = revision, now


def _without_empty_sequences(item: Item) -> Item:
    """Give an item as a file has it: DCMTK takes one for incomplete that has a sequence and nothing in it."""
    return {
        tag: value if isinstance(value, str) else tuple(map(_without_empty_sequences, value))
        for tag, value in item.items()
        if value != ()
    }


def _name(item: ListedItem) -> str:
    # Of numbers alone: nothing a sender wrote becomes a path.
    return f"dicomfabd-{item.order_id}-{item.ordinal}.wl"
