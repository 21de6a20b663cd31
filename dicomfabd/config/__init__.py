"""Every setting: sections, units, defaults, and errors that name file, key and the fix."""

from dicomfabd.config.errors import ConfigError
from dicomfabd.config.intake import Intake
from dicomfabd.config.loading import load
from dicomfabd.config.profiles import ProfileSection
from dicomfabd.config.rendering import render
from dicomfabd.config.sections import (
    Archive,
    DestinationSection,
    DicomPort,
    Fabricate,
    Patients,
    RouteSection,
    RoutingSection,
    Section,
    Store,
    Tls,
    WorkersSection,
    Worklist,
)
from dicomfabd.config.senders import SenderProfile, SenderSection
from dicomfabd.config.settings import Settings
from dicomfabd.config.stations import StationSection
from dicomfabd.config.web import Oidc, Web

__all__ = [
    "Archive",
    "ConfigError",
    "DestinationSection",
    "DicomPort",
    "Fabricate",
    "Intake",
    "Oidc",
    "Patients",
    "ProfileSection",
    "RouteSection",
    "RoutingSection",
    "Section",
    "SenderProfile",
    "SenderSection",
    "Settings",
    "StationSection",
    "Store",
    "Tls",
    "Web",
    "WorkersSection",
    "Worklist",
    "load",
    "render",
]
