"""Reads the settings from file, secrets directory and environment."""

import json
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    TomlConfigSettingsSource,
)

from dicomfabd.config.checks import check_together
from dicomfabd.config.errors import ConfigError, closest, explain
from dicomfabd.config.sections import Section
from dicomfabd.config.settings import ENV_PREFIX, Settings

SECRETS_DIRECTORY_VARIABLES: Final = ("DICOMFABD_SECRETS_DIR", "CREDENTIALS_DIRECTORY")
TOKEN_VARIABLE: Final = "DICOMFABD_TOKEN"  # noqa: S105 - a name
"""Where scripts keep their API token; no setting of the daemon."""


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
            return tuple(_sources(settings_cls, file_secret_settings, file))

    try:
        loaded = _Sources()
    except ValidationError as error:
        lines = (explain(problem, Settings, file, ENV_PREFIX) for problem in error.errors())
        raise ConfigError("\n".join(dict.fromkeys(lines))) from error
    settings = Settings.model_construct(**{name: getattr(loaded, name) for name in Settings.model_fields})
    check_together(settings, str(file or "environment"))
    return settings


def _sources(
    settings: type[BaseSettings], secrets_source: PydanticBaseSettingsSource, file: Path | None
) -> Iterator[PydanticBaseSettingsSource]:
    """Give the sources, strongest first."""
    yield EnvSettingsSource(settings)
    secrets = next((os.environ[name] for name in SECRETS_DIRECTORY_VARIABLES if os.environ.get(name)), None)
    if secrets:
        yield NestedSecretsSettingsSource(secrets_source, secrets_dir=secrets, secrets_nested_delimiter="__")
    if file is not None:
        yield TomlConfigSettingsSource(settings, file)


def _check_readable(file: Path) -> None:
    try:
        with file.open("rb") as stream:
            tomllib.load(stream)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}. Name a TOML file that exists.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: is not TOML: {error}. See config/dicomfabd.toml for the form.") from error


def _check_environment() -> None:
    known = dict(_variables(Settings, ENV_PREFIX))
    for name, text in os.environ.items():
        if not name.startswith(ENV_PREFIX) or name in (*SECRETS_DIRECTORY_VARIABLES, TOKEN_VARIABLE):
            continue
        if name.upper() not in known:
            raise ConfigError(f"environment: {name}: unknown key.{closest(name, list(known))}")
        if known[name.upper()]:
            _check_list(name, text)


def _variables(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, bool]]:
    """Give the name of every variable, and whether it holds a list."""
    for key, info in model.model_fields.items():
        kind = info.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            yield from _variables(kind, f"{prefix}{key}__".upper())
        else:
            yield f"{prefix}{key}".upper(), get_origin(kind) is list


def _check_list(name: str, text: str) -> None:
    # pydantic-settings would say that it failed, but not in which variable.
    try:
        is_list = isinstance(json.loads(text), list)
    except ValueError:
        is_list = False
    if not is_list:
        raise ConfigError(f'environment: {name}: is not a list. Write JSON such as ["one", "two"].')
