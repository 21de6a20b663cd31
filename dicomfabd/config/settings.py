"""All settings together."""

from pathlib import Path
from typing import Final, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from dicomfabd.config.intake import Intake
from dicomfabd.config.profiles import ProfileSection
from dicomfabd.config.sections import (
    Archive,
    DestinationSection,
    Fabricate,
    Patients,
    RouteSection,
    RoutingSection,
    Store,
    WorkersSection,
    Worklist,
)
from dicomfabd.config.senders import SenderSection
from dicomfabd.config.stations import StationSection
from dicomfabd.config.web import Web

ENV_PREFIX: Final = "DICOMFABD_"


class Settings(BaseSettings):
    """All settings: environment over secrets over file over defaults."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True)

    state_dir: Path = Field(Path("var"), description="Folder that holds everything we must remember.")
    log_format: Literal["auto", "json", "console"] = Field("auto", description='"auto" is console on a terminal.')
    intake: Intake = Intake()
    worklist: Worklist = Worklist()
    archive: Archive = Archive()
    web: Web = Web()
    store: Store = Store()
    workers: WorkersSection = WorkersSection()
    fabricate: Fabricate = Fabricate()
    patients: Patients = Patients()
    routing: RoutingSection = RoutingSection()
    destinations: list[DestinationSection] = []
    routes: list[RouteSection] = []
    stations: list[StationSection] = []
    senders: list[SenderSection] = []
    profiles: list[ProfileSection] = []

    @property
    def protocols_dir(self) -> Path:
        """Give the folder of a site's own protocols; it need not exist."""
        return self.state_dir / "protocols.d"

    @property
    def archive_dir(self) -> Path:
        """Give the folder that holds the archive's index and, in `instances`, its files."""
        return self.state_dir / "archive"

    @property
    def anatomy_dir(self) -> Path:
        """Give the folder in which bodies are kept once they are built; it may be deleted at any time."""
        return self.state_dir / "anatomy"

    @property
    def addresses_file(self) -> Path:
        """Give the file in which a running daemon says where its doors are."""
        return self.state_dir / "addresses.json"

    @property
    def store_url(self) -> str:
        """Give where the store is, with the default filled in."""
        return self.store.url or f"sqlite:///{self.state_dir / 'dicomfabd.db'}"
