"""Encapsulated PDF (PS3.3 A.45.1): a report as a page of text."""

from typing import Final

from pydicom.dataset import Dataset

from dicomfabd.domain.order import Code
from dicomfabd.domain.study import SeriesPlan, StudyPlan
from dicomfabd.fabricate import headers
from dicomfabd.fabricate.documents.report import conclusion_of, findings_of
from dicomfabd.fabricate.marks import STAMP, printable, wrap

_COLUMNS: Final = 80
_LINES_ON_PAGE: Final = 50


def encapsulated_pdf(plan: StudyPlan, series: SeriesPlan) -> Dataset:
    """Write a report of one page."""
    ds = headers.common(plan, series)
    headers.performed(ds, plan)
    ds.ContentDate, ds.ContentTime = headers.da(series.started_at), headers.tm(series.started_at)
    ds.AcquisitionDateTime = ""
    ds.ConversionType = "WSD"
    ds.BurnedInAnnotation = "YES"
    ds.DocumentTitle = series.description
    name = Code("18748-4", "Diagnostic Imaging Report", "LN")
    ds.ConceptNameCodeSequence = headers.items(headers.code_item(name))
    ds.MIMETypeOfEncapsulatedDocument = "application/pdf"
    page = page_of(_lines(plan))
    ds.EncapsulatedDocument = page + b"\0" * (len(page) % 2)
    ds.EncapsulatedDocumentLength = len(page)
    return ds


def page_of(lines: list[str]) -> bytes:
    """Give a PDF file of one page in a typewriter font that every reader has; longer texts are cut.

    Standard: ISO 32000-1 §7.5; letters outside Latin-1 lose their accents or become a dot.
    """
    shown = [printable(line) for line in wrap(lines, _COLUMNS)][:_LINES_ON_PAGE]
    commands = ["BT /F1 10 Tf 50 780 Td 14 TL", *(f"({_escaped(line)}) Tj T*" for line in shown), "ET"]
    stream = "\n".join(commands).encode("latin-1")
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>"
    )
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        page,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        font,
    ]
    file = b"%PDF-1.4\n"
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(file))
    return file + b"xref\n0 %d\n0000000000 65535 f \n%s%s" % (len(objects) + 1, table, trailer)


def _lines(plan: StudyPlan) -> list[str]:
    order, patient = plan.order, plan.order.patient
    return [
        STAMP,
        "",
        f"Patient:    {patient.patient_name}",
        f"ID:         {patient.patient_id}",
        f"Accession:  {order.accession_number}",
        f"Procedure:  {order.procedure.meaning}",
        f"Date:       {plan.started_at:%Y-%m-%d %H:%M}",
        "",
        "FINDINGS",
        *findings_of(plan),
        "",
        "CONCLUSION",
        conclusion_of(plan),
    ]


def _escaped(line: str) -> str:
    return line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
