"""What may be asked, before anybody is."""

from datetime import date

import pytest

from dicomfabd.pacs.query import identifier_of
from dicomfabd.pacs.question import COLUMNS, BadQuestion, Level, build_question
from dicomfabd.pacs.selection import Selection

TODAY = date(2026, 3, 2)


def test_values_are_asked_as_they_were_typed():
    """No wildcard is added."""
    question = build_question(Level.STUDY, {"patient_name": "DOE^JANE", "accession": "A1*"}, TODAY)

    assert {"PatientName": "DOE^JANE", "AccessionNumber": "A1*"} == question.keys


@pytest.mark.parametrize(("level", "keyword"), [(Level.STUDY, "ModalitiesInStudy"), (Level.SERIES, "Modality")])
def test_a_modality_is_asked_for_where_it_stands(level, keyword):
    """A study has several."""
    question = build_question(level, {"modality": "CT", "study_uid": "1.2"}, TODAY)

    assert "CT" == question.keys[keyword]


@pytest.mark.parametrize(("days", "period"), [("0", "20260302-20260302"), ("7", "20260223-20260302")])
def test_the_last_days_end_today(days, period):
    """0 is today."""
    assert period == build_question(Level.STUDY, {"days": days}, TODAY).keys["StudyDate"]


@pytest.mark.parametrize("period", ["20260101", "20260101-20260131", "20260101-", "-20260131"])
def test_periods_may_be_open(period):
    """PS3.4 C.2.2.2.5."""
    assert period == build_question(Level.STUDY, {"date": period}, TODAY).keys["StudyDate"]


@pytest.mark.parametrize(
    ("level", "filters", "fields"),
    [
        (Level.STUDY, {"date": "20261301"}, ["date"]),
        (Level.STUDY, {"date": "2026010120260131"}, ["date"]),
        (Level.STUDY, {"date": "-"}, ["date"]),
        (Level.STUDY, {"date": "yesterday"}, ["date"]),
        (Level.STUDY, {"days": "-1"}, ["days"]),
        (Level.STUDY, {"days": "99999"}, ["days"]),
        (Level.STUDY, {"days": "1", "date": "20260101"}, ["days"]),
        (Level.STUDY, {"patient_name": "A\\B", "patient_id": "x" * 195}, ["patient_name", "patient_id"]),
        (Level.STUDY, {"accession": "A\n1"}, ["accession"]),
        (Level.STUDY, {"study_uid": "../.."}, ["study_uid"]),
        (Level.STUDY, {"modality": "ct"}, ["modality"]),
        (Level.STUDY, {"colour": "red"}, ["colour"]),
        (Level.PATIENT, {"accession": "A1"}, ["accession"]),
        (Level.SERIES, {"patient_name": "DOE*"}, ["patient_name", "study_uid"]),
        (Level.IMAGE, {}, ["study_uid", "series_uid"]),
    ],
)
def test_what_cannot_be_asked_is_said_field_by_field(level, filters, fields):
    """All at once."""
    with pytest.raises(BadQuestion) as caught:
        build_question(level, filters, TODAY)

    assert fields == [fault.location for fault in caught.value.faults]
    assert all(fault.hint for fault in caught.value.faults)


@pytest.mark.parametrize("most", [0, 1001])
def test_the_number_of_rows_is_bounded(most):
    """1 to 1000."""
    with pytest.raises(BadQuestion, match="max"):
        build_question(Level.STUDY, {}, TODAY, most)


@pytest.mark.parametrize("level", Level)
def test_every_column_is_asked_for(level):
    """Birth date and sex too, which are shown."""
    filters = {"study_uid": "1.2", "series_uid": "1.2.3"}
    question = build_question(
        level,
        {k: v for k, v in filters.items() if level is Level.IMAGE or (level is Level.SERIES and k == "study_uid")},
        TODAY,
    )

    identifier = identifier_of(question)

    assert level.upper() == identifier.QueryRetrieveLevel
    assert set() == set(COLUMNS[level].values()) - {element.keyword for element in identifier}


@pytest.mark.parametrize(
    ("name", "charset"), [("DOE^JANE", None), ("Müller^Jörg", "ISO_IR 100"), ("山田*", "ISO_IR 192")]
)
def test_the_identifier_says_how_it_is_encoded(name, charset):
    """In the oldest set that holds it."""
    identifier = identifier_of(build_question(Level.STUDY, {"patient_name": name}, TODAY))

    assert charset == identifier.get("SpecificCharacterSet")


def test_a_selection_has_the_level_of_what_it_names():
    """And the resources of DICOMweb that hold it."""
    whole = Selection("1.2")
    series = Selection("1.2", ("1.2.1", "1.2.2"))
    images = Selection("1.2", ("1.2.1",), ("1.2.1.1",))

    assert [Level.STUDY, Level.SERIES, Level.IMAGE] == [it.level for it in (whole, series, images)]
    assert ["/studies/1.2"] == whole.paths()
    assert ["/studies/1.2/series/1.2.1", "/studies/1.2/series/1.2.2"] == series.paths()
    assert ["/studies/1.2/series/1.2.1/instances/1.2.1.1"] == images.paths()


@pytest.mark.parametrize(
    "parts", [("..",), ("1.2", ("x",)), ("1.2", ("1.1", "1.2"), ("1.3",)), ("1.2", (), ("1.3",)), ("1" * 65,)]
)
def test_a_selection_is_made_of_uids(parts):
    """They become paths of URLs."""
    with pytest.raises(BadQuestion):
        Selection(*parts)
