"""The DICOM upper layer under worklist and archive, and what all DICOM rooms share."""
