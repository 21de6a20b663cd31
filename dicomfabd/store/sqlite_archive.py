"""The index of the built-in archive on SQLite, in a file of its own: it may be busy without slowing the queue."""

import itertools
import json
import sqlite3
import threading
from collections.abc import Mapping

from dicomfabd.store.interface import ArchivedInstance, Level
from dicomfabd.store.sqlite import SqliteFile

_COLUMNS = {
    "StudyInstanceUID": "studies.study_instance_uid",
    "SeriesInstanceUID": "series.series_instance_uid",
    "SOPInstanceUID": "images.sop_instance_uid",
    "PatientID": "studies.patient_id",
    "AccessionNumber": "studies.accession_number",
}

_SELECT = {
    Level.STUDY: """
        SELECT studies.attributes AS study, '{}' AS series, '{}' AS image,
            count(DISTINCT series.id) AS series_count, count(images.id) AS image_count,
            group_concat(DISTINCT json_extract(series.attributes, '$.Modality')) AS modalities
        FROM studies JOIN series ON series.study_id = studies.id JOIN images ON images.series_id = series.id
        {where} GROUP BY studies.id ORDER BY studies.id""",
    Level.SERIES: """
        SELECT studies.attributes AS study, series.attributes AS series, '{}' AS image,
            NULL AS series_count, count(images.id) AS image_count, NULL AS modalities
        FROM studies JOIN series ON series.study_id = studies.id JOIN images ON images.series_id = series.id
        {where} GROUP BY series.id ORDER BY series.id""",
    Level.IMAGE: """
        SELECT studies.attributes AS study, series.attributes AS series, images.attributes AS image,
            NULL AS series_count, NULL AS image_count, NULL AS modalities
        FROM studies JOIN series ON series.study_id = studies.id JOIN images ON images.series_id = series.id
        {where} ORDER BY images.id""",
}


class SqliteArchiveIndex:
    """See `interface.ArchiveIndex`."""

    def __init__(self, file: SqliteFile) -> None:
        """Take the database."""
        self._file = file
        highest: int = file.read("SELECT coalesce(max(id), 0) FROM images")[0][0]
        self._ids = itertools.count(highest + 1)
        self._ids_lock = threading.Lock()

    def new_id(self) -> int:
        """See `interface.ArchiveIndex.new_id`."""
        with self._ids_lock:
            return next(self._ids)

    def contains(self, sop_instance_uid: str) -> bool:
        """See `interface.ArchiveIndex.contains`."""
        return bool(self._file.read("SELECT 1 FROM images WHERE sop_instance_uid = ?", sop_instance_uid))

    def add(self, instance: ArchivedInstance) -> bool:
        """See `interface.ArchiveIndex.add`."""
        now = self._file.clock()
        return self._file.writer.run(lambda db: _add(db, instance, now))

    def find(self, level: Level, keys: Mapping[str, str]) -> list[Mapping[str, str]]:
        """See `interface.ArchiveIndex.find`."""
        wanted = [(_COLUMNS[name], value) for name, value in keys.items() if value]
        where = "WHERE " + " AND ".join(f"{column} = ?" for column, _ in wanted) if wanted else ""
        rows = self._file.read(_SELECT[level].replace("{where}", where), *(value for _, value in wanted))
        return [_to_mapping(row) for row in rows]


def _add(db: sqlite3.Connection, instance: ArchivedInstance, now: float) -> bool:
    study, series, image = instance.study, instance.series, instance.image
    db.execute(
        "INSERT OR IGNORE INTO studies (study_instance_uid, patient_id, accession_number, attributes)"
        " VALUES (?, ?, ?, ?)",
        (study["StudyInstanceUID"], study["PatientID"], study["AccessionNumber"], json.dumps(dict(study))),
    )
    db.execute(
        "INSERT OR IGNORE INTO series (study_id, series_instance_uid, attributes)"
        " SELECT id, ?, ? FROM studies WHERE study_instance_uid = ?",
        (series["SeriesInstanceUID"], json.dumps(dict(series)), study["StudyInstanceUID"]),
    )
    cursor = db.execute(
        "INSERT OR IGNORE INTO images (id, series_id, sop_instance_uid, size, received_at, attributes)"
        " SELECT ?, id, ?, ?, ?, ? FROM series WHERE series_instance_uid = ?",
        (
            instance.instance_id,
            image["SOPInstanceUID"],
            instance.size,
            now,
            json.dumps(dict(image)),
            series["SeriesInstanceUID"],
        ),
    )
    return cursor.rowcount == 1


def _to_mapping(row: sqlite3.Row) -> Mapping[str, str]:
    found: dict[str, str] = {**json.loads(row["study"]), **json.loads(row["series"]), **json.loads(row["image"])}
    if row["series_count"] is not None:
        found["NumberOfStudyRelatedSeries"] = str(row["series_count"])
        found["NumberOfStudyRelatedInstances"] = str(row["image_count"])
        found["ModalitiesInStudy"] = "\\".join(sorted(row["modalities"].split(",")))
    elif row["image_count"] is not None:
        found["NumberOfSeriesRelatedInstances"] = str(row["image_count"])
    return found
