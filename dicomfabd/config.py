"""Every setting: sections, units, defaults, and errors that name file, key and the fix."""

import difflib
import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit, urlunsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

ENV_PREFIX: Final = "DICOMFABD_"
SECRETS_DIRECTORY_VARIABLES: Final = ("DICOMFABD_SECRETS_DIR", "CREDENTIALS_DIRECTORY")


class ConfigError(Exception):
    """The settings cannot be used; each line says where, what is wrong and what to write instead."""


class Hint:
    """Field metadata: what to say when the value is wrong."""

    def __init__(self, text: str) -> None:
        """Take one sentence on what is wrong and one on what to write."""
        self.text = text


def _ae_title(value: str) -> str:
    if (
        not 1 <= len(value) <= 16
        or not value.isascii()
        or not value.isprintable()
        or "\\" in value
        or not value.strip()
    ):
        raise ValueError("not an AE title")
    return value


def _host(value: str) -> str:
    if not value or any(c.isspace() or c in "/@?#" for c in value):
        raise ValueError("not a host")
    return value


def _store_url(value: str) -> str:
    if value and urlsplit(value).scheme != "sqlite":
        raise ValueError("not a store")
    return value


Port = Annotated[int, Field(ge=0, le=65535), Hint("not a TCP port. Use 1-65535 (0 picks a free one).")]
PeerPort = Annotated[int, Field(ge=1, le=65535), Hint("not a TCP port. Use 1-65535.")]
Host = Annotated[str, AfterValidator(_host), Hint('not a host. Use a name or an address such as "127.0.0.1".')]
AeTitle = Annotated[
    str, AfterValidator(_ae_title), Hint("not an AE title. Use 1 to 16 ASCII characters without backslash.")
]
Seconds = Annotated[float, Field(ge=0), Hint("not a time. Use seconds, 0 or more.")]
Positive = Annotated[int, Field(ge=1), Hint("not a count. Use a whole number, 1 or more.")]
Workers = Annotated[
    Literal["auto"] | Annotated[int, Field(ge=1, le=64)],
    Hint('not a number of workers. Use 1-64, or "auto" for one per processor.'),
]


class Section(BaseModel):
    """A part of the settings; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Intake(Section):
    """Where orders come in (HL7 over MLLP)."""

    host: Host = Field("127.0.0.1", description="Address to listen on.")
    port: Port = Field(2575, description="TCP port; 0 picks a free one.")
    max_frame_bytes: Positive = Field(16 * 1024 * 1024, description="Longest message taken.")
    max_connections: Positive = Field(200, description="Connections open at once; more are closed at once.")
    idle_timeout_s: Seconds = Field(600, description="A connection without a complete message is closed; 0 is never.")
    ack_deadline_s: Seconds = Field(8, description="An answer later than this is not sent; the connection is closed.")


class Worklist(Section):
    """What modalities ask (C-FIND)."""

    host: Host = Field("127.0.0.1", description="Address to listen on.")
    port: Port = Field(10500, description="TCP port; 0 picks a free one.")
    ae_title: AeTitle = Field("DICOMFABD", description="Our AE title.")
    called_ae_titles: list[AeTitle] = Field([], description="Called AE titles we answer to; empty is any.")
    keep_done_s: Seconds = Field(3600, description="How long a finished order stays visible; 0 is not at all.")
    max_answers: Positive = Field(500, description="Most items given for one query.")


class Archive(Section):
    """The built-in PACS."""

    host: Host = Field("127.0.0.1", description="Address to listen on.")
    port: Port = Field(11112, description="TCP port; 0 picks a free one.")
    ae_title: AeTitle = Field("FABARCHIVE", description="Its AE title.")
    receives_orders: bool = Field(True, description="Whether every order's study goes there too.")


class Web(Section):
    """Page, API, probes and metrics."""

    host: Host = Field("127.0.0.1", description="Address to listen on.")
    port: Port = Field(8080, description="TCP port; 0 picks a free one.")


class Store(Section):
    """The durable queue and its history."""

    url: Annotated[str, AfterValidator(_store_url), Hint('not a store. Use "sqlite:///path/to/file" or "".')] = Field(
        "", description='Where it is kept; "" is an SQLite file in state_dir.'
    )


class WorkersSection(Section):
    """The processes that fabricate and send."""

    count: Workers = Field("auto", description='Number of processes; "auto" is one per processor.')
    lease_s: Seconds = Field(60, description="A worker that is silent this long loses its work to another.")
    retry_first_s: Seconds = Field(5, description="First wait before a failed delivery is tried again.")
    retry_max_s: Seconds = Field(900, description="Longest such wait; it doubles up to here.")
    max_attempts: Positive = Field(
        20, description="Tries of a study its PACS answers with an error; a PACS that is away is tried for ever."
    )


class Fabricate(Section):
    """What is made of an order."""

    when: Literal["at_once", "scheduled"] = Field(
        "at_once", description='"at_once", or "scheduled" for the order\'s own time.'
    )
    scale: Literal["full", "small", "tiny"] = Field(
        "small", description='Size of studies: "full" as a scanner sends, "small" for a laptop, "tiny" for tests.'
    )
    xray_modality: Literal["CR", "DX"] = Field("DX", description="What a plain radiograph becomes when nothing says.")
    default_modality: str = Field(
        "OT", description="Modality of an order nothing can be read from.", pattern="^[A-Z]{2,16}$"
    )


class DestinationSection(Section):
    """A PACS that receives every study."""

    name: Annotated[
        str,
        Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$"),
        Hint("not a name. Use lower-case letters, digits, - and _, 1 to 32 characters."),
    ]
    host: Host
    port: PeerPort
    ae_title: AeTitle
    calling_ae_title: AeTitle = "DICOMFABD"
    max_pdu: Annotated[int, Field(ge=4096, le=1 << 20), Hint("not a PDU length. Use 4096 to 1048576 bytes.")] = 131072
    timeout_s: Seconds = 30


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
    destinations: list[DestinationSection] = []

    @property
    def protocols_dir(self) -> Path:
        """Give the folder of a site's own protocols; it need not exist."""
        return self.state_dir / "protocols.d"

    @property
    def store_url(self) -> str:
        """Give where the store is, with the default filled in."""
        return self.store.url or f"sqlite:///{self.state_dir / 'dicomfabd.db'}"


def load(file: Path | None = None) -> Settings:
    """Read the settings from a TOML file, the secrets directory and the environment.

    Args:
        file: The TOML file; None is none.

    Raises:
        ConfigError: A key is unknown or a value is wrong; says where and what to write instead.
    """
    _check_environment()
    if file is not None:
        _check_readable(file)

    class _Sources(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            sources: list[PydanticBaseSettingsSource] = [EnvSettingsSource(settings_cls)]
            secrets = next((os.environ[name] for name in SECRETS_DIRECTORY_VARIABLES if os.environ.get(name)), None)
            if secrets:
                sources.append(
                    NestedSecretsSettingsSource(
                        file_secret_settings, secrets_dir=secrets, secrets_nested_delimiter="__"
                    )
                )
            if file is not None:
                sources.append(TomlConfigSettingsSource(settings_cls, file))
            return tuple(sources)

    try:
        loaded = _Sources()
    except ValidationError as error:
        raise ConfigError("\n".join(dict.fromkeys(_explain(problem, file) for problem in error.errors()))) from error
    settings = Settings.model_construct(**{name: getattr(loaded, name) for name in Settings.model_fields})
    _check_destinations(settings, file)
    return settings


def render(settings: Settings) -> str:
    """Write settings as TOML with a comment for each key; passwords in addresses are masked."""
    lines = []
    for name, info in Settings.model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, Section):
            lines += ["", f"# {(type(value).__doc__ or '').strip()}", f"[{name}]"]
            lines += _section_lines(value)
        elif name == "destinations":
            for destination in value:
                lines += ["", f"# {(type(destination).__doc__ or '').strip()}", "[[destinations]]"]
                lines += _section_lines(destination)
        else:
            lines += [f"# {info.description}", f"{name} = {_toml(value)}"]
    return "\n".join(lines) + "\n"


def _section_lines(section: Section) -> list[str]:
    lines = []
    for key, info in type(section).model_fields.items():
        if info.description:
            lines.append(f"# {info.description}")
        lines.append(f"{key} = {_toml(_masked(getattr(section, key)))}")
    return lines


def _masked(value: Any) -> Any:
    if not isinstance(value, str) or "@" not in value or "://" not in value:
        return value
    parts = urlsplit(value)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"**********@{host}"))


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, int | float):
        return str(value)
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _check_readable(file: Path) -> None:
    try:
        with file.open("rb") as stream:
            tomllib.load(stream)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}. Name a TOML file that exists.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: is not TOML: {error}. See config/dicomfabd.toml for the form.") from error


def _check_environment() -> None:
    for name in os.environ:
        if not name.startswith(ENV_PREFIX) or name in SECRETS_DIRECTORY_VARIABLES:
            continue
        path = name.removeprefix(ENV_PREFIX).lower().split("__")
        if path[0] in Settings.model_fields and path[0] != "destinations":
            model = Settings.model_fields[path[0]].annotation
            keys = model.model_fields if isinstance(model, type) and issubclass(model, Section) else None
            if (keys is None and len(path) == 1) or (keys is not None and len(path) == 2 and path[1] in keys):
                continue
        if path[0] == "destinations":
            continue
        known = [
            f"{ENV_PREFIX}{section}__{key}".upper()
            for section, info in Settings.model_fields.items()
            if isinstance(info.annotation, type) and issubclass(info.annotation, Section)
            for key in info.annotation.model_fields
        ]
        raise ConfigError(f"environment: {name}: unknown key.{_closest(name, known)}")


def _check_destinations(settings: Settings, file: Path | None) -> None:
    names = [destination.name for destination in settings.destinations]
    for name in names:
        if name == "archive" or names.count(name) > 1:
            reason = "is the built-in archive's name" if name == "archive" else "is used twice"
            raise ConfigError(f"{file or 'environment'}: destinations.name = {name!r}: {reason}. Use another name.")


def _explain(problem: Any, file: Path | None) -> str:
    # A union adds the names of its branches ("literal['auto']", "constrained-int"), which nobody wrote.
    location = [str(part) for part in problem["loc"] if "[" not in str(part) and part != "constrained-int"]
    dotted = ".".join(location)
    variable = f"{ENV_PREFIX}{'__'.join(dotted.split('.'))}".upper()
    origin = f"environment {variable}" if variable in os.environ else str(file or "settings")
    if problem["type"] == "extra_forbidden":
        return f"{origin}: {dotted}: unknown key.{_closest(location[-1], _keys_beside(location))}"
    if problem["type"] == "missing":
        return f"{origin}: {dotted}: is missing. Every entry of {location[0]} needs it."
    hint = _hint(dotted.split("."))
    return f"{origin}: {dotted} = {_masked(problem['input'])!r}: {hint or problem['msg'] + '.'}"


def _model_at(path: list[str]) -> type[BaseModel] | None:
    if not path:
        return Settings
    if path[0] == "destinations":
        return DestinationSection
    info = Settings.model_fields.get(path[0])
    model = info.annotation if info else None
    return model if isinstance(model, type) and issubclass(model, BaseModel) else None


def _keys_beside(location: list[str]) -> list[str]:
    model = _model_at(location[:-1])
    return list(model.model_fields) if model else []


def _hint(path: list[str]) -> str:
    model = _model_at(path[:-1])
    keys = [part for part in path if not part.isdigit()]
    info = model.model_fields.get(keys[-1]) if model else None
    for item in info.metadata if info else ():
        if isinstance(item, Hint):
            return item.text
    return ""


def _closest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean {close[0]}?" if close else f" Use one of: {', '.join(known)}."
