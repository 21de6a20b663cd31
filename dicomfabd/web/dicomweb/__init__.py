"""The archive's DICOMweb services (PS3.18): QIDO-RS, WADO-RS, pictures."""
