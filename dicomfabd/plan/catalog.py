"""The protocols: TOML files that say what each kind of study consists of, checked when read."""

import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from dicomfabd.config import ConfigError
from dicomfabd.domain.order import Code
from dicomfabd.plan.parser import BodyPart, Recognition, load_lexicon
from dicomfabd.plan.protocol import FindingRule, Procedure, Protocol, Region, SeriesProtocol

T = TypeVar("T", bound=BaseModel)

_TABLES: Final = "Use [[protocol]], [[procedure]], [[finding]] or [template.NAME]."


@dataclass(frozen=True, slots=True)
class Source:
    """Where an entry of the catalogue stands, e.g. `ct.toml: protocol[3]`."""

    file: str
    where: str
    is_site: bool

    def __str__(self) -> str:
        return f"{self.file}: {self.where}"


class Catalog:
    """All protocols and regions; immutable once loaded."""

    def __init__(
        self,
        protocols: Sequence[tuple[Protocol, Source]],
        regions: Mapping[str, Region],
        procedures: Sequence[Procedure] = (),
        findings: Sequence[FindingRule] = (),
    ) -> None:
        """Take what was read; of two protocols of one id the later one serves."""
        self._by_id = {protocol.id: protocol for protocol, _ in protocols}
        self._sources = {protocol.id: source for protocol, source in protocols}
        self.regions = regions
        self.findings = tuple(findings)
        self._procedures = {(item.code.upper(), item.scheme.upper()): item for item in procedures}

    @property
    def protocols(self) -> tuple[Protocol, ...]:
        """All protocols, in the order they were first read."""
        return tuple(self._by_id.values())

    @classmethod
    def load(cls, site: Path | None = None) -> "Catalog":
        """Read the package's protocols, then a site's own.

        Args:
            site: A folder of further `*.toml`; a missing one is empty.

        Raises:
            ConfigError: A file is not as it should be; names file, key, what is wrong and what to do, a line a fault.
        """
        package = files("dicomfabd.plan")
        ours = sorted(_toml_files((package / "protocols").iterdir()), key=lambda item: item.name)
        theirs = sorted(site.glob("*.toml")) if site is not None and site.is_dir() else []
        regions = {
            name: _check(Region, value, f"regions.toml: {name}")
            for name, value in _read(package / "regions.toml").items()
        }
        reader = _Reader(regions)
        for source in ours:
            reader.read(source, is_site=False)
        for source in theirs:
            reader.read(source, is_site=True)
        return reader.catalog()

    def get(self, protocol_id: str) -> Protocol | None:
        """Give a protocol by its id."""
        return self._by_id.get(protocol_id)

    def source_of(self, protocol: Protocol) -> Source:
        """Give where a protocol was read from."""
        return self._sources[protocol.id]

    def procedure(self, code: Code) -> Procedure | None:
        """Give what the site's map says of a procedure code: with its coding scheme first, then for any scheme."""
        value = code.value.upper()
        return self._procedures.get((value, code.scheme.upper())) or self._procedures.get((value, ""))

    def body_part(self, term: str) -> BodyPart | None:
        """Give a body part by its term of BodyPartExamined."""
        return next((part for part in load_lexicon().parts.by_name.values() if part.term == term), None)

    def part_for(self, protocol: Protocol, part: BodyPart | None) -> BodyPart | None:
        """Give the body part of an order if a protocol serves it, else one that it does serve."""
        parts = load_lexicon().parts.by_name.values()
        if protocol.body_parts:
            terms = [part.term] if part and part.term in protocol.body_parts else protocol.body_parts[:1]
            return self.body_part(terms[0])
        if protocol.regions and (part is None or part.region not in protocol.regions):
            return next((other for other in parts if other.region == protocol.regions[0]), part)
        return part

    def match(self, modality: str, found: Recognition) -> Protocol | None:
        """Give the most specific protocol that serves what was recognised, or None."""
        scored = [
            (score, -position, protocol)
            for position, protocol in enumerate(self.protocols)
            if modality in protocol.modalities and (score := protocol.fitness(found)) is not None
        ]
        return max(scored, key=lambda item: item[:2])[2] if scored else None


class _Reader:
    """Reads files one after the other; templates of earlier ones serve later ones."""

    def __init__(self, regions: Mapping[str, Region]) -> None:
        self._regions = regions
        self._templates: dict[str, dict[str, Any]] = {}
        self._protocols: list[tuple[Protocol, Source]] = []
        self._procedures: list[tuple[Procedure, Source]] = []
        self._findings: list[FindingRule] = []

    def read(self, file: Traversable, *, is_site: bool) -> None:
        name = str(file) if is_site else file.name
        data = _read(file)
        self._templates |= data.pop("template", {})
        for index, value in enumerate(_list(data, "protocol", name)):
            source = Source(name, f"protocol[{index}]{_id_of(value)}", is_site)
            self._protocols.append((self._protocol(value, source), source))
        for index, value in enumerate(_list(data, "procedure", name)):
            source = Source(name, f"procedure[{index}]", is_site)
            self._procedures.append((_check(Procedure, value, str(source)), source))
        for index, value in enumerate(_list(data, "finding", name)):
            self._findings.append(_check(FindingRule, value, f"{name}: finding[{index}]"))
        if data:
            raise ConfigError(f"{name}: {min(data)}: unknown key. {_TABLES}")

    def catalog(self) -> Catalog:
        """Check what the files say of each other."""
        ids = {protocol.id for protocol, _ in self._protocols}
        for procedure, source in self._procedures:
            _one_of(procedure.protocol, ids, f"{source}.protocol", "protocol")
        for rule in self._findings:
            for region in rule.regions:
                _one_of(region, self._regions, f"finding {rule.name}: regions", "region")
        lexicon = load_lexicon()
        terms = {part.term for part in lexicon.parts.by_name.values()}
        exams = {exam for names in lexicon.exams.values() for exam in names}
        for protocol, source in self._protocols:
            self._check_words(protocol, source, terms, exams)
        return Catalog(self._protocols, self._regions, [procedure for procedure, _ in self._procedures], self._findings)

    def _protocol(self, value: object, source: Source) -> Protocol:
        if not isinstance(value, dict):
            raise ConfigError(f"{source}: is not a table. {_TABLES}")
        series = value.get("series", [])
        if isinstance(series, list):
            value = {**value, "series": [self._filled(item, f"{source}.series[{i}]") for i, item in enumerate(series)]}
        return _check(Protocol, value, str(source))

    def _filled(self, series: object, where: str) -> object:
        """Give a series with what its template says; its own values win, techniques are merged."""
        if not isinstance(series, dict) or "use" not in series:
            return series
        own = dict(series)
        name = own.pop("use")
        _one_of(name, self._templates, f"{where}.use", "template")
        template = self._filled(self._templates[name], f"template.{name}")
        assert isinstance(template, dict)  # noqa: S101 - templates are tables
        technique = {**template.get("technique", {}), **own.get("technique", {})}
        return {**template, **own, **({"technique": technique} if technique else {})}

    def _check_words(self, protocol: Protocol, source: Source, terms: set[str], exams: set[str]) -> None:
        for name in protocol.regions:
            _one_of(name, self._regions, f"{source}.regions", "region")
        if protocol.draws:
            _one_of(protocol.draws, self._regions, f"{source}.draws", "region")
        for term in protocol.body_parts:
            _one_of(term, terms, f"{source}.body_parts", "body part")
        for exam in protocol.exams:
            _one_of(exam, exams, f"{source}.exams", "kind of exam")
        keys = [item.key for item in protocol.series]
        for index, item in enumerate(protocol.series):
            if keys.index(item.key) != index:
                raise ConfigError(f"{source}.series[{index}].key: {item.key!r} is taken. Give each series its own key.")
            for about in item.about:
                _one_of(about, keys, f"{source}.series[{index}].about", "series of the protocol")


def _toml_files(items: Iterable[Traversable]) -> list[Traversable]:
    return [item for item in items if item.name.endswith(".toml")]


def _id_of(value: object) -> str:
    return f" {value['id']}" if isinstance(value, dict) and isinstance(value.get("id"), str) else ""


def _list(data: dict[str, Any], key: str, name: str) -> list[object]:
    value = data.pop(key, [])
    if not isinstance(value, list):
        raise ConfigError(f"{name}: {key}: is not a list of tables. Write [[{key}]].")
    return value


def _one_of(value: object, known: Collection[str], where: str, kind: str) -> None:
    # A list in a file cannot be looked up in a set.
    if not isinstance(value, str) or value not in known:
        raise ConfigError(f"{where}: {value!r} is no {kind}. Use one of: {', '.join(sorted(known))}.")


def _read(source: Traversable) -> dict[str, Any]:
    try:
        return tomllib.loads(source.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{source}: is not TOML: {error}") from error


def _check(kind: type[T], value: object, where: str) -> T:
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        lines = [f"{where}.{_path(item['loc'])}: {_fault(kind, item)}" for item in error.errors()]
        raise ConfigError("\n".join(lines)) from error


def _path(places: Sequence[str | int]) -> str:
    text = "".join(f"[{place}]" if isinstance(place, int) else f".{place}" for place in places)
    return text.removeprefix(".") or "value"


def _fault(kind: type[BaseModel], item: Any) -> str:
    """Give what is wrong and what to do."""
    if item["type"] == "extra_forbidden":
        inner = SeriesProtocol if "series" in item["loc"] and kind is Protocol else kind
        return f"unknown key. Use one of: {', '.join(sorted(inner.model_fields))}."
    if item["type"] == "missing":
        return "is missing. Add it."
    return f"{str(item['msg']).removeprefix('Value error, ')}. It is {str(item['input'])[:80]!r}."
