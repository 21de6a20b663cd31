"""What it takes to build a planner, in this process or in another one."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from dicomfabd.config import Settings, StationSection
from dicomfabd.domain.draft import Choices
from dicomfabd.domain.stations import Stations
from dicomfabd.plan.catalog import Catalog
from dicomfabd.plan.parser import Defaults
from dicomfabd.plan.planner import Making, Planner


class PlannerSetup(BaseModel):
    """Where the site's protocols are, what to assume, and how studies are made."""

    model_config = ConfigDict(frozen=True)

    protocols_dir: Path
    defaults: Defaults
    making: Making

    def build(self) -> Planner:
        """Give the planner; raises ConfigError for a protocol that cannot be used."""
        return Planner(Catalog.load(self.protocols_dir), self.defaults, self.making)


def choices_of(planner: Planner, stations: Sequence[StationSection]) -> Choices:
    """Give what stands in for what an order does not say: modalities by the planner, stations by the rules."""
    return replace(planner.choices, stations=Stations([section.rule() for section in stations]))


def planner_setup(settings: Settings) -> PlannerSetup:
    """Give what the settings say of planning."""
    fabricate = settings.fabricate
    return PlannerSetup(
        protocols_dir=settings.protocols_dir,
        defaults=Defaults(fabricate.xray_modality, fabricate.default_modality),
        making=Making(
            scale=fabricate.scale,
            burn_in=fabricate.burn_in,
            has_findings=fabricate.findings,
            is_messy=fabricate.messiness,
            uid_root=fabricate.uid_root,
        ),
    )


def planner_of(settings: Settings) -> Planner:
    """Give a planner over the package's and the site's protocols; raises ConfigError."""
    return planner_setup(settings).build()
