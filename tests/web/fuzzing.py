"""Invented requests to every operation the API describes, and whether the answers are what it describes."""

import contextlib
import copy
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from unittest import SkipTest

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.generation.case import Case
from schemathesis.python import asgi
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.types import ASGIApp

from tests.web.walking import ENDLESS

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
PEERS_FAULT = frozenset({502, 503})
"""Server errors that are true: a PACS is away, or too many wait for one."""

NOWHERE = {"host": "127.0.0.1", "mpps_host": "127.0.0.1", "web_url": "http://127.0.0.1:1/dicom-web"}
"""Where invented destinations are: no request leaves the machine."""


@dataclass
class Report:
    """What came of it; `wrong` names an operation and what is not as described, once each."""

    wrong: dict[str, str] = field(default_factory=dict)
    examples: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0

    def __str__(self) -> str:
        by_status = ", ".join(f"{status}: {amount:,}" for status, amount in sorted(self.statuses.items()))
        return (
            f"{sum(self.examples.values()):,} requests to {len(self.examples)} operations in {self.seconds:.0f} s"
            f" ({by_status}), {len(self.wrong)} lies"
        )


class Fuzzer:
    """Asks an application, as somebody who may do everything."""

    def __init__(
        self, app: ASGIApp, headers: Callable[[], Mapping[str, str]], known: Mapping[str, Sequence[str]]
    ) -> None:
        """Take the application, what gives a key that is valid now, and values of paths that lead somewhere."""
        self._app = app
        self._headers = headers
        self._known = known
        self.schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app, headers=dict(headers()))

    def operations(self) -> Iterator[APIOperation]:
        for result in self.schema.get_all_operations():
            operation = result.ok()
            if operation.path not in ENDLESS:
                yield operation

    def run(self, examples: int, number: int = 1) -> Report:
        """Ask so many times of every operation, as described, and so many times as it is not described."""
        report, started = Report(), time.monotonic()
        with asgi.get_client(self._app) as session:
            for operation in self.operations():
                for mode in GenerationMode.POSITIVE, GenerationMode.NEGATIVE:
                    self._ask(operation, mode, session, examples, number, report)
        report.seconds = time.monotonic() - started
        return report

    def _ask(
        self, operation: APIOperation, mode: GenerationMode, session: Any, examples: int, number: int, report: Report
    ) -> None:
        @seed(number)
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case: Case) -> None:
            count = report.examples[operation.label]
            report.examples[operation.label] += 1
            self._lead_somewhere(case, count)
            answer = case.call(session=session, headers=dict(self._headers()))
            report.statuses[answer.status_code] += 1
            if answer.status_code in PEERS_FAULT and str(answer.status_code) in operation.definition.raw["responses"]:
                return
            try:
                case.validate_response(answer, checks=CHECKS)
            except (FailureGroup, Failure) as failure:
                found = failure.exceptions if isinstance(failure, FailureGroup) else [failure]
                for one in found:
                    name = f"{operation.label}: {type(one).__name__} {answer.status_code}"
                    report.wrong.setdefault(name, f"{one}\n{case.as_curl_command()}\n{answer.content[:600]!r}")

        # Skipped where there is nothing to get wrong.
        with contextlib.suppress(SkipTest, Unsatisfiable):
            check()

    def _lead_somewhere(self, case: Case, count: int) -> None:
        """Let two of three requests be about something that is there, and none of them leave the machine."""
        if count % 3:
            for name in case.path_parameters or {}:
                values = self._known.get(name)
                if values:
                    case.path_parameters[name] = values[count % len(values)]
        example = self._example(case)
        if isinstance(example, dict) and isinstance(case.body, dict) and count % 2:
            # One value of another kind in a body that would be taken gets further than one that is all invented.
            odd = sorted(case.body)[count % len(case.body)] if case.body else ""
            case.body = example | ({odd: case.body[odd]} if odd else {})
        elif isinstance(example, str) and isinstance(case.body, str) and count % 2:
            place = (count * 7919) % (len(example) + 1)
            case.body = example[:place] + case.body[: count % 40] + example[place + count % 3 :]
        if isinstance(case.body, dict):
            for name, place in NOWHERE.items():
                if isinstance(case.body.get(name), str) and case.body[name]:
                    case.body[name] = place

    @staticmethod
    def _example(case: Case) -> Any:
        content = case.operation.definition.raw.get("requestBody", {}).get("content", {})
        return copy.deepcopy(content.get(case.media_type, {}).get("example"))


def as_text(wrong: Mapping[str, str]) -> str:
    """Give every lie with a request that shows it."""
    return "\n\n".join(f"{name}\n{told}" for name, told in wrong.items())
