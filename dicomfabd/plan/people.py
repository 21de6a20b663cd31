"""Makes up patients: realistic names, dates and addresses, and IDs after a pattern."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from faker import Faker

from dicomfabd.domain.numbering import written
from dicomfabd.domain.patient import Patient

MOST_AT_ONCE: Final = 1000
_INITIALS: Final = "ABCDEFGHJKLMNPRSTW"
# Radiology sees few children and many who are old: years, and how often.
_AGES: Final = (((0, 1), 2), ((1, 18), 10), ((18, 45), 26), ((45, 65), 28), ((65, 85), 28), ((85, 101), 6))


@dataclass(frozen=True, slots=True)
class Naming:
    """How made-up patients are named.

    Attributes:
        pattern: Of their IDs: `{6digits}` counts up, `{4letters}` and `{4hex}` are random.
        issuer: IssuerOfPatientID, or empty.
        locales: Where their names are from, as Faker knows them: `en_US`, `de_DE`, ...
    """

    pattern: str = "SYN{6digits}"
    issuer: str = ""
    locales: tuple[str, ...] = ("en_US",)


def make_up(naming: Naming, first: int, amount: int, seed: int, today: date) -> Iterator[Patient]:
    """Give patients; the same arguments give the same ones.

    Args:
        naming: How they are named.
        first: What the digits of the first ID count from.
        amount: How many.
        seed: Of everything random about them.
        today: Nobody is born later.
    """
    people = Faker(list(naming.locales))
    people.seed_instance(seed)
    chance = random.Random(seed)  # noqa: S311 - nobody's secret
    for number in range(first, first + amount):
        sex = chance.choice("FM")
        given = people.first_name_female() if sex == "F" else people.first_name_male()
        middle = chance.choice(_INITIALS) if chance.random() < 0.3 else ""
        name = "^".join((people.last_name(), given, middle)).rstrip("^")
        yield Patient(
            patient_id=written(naming.pattern, number, chance.choice),
            patient_name=_plain(name),
            issuer_of_patient_id=naming.issuer,
            patient_birth_date=_birth(chance, today).strftime("%Y%m%d"),
            patient_sex=sex,
            patient_address=_plain(people.address().replace("\n", ", "))[:64].rstrip(" ,"),
            patient_telephone=_plain(people.numerify("(###) 555-01##")),
        )


def _birth(chance: random.Random, today: date) -> date:
    (youngest, oldest), _ = chance.choices(_AGES, [weight for _, weight in _AGES])[0]
    return today - timedelta(days=chance.randrange(youngest * 365, oldest * 365))


def _plain(text: str) -> str:
    """Give a text without what separates values and components (PS3.5 §6.2)."""
    return text.replace("\\", " ").replace("=", " ")
