"""What a recipe must know to draw a series: names a protocol may use that only this room can check."""

from collections.abc import Mapping

from pydicom.datadict import keyword_dict

from dicomfabd.fabricate.anatomy.tissues import looks
from dicomfabd.fabricate.modalities.probe import PROBES
from dicomfabd.fabricate.modalities.tracers import TRACERS

_WITH_TRACER = frozenset({"nm", "nm-tomo", "pt"})


def faults_in(kind: str, look: str, agent: str, technique: Mapping[str, object]) -> list[tuple[str, str]]:
    """Give what cannot be drawn or written: key of the series, and what is wrong with it and what to do."""
    faults = []
    if look and look not in looks():
        faults.append(("look", f"{look!r} is no look. Use one of: {', '.join(sorted(looks()))}."))
    if kind in _WITH_TRACER and agent not in TRACERS:
        faults.append(("agent", f"{agent!r} is no tracer. Use one of: {', '.join(sorted(TRACERS))}."))
    faults += [
        (f"technique.{keyword}", "is no DICOM keyword. Write it as PS3.6 does, e.g. ConvolutionKernel.")
        for keyword in technique
        if keyword not in keyword_dict
    ]
    probe = technique.get("TransducerType")
    if probe is not None and probe not in PROBES:
        faults.append(("technique.TransducerType", f"{probe!r} is no probe. Use one of: {', '.join(sorted(PROBES))}."))
    return faults
