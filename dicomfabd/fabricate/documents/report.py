"""What a radiologist might have written, in plain sentences: the text of reports, and Basic Text SR (PS3.3 A.35.1)."""

from pydicom.dataset import Dataset

from dicomfabd.domain.order import Code
from dicomfabd.domain.study import SeriesPlan, StudyPlan
from dicomfabd.fabricate.documents.content import (
    MODIFIER,
    code,
    container,
    dcm,
    device_observer,
    document,
    text,
)
from dicomfabd.fabricate.marks import STAMP


def findings_of(plan: StudyPlan) -> list[str]:
    """Give what is to be seen, a sentence each."""
    side = {"L": "Left", "R": "Right"}.get(plan.body.side, "")
    return [
        f"{side + ' ' if side else ''}{finding.name}, {max(finding.radii) * 2:.0f} mm.".strip().capitalize()
        for finding in plan.body.findings
    ] or ["No abnormality was painted into this body."]


def conclusion_of(plan: StudyPlan) -> str:
    """Give the last sentence of a report."""
    return f"{STAMP}. This study was fabricated for order {plan.order.accession_number}."


def basic_text_report(plan: StudyPlan, series: SeriesPlan) -> Dataset:
    """Write a Basic Text SR (PS3.16 TID 2000)."""
    root = container(
        Code("18748-4", "Diagnostic Imaging Report", "LN"),
        code(dcm("121049", "Language of Content Item and Descendants"), Code("en", "English", "RFC5646"), MODIFIER),
        *device_observer()[:2],
        container(dcm("121060", "History"), text(dcm("121060", "History"), plan.order.reason or "Not given.")),
        container(
            dcm("121070", "Findings"), *(text(dcm("121071", "Finding"), sentence) for sentence in findings_of(plan))
        ),
        container(dcm("121076", "Conclusions"), text(dcm("121077", "Conclusion"), conclusion_of(plan))),
        template="2000",
    )
    return document(plan, series, root)
