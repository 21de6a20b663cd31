"""dicomfabd: HL7 orders in, a DICOM worklist and fabricated synthetic studies out."""

from importlib.metadata import version

__version__ = version("dicomfabd")
