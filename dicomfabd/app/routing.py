"""What it takes to route orders, in this process or in another one."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from pydantic import BaseModel, ConfigDict

from dicomfabd.config import Archive, RouteSection, RoutingSection, Settings, Worklist
from dicomfabd.domain.delivery import Destination, Routing
from dicomfabd.domain.destinations import ARCHIVE, Destinations, ManagedDestinations
from dicomfabd.domain.order import Order
from dicomfabd.domain.routing import Router, Rule, Timing

_ARCHIVE_ASSOCIATIONS: Final = 16  # its listener lets one address have 32, and people ask it too


class RouterSetup(BaseModel):
    """The rules and the destinations of the settings."""

    model_config = ConfigDict(frozen=True)

    routing: RoutingSection
    routes: list[RouteSection]
    fixed: list[Destination]

    def build(self, managed: ManagedDestinations) -> Router:
        """Give the router over these and the destinations people manage."""
        own = self.routing
        timing = Timing(own.when, own.delay_s, own.time_factor)
        rules = [_rule(route, timing) for route in self.routes]
        return Router(rules, timing, Destinations(self.fixed, managed).all, takes_all=own.matching == "all")

    def route(self, managed: ManagedDestinations) -> Callable[[Order], Routing]:
        """Give what says where an order that has just come goes."""
        router = self.build(managed)
        return lambda order: router.route(order, time.time())


def router_setup(settings: Settings) -> RouterSetup:
    """Give what the settings say of routing."""
    fixed = fixed_destinations(settings, settings.archive.port)
    return RouterSetup(routing=settings.routing, routes=settings.routes, fixed=fixed)


def fixed_destinations(settings: Settings, archive_port: int) -> list[Destination]:
    """Give the destinations of the settings: the built-in archive first, which may be asked in any case."""
    archive = replace(
        _own(ARCHIVE, settings.archive, archive_port),
        description="the built-in archive",
        receives_orders=settings.archive.receives_orders,
        associations=_ARCHIVE_ASSOCIATIONS,
    )
    return [archive, *(section.destination() for section in settings.destinations)]


def own_worklist(settings: Settings) -> Destination:
    """Give our worklist as one that may be asked."""
    return _own("worklist", settings.worklist, settings.worklist.port)


def _own(name: str, section: Archive | Worklist, port: int) -> Destination:
    """Give a door of ours as others reach it."""
    host = "127.0.0.1" if section.host in ("0.0.0.0", "") else section.host  # noqa: S104 - only compared
    tls = section.tls
    return Destination(
        name,
        host,
        port,
        section.ae_title,
        tls=tls.is_on,
        # It is our own, reached over loopback: the certificate is not made for that address.
        tls_ca=tls.certificate,
        tls_certificate=tls.certificate if tls.client_ca else "",
        tls_key=tls.key if tls.client_ca else "",
        tls_check_name=False,
    )


def _rule(route: RouteSection, timing: Timing) -> Rule:
    is_as_usual = route.when is None and route.delay_s is None
    delay_s = timing.delay_s if route.delay_s is None else route.delay_s
    return Rule(
        name=route.name,
        destinations=tuple(route.destinations),
        senders=tuple(route.sender),
        modalities=tuple(route.modality),
        patient_classes=tuple(route.patient_class),
        procedures=tuple(route.procedure),
        priorities=tuple(route.priority),
        timing=None if is_as_usual else Timing(route.when or timing.when, delay_s, timing.time_factor),
    )
