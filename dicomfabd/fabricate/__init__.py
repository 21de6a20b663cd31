"""Room 5: a study plan becomes DICOM data sets, one at a time. Pure CPU, no network, no store."""
