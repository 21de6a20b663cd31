"""The protocols: TOML files that say what each kind of study consists of, checked when read."""

import tomllib
from collections.abc import Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dicomfabd.config import ConfigError

T = TypeVar("T", bound=BaseModel)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SeriesProtocol(_Strict):
    """One series as the catalogue describes it, at full scale; lengths in millimetres.

    Attributes:
        plane: How its images lie; `scout` is a projection from the front, `pa` and `lateral` are radiographs.
        look: Name of the tissue table (CT, MR).
        step: From one cross-section to the next.
        thickness: Of a cross-section.
        matrix: Rows and columns of a cross-section; rows of a radiograph.
        technique: DICOM keyword → value, written as it stands.
    """

    key: str = Field(pattern=r"^[a-z0-9_-]{1,32}$")
    description: str = Field(min_length=1, max_length=64)
    plane: Literal["axial", "coronal", "sagittal", "scout", "pa", "lateral"]
    look: str = "soft"
    step: float = Field(5.0, gt=0)
    thickness: float = Field(5.0, gt=0)
    matrix: int = Field(512, ge=64, le=4096)
    noise: int = Field(10, ge=0, le=200)
    window: tuple[float, float] = (40, 400)
    view: str = ""
    image_type: tuple[str, ...] = ("ORIGINAL", "PRIMARY")
    technique: dict[str, str | int | float | list[str]] = {}


class Protocol(_Strict):
    """What a study consists of.

    Attributes:
        version: Raise it with every change: the UIDs of series and instances depend on it.
        modalities: Orders it serves.
        regions: Bodies it serves; empty is any.
        contrast: Orders it serves: with, without, or (None) either.
    """

    id: str = Field(pattern=r"^[a-z0-9-]{1,48}$")
    version: int = Field(1, ge=1)
    modalities: tuple[Literal["CT", "MR", "CR", "DX"], ...] = Field(min_length=1)
    regions: tuple[str, ...] = ()
    contrast: bool | None = None
    series: tuple[SeriesProtocol, ...] = Field(min_length=1)


class Region(_Strict):
    """A body that can be drawn: its extent along x (right-left), y (front-back) and z (feet-head), millimetres."""

    extent: tuple[float, float, float]


class Catalog:
    """All protocols and regions; immutable once loaded."""

    def __init__(self, protocols: Sequence[Protocol], regions: dict[str, Region]) -> None:
        """Take protocols; a later one replaces an earlier one of the same id."""
        self.protocols = tuple({protocol.id: protocol for protocol in protocols}.values())
        self.regions = regions

    @classmethod
    def load(cls, site: Path | None = None) -> "Catalog":
        """Read the package's protocols, then a site's own.

        Args:
            site: A folder of further `*.toml`; a missing one is empty.

        Raises:
            ConfigError: A file is not as it should be; names file, key and what is wrong.
        """
        package = files("dicomfabd.plan") / "protocols"
        sources: list[Traversable] = sorted(
            (item for item in package.iterdir() if item.name.endswith(".toml")), key=lambda item: item.name
        )
        if site is not None and site.is_dir():
            sources += sorted(site.glob("*.toml"))
        regions: dict[str, Region] = {}
        protocols: list[Protocol] = []
        for source in sources:
            data = _read(source)
            regions |= {
                name: _check(Region, value, source, f"region.{name}") for name, value in data.pop("region", {}).items()
            }
            protocols += [
                _check(Protocol, value, source, f"protocol[{index}]")
                for index, value in enumerate(data.pop("protocol", []))
            ]
            if data:
                raise ConfigError(f"{source}: {min(data)}: unknown key. Use [[protocol]] or [region.NAME].")
        for protocol in protocols:
            for name in protocol.regions:
                if name not in regions:
                    known = ", ".join(sorted(regions))
                    raise ConfigError(f"protocol {protocol.id}: regions: {name!r} is no region. Use one of: {known}.")
        return cls(protocols, regions)

    def match(self, modality: str, region: str, contrast: bool | None) -> Protocol | None:
        """Give the most specific protocol that serves an order, or None."""
        fitting = [
            protocol
            for protocol in self.protocols
            if modality in protocol.modalities
            and (not protocol.regions or region in protocol.regions)
            and (protocol.contrast is None or protocol.contrast == bool(contrast))
        ]
        return max(fitting, key=lambda p: (bool(p.regions), p.contrast is not None), default=None)


def _read(source: Traversable) -> dict[str, Any]:
    try:
        return tomllib.loads(source.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{source}: is not TOML: {error}") from error


def _check(kind: type[T], value: object, source: Traversable, where: str) -> T:
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        lines = [f"{source}: {where}.{'.'.join(map(str, item['loc']))}: {item['msg']}." for item in error.errors()]
        raise ConfigError("\n".join(lines)) from error
