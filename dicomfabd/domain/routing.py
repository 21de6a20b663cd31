"""Which destinations an order's study goes to, and when: rules tried in order, and why each fits or does not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from dicomfabd.domain.conditions import objection
from dicomfabd.domain.delivery import Destination, Leg, Routing
from dicomfabd.domain.destinations import ARCHIVE
from dicomfabd.domain.order import Order

When = Literal["at_once", "scheduled", "delayed", "by_hand"]


@dataclass(frozen=True, slots=True)
class Timing:
    """When work on a study may begin.

    Attributes:
        when: At once; at the order's scheduled time; so many seconds after it came; or when a person says so.
        delay_s: For `delayed`.
        time_factor: Makes scheduled times come sooner: with 60, an hour from now is a minute from now.
    """

    when: When = "at_once"
    delay_s: float = 0.0
    time_factor: float = 1.0

    def not_before(self, order: Order, now: float) -> float:
        """Give the Unix time at which work may begin; 0 is at once."""
        if self.when == "scheduled":
            ahead_s = order.scheduled_at.timestamp() - now
            return now + ahead_s / self.time_factor if ahead_s > 0 else 0.0
        return now + self.delay_s if self.when == "delayed" else 0.0


@dataclass(frozen=True, slots=True)
class Rule:
    """Sends some orders to some destinations. A condition without entries fits every order.

    Conditions compare without regard to case; `*` and `?` stand for anything.

    Attributes:
        senders: MSH-3, or `MSH-3|MSH-4`; `http` for orders that came as JSON.
        procedures: The procedure's code or its words.
        timing: None is as for everybody.
    """

    name: str
    destinations: tuple[str, ...]
    senders: tuple[str, ...] = ()
    modalities: tuple[str, ...] = ()
    patient_classes: tuple[str, ...] = ()
    procedures: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()
    timing: Timing | None = None

    def objection(self, order: Order) -> str:
        """Say which condition an order does not fulfil; empty if it fits."""
        return objection(
            (
                ("sender", self.senders, (order.sender, order.sender.partition("|")[0])),
                ("modality", self.modalities, (order.modality,)),
                ("patient class", self.patient_classes, (order.visit.patient_class,)),
                ("procedure", self.procedures, (order.procedure.value, order.procedure.meaning)),
                ("priority", self.priorities, (order.priority,)),
            )
        )


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where an order goes, and every reason: one line for each rule and each destination."""

    routing: Routing
    reasons: tuple[str, ...]


class Router:
    """Decides where orders go. Pure but for the registry, which may change at any time."""

    def __init__(
        self,
        rules: Sequence[Rule],
        timing: Timing,
        destinations: Callable[[], Sequence[Destination]],
        *,
        takes_all: bool = False,
    ) -> None:
        """Take the rules.

        Args:
            rules: In the order they are tried.
            timing: Where a rule does not say when, and where no rule fits.
            destinations: Gives every destination there is now.
            takes_all: Whether every rule that fits counts, not only the first.
        """
        self._rules = tuple(rules)
        self._timing = timing
        self._destinations = destinations
        self._takes_all = takes_all

    def route(self, order: Order, now: float) -> Routing:
        """Say where an order goes."""
        return self.explain(order, now).routing

    def explain(self, order: Order, now: float) -> Explanation:
        """Say where an order goes, and why."""
        reasons: list[str] = []
        fitting = self._fitting(order, reasons)
        known = {destination.name: destination for destination in self._destinations()}
        legs: dict[str, Leg] = {}
        for rule in fitting:
            for name in rule.destinations:
                if name in legs:
                    reasons.append(f"{name}: already named by an earlier rule")
                else:
                    legs[name] = self._leg(name, rule.timing or self._timing, order, now)
                    reasons.append(f"{name}: {_state(known.get(name))}")
        if not fitting:
            self._add_default(legs, known, reasons, order, now)
        elif ARCHIVE in known and known[ARCHIVE].receives_orders and ARCHIVE not in legs:
            legs[ARCHIVE] = self._leg(ARCHIVE, fitting[0].timing or self._timing, order, now)
            reasons.append(f"{ARCHIVE}: keeps a copy of every study (archive.receives_orders)")
        return Explanation(Routing(tuple(legs.values())), tuple(reasons))

    def _fitting(self, order: Order, reasons: list[str]) -> list[Rule]:
        fitting: list[Rule] = []
        for rule in self._rules:
            objection = rule.objection(order)
            if objection:
                reasons.append(f"rule {rule.name}: does not fit: {objection}")
            elif fitting and not self._takes_all:
                reasons.append(f"rule {rule.name}: fits, but the first rule that fits counts")
            else:
                fitting.append(rule)
                reasons.append(f"rule {rule.name}: fits")
        return fitting

    def _add_default(
        self, legs: dict[str, Leg], known: dict[str, Destination], reasons: list[str], order: Order, now: float
    ) -> None:
        reasons.append("no rule fits: to every active test destination that receives orders")
        for name, destination in known.items():
            objection = _objection(destination)
            reasons.append(f"{name}: {objection or 'gets it'}")
            if not objection:
                legs[name] = self._leg(name, self._timing, order, now)

    @staticmethod
    def _leg(name: str, timing: Timing, order: Order, now: float) -> Leg:
        return Leg(name, timing.not_before(order, now), timing.when == "by_hand")


def _objection(destination: Destination) -> str:
    if not destination.active:
        return "not active"
    if destination.environment == "prod":
        return "a prod destination gets only what a rule or a person sends there"
    return "" if destination.receives_orders else "receives_orders is off"


def _state(destination: Destination | None) -> str:
    if destination is None:
        return "there is no destination of this name; the delivery will go to the dead letters"
    return "gets it" if destination.active else "not active; the delivery will wait until it is"
