"""What some patients have: drawn by lot from the catalogue's rules, the same lot each time for one study."""

from collections.abc import Sequence
from random import Random
from typing import Final

from dicomfabd.domain.study import BodyPlan, Finding
from dicomfabd.plan.protocol import FindingRule

_CHANCES: Final = (0, 1, 1, 2)
"""How many findings a study may have; each as likely as the others."""


def draw_findings(rules: Sequence[FindingRule], body: BodyPlan, study_uid: str) -> tuple[Finding, ...]:
    """Give the findings of one study's body."""
    fitting = [rule for rule in rules if body.region in rule.regions and rule.sex in ("", body.sex)]
    random = Random(f"findings {study_uid}")  # noqa: S311 - has to be the same each time
    count = min(random.choice(_CHANCES), len(fitting))
    return tuple(_drawn(rule, random) for rule in random.sample(fitting, count))


def _drawn(rule: FindingRule, random: Random) -> Finding:
    x, y, z = (round(random.uniform(low, high), 2) for low, high in zip(rule.low, rule.high, strict=True))
    radii = [round(random.uniform(*rule.radius), 2) for _ in range(3)]
    return Finding(rule.name, rule.tissue, (x, y, z), (radii[0], radii[1], radii[2]), rule.inside)
