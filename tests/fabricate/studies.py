"""Studies for tests: planned from a procedure's name or by a protocol, read back, digested, judged."""

import hashlib
import subprocess
from io import BytesIO
from pathlib import Path

import pydicom

from dicomfabd.dimse.part10 import file_header
from dicomfabd.domain.draft import StepDraft
from dicomfabd.domain.order import Code
from dicomfabd.domain.study import StudyPlan
from dicomfabd.fabricate.anatomy.bodies import Bodies
from dicomfabd.fabricate.study import Instance, fabricate
from dicomfabd.plan.catalog import Catalog
from dicomfabd.plan.parser import Defaults
from dicomfabd.plan.planner import Making, Planner
from tests.builders import NOON, an_order
from tests.conftest import program

CATALOG = Catalog.load()
TINY = Making(scale="tiny")


def plan_of(text: str, modality: str, making: Making = TINY, **changes) -> StudyPlan:
    order = an_order(
        procedure=Code("RPID1", text, "RADLEX"), steps=(StepDraft(modality=modality, scheduled_at=NOON),), **changes
    )
    return Planner(CATALOG, Defaults(), making).plan(order)


def plan_as(protocol_id: str, making: Making = TINY, **changes) -> StudyPlan:
    protocol = CATALOG.get(protocol_id)
    steps = (StepDraft(modality=protocol.modalities[-1], scheduled_at=NOON),)
    order = an_order(procedure=Code("RPID1", protocol.title, "RADLEX"), steps=steps, **changes)
    return Planner(CATALOG, Defaults(), making).plan_as(order, protocol)


def read(instance: Instance) -> pydicom.Dataset:
    header = file_header(instance.sop_class_uid, instance.sop_instance_uid, instance.transfer_syntax_uid)
    return pydicom.dcmread(BytesIO(header + b"".join(map(bytes, instance.parts))))


def digest(plan: StudyPlan, bodies: Bodies) -> str:
    total = hashlib.sha256()
    for instance in fabricate(plan, bodies):
        for part in instance.parts:
            total.update(part)
    return total.hexdigest()


def findings(judge: str, *files: Path) -> list[str]:
    done = subprocess.run([program(judge), *map(str, files)], capture_output=True, text=True, check=False)
    return [line for line in (done.stdout + done.stderr).splitlines() if line.startswith(("Error", "Warning"))]
