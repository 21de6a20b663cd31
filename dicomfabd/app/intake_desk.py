"""What it takes to read messages as the settings say, in this process or in another one."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from dicomfabd.app.planning import choices_of
from dicomfabd.app.routing import RouterSetup, router_setup
from dicomfabd.config import Intake, SenderSection, Settings, StationSection
from dicomfabd.intake.desk import Desk
from dicomfabd.intake.reading import Reader
from dicomfabd.intake.senders import Senders, default_sender
from dicomfabd.plan.planner import Planner
from dicomfabd.store.opening import Store


class DeskSetup(BaseModel):
    """The settings of the desk."""

    model_config = ConfigDict(frozen=True)

    intake: Intake
    senders: list[SenderSection]
    stations: list[StationSection]
    router: RouterSetup

    def reader(self, planner: Planner, now: datetime | None = None) -> Reader:
        """Give what reads, at a time that stands still where one is given."""
        parts = choices_of(planner, self.stations), self.intake, Senders(self.senders, default_sender(self.intake))
        return Reader(*parts) if now is None else Reader(*parts, lambda: now)

    def build(self, store: Store, planner: Planner) -> Desk:
        """Give the desk, which keeps what it reads in a store."""
        return Desk(self.reader(planner), store.inbox, self.router.route(store.destinations))


def desk_setup(settings: Settings) -> DeskSetup:
    """Give what the settings say of reading messages."""
    return DeskSetup(
        intake=settings.intake,
        senders=settings.senders,
        stations=settings.stations,
        router=router_setup(settings),
    )


def desk_of(settings: Settings, store: Store, planner: Planner) -> Desk:
    """Give what reads messages as the settings and their planner say, and keeps them in a store."""
    return desk_setup(settings).build(store, planner)
