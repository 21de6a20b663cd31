"""What is wrong with settings that are each right by themselves."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import Final

from dicomfabd.config.errors import ConfigError, Finding
from dicomfabd.config.profiles import ProfileSection
from dicomfabd.config.sections import DestinationSection, DicomPort, RouteSection, Tls
from dicomfabd.config.senders import SenderSection
from dicomfabd.config.settings import Settings
from dicomfabd.config.stations import StationSection
from dicomfabd.domain.conditions import covers
from dicomfabd.domain.destinations import RESERVED_NAMES
from dicomfabd.domain.stations import Station

_RESERVED_SENDER: Final = "default"
_STATION_CONDITIONS: Final = ("modality", "location", "procedure", "sender")


def check_together(settings: Settings, origin: str) -> None:
    """Raise ConfigError for settings that contradict each other; `origin` says where they were written."""
    checks: tuple[Callable[[Settings], Iterator[str]], ...] = (
        _destinations,
        _routes,
        _dicom_ports,
        _tls,
        _oidc,
        _stations,
        _senders,
        _profiles,
    )
    problems = [f"{origin}: {problem}" for check in checks for problem in check(settings)]
    if problems:
        raise ConfigError("\n".join(dict.fromkeys(problems)))


def contradictions(entry: DestinationSection) -> Iterator[Finding]:
    """Give what does not go together in one destination."""
    if entry.transport == "stow" and not entry.web_url:
        yield Finding("web_url", "is missing", 'transport = "stow" sends to it.')
    if entry.transport == "stow" and entry.commitment:
        yield Finding("commitment", 'has no effect on "stow"', 'Leave it out, or send by "c-store".')
    if entry.tls_key and not entry.tls_certificate:
        yield Finding("tls_certificate", "is missing", "It belongs with tls_key.")
    if entry.tls_certificate and not entry.tls:
        yield Finding("tls", "is off, so tls_certificate has no effect", "Say tls = true too, or leave it out.")
    yield from _ris(entry)


def _ris(entry: DestinationSection) -> Iterator[Finding]:
    """Give what is missing of the RIS: all of it is named, or nothing."""
    names = ("mpps_host", "mpps_port", "mpps_ae_title")
    given = [name for name in names if getattr(entry, name)]
    if given:
        hint = f"It belongs with {given[0]}; name all of {', '.join(names)}, or none."
        yield from (Finding(name, "is missing", hint) for name in names if name not in given)


def _destinations(settings: Settings) -> Iterator[str]:
    yield from _names("destinations", settings.destinations, RESERVED_NAMES)
    for entry in settings.destinations:
        where = f"destinations.{entry.name}"
        yield from (f"{where}.{fault.field}: {fault.text}. {fault.hint}" for fault in contradictions(entry))
        for key in ("tls_ca", "tls_certificate", "tls_key"):
            yield from _missing_file(f"{where}.{key}", getattr(entry, key))


def _oidc(settings: Settings) -> Iterator[str]:
    oidc = settings.web.oidc
    if not oidc.is_on:
        named = [name for name in ("client_id", "client_secret") if getattr(oidc, name)]
        yield from (f"web.oidc.{name}: has no effect without web.oidc.issuer. Name it too." for name in named)
        return
    if not oidc.client_id:
        yield "web.oidc.client_id: is missing. It is what the provider calls us."
    if "openid" not in oidc.scopes:
        yield 'web.oidc.scopes: holds no "openid". Without it the provider does not say who somebody is.'
    roles = (oidc.test, oidc.prod)
    if not any(groups for one in roles for groups in (one.viewers, one.operators, one.admins)):
        yield "web.oidc: no group has a role, so nobody could do anything. Name one, as in docs/access.md."


def _routes(settings: Settings) -> Iterator[str]:
    yield from _names("routes", settings.routes, {})
    for route in settings.routes:
        for name in route.destinations:
            if route.destinations.count(name) > 1:
                yield f"routes.{route.name}.destinations: {name} is named twice. Name it once."
        if route.delay_s is not None and (route.when or settings.routing.when) != "delayed":
            yield f'routes.{route.name}.delay_s: has no effect. Say when = "delayed" too, or leave it out.'


def _names(
    section: str,
    entries: Sequence[DestinationSection | RouteSection | StationSection | SenderSection | ProfileSection],
    reserved: Mapping[str, str],
) -> Iterator[str]:
    names = [entry.name for entry in entries]
    for name in names:
        if name in reserved or names.count(name) > 1:
            yield f"{section}.name = {name!r}: {reserved.get(name, 'is used twice')}. Use another name."


def _dicom_ports(settings: Settings) -> Iterator[str]:
    for name in ("worklist", "archive"):
        port: DicomPort = getattr(settings, name)
        # Who lowers the first alone means both.
        is_said = "max_associations_per_address" in port.model_fields_set
        if is_said and port.max_associations_per_address > port.max_associations:
            yield (
                f"{name}.max_associations_per_address = {port.max_associations_per_address}: "
                f"more than {name}.max_associations = {port.max_associations}. Use at most as many."
            )


def _tls(settings: Settings) -> Iterator[str]:
    for name in ("intake", "worklist", "archive"):
        yield from _tls_of(getattr(settings, name).tls, f"{name}.tls")


def _tls_of(tls: Tls, section: str) -> Iterator[str]:
    if bool(tls.certificate) != bool(tls.key):
        given, missing = ("certificate", "key") if tls.certificate else ("key", "certificate")
        yield f"{section}.{missing}: is missing. It belongs with {section}.{given}; name both files or neither."
    if tls.client_ca and not tls.certificate:
        yield f"{section}.client_ca: has no effect without TLS. Name a certificate and its key too."
    if tls.client_names and not tls.client_ca:
        yield f"{section}.client_names: nobody is asked for a certificate. Name a client_ca too."
    for key in ("certificate", "key", "client_ca"):
        yield from _missing_file(f"{section}.{key}", getattr(tls, key))


def _missing_file(setting: str, path: str) -> Iterator[str]:
    try:
        is_missing = bool(path) and not Path(path).is_file()
    except PermissionError:
        return  # people who only look at orders may not see keys; the door itself says so when it opens
    if is_missing:
        yield f"{setting} = {path!r}: cannot be read: there is no such file. Name a PEM file that exists."


def _stations(settings: Settings) -> Iterator[str]:
    rules = settings.stations
    yield from _names("stations", rules, {})
    for index, rule in enumerate(rules):
        where = f"stations.{rule.name}"
        if rule.station == Station():
            yield f"{where}: gives nothing. Say ae_titles, station_name, station_location or worklist_label."
        for title in dict.fromkeys(rule.ae_titles):
            if rule.ae_titles.count(title) > 1:
                yield f"{where}.ae_titles: {title} is named twice. Name it once."
        for earlier in rules[:index]:
            if all(_takes_all(getattr(earlier, key), getattr(rule, key)) for key in _STATION_CONDITIONS):
                yield (
                    f"{where}: never fits, because {earlier.name} before it takes the same. Put the narrower one first."
                )


def _takes_all(earlier: Sequence[str], later: Sequence[str]) -> bool:
    if not earlier:
        return True
    return bool(later) and all(any(covers(wide, narrow) for wide in earlier) for narrow in later)


def _senders(settings: Settings) -> Iterator[str]:
    senders = settings.senders
    yield from _names("senders", senders, {_RESERVED_SENDER: "is the name of everybody else"})
    for index, sender in enumerate(senders):
        if sender.application_ack and sender.ack_mode != "enhanced":
            yield (
                f"senders.{index}.application_ack: there is none in original mode. "
                'Say ack_mode = "enhanced" too, or leave it out.'
            )
        for earlier in senders[:index]:
            if _takes_all_of(earlier, sender):
                yield (
                    f"senders.{index}: {sender.name} never matches, because {earlier.name} before it takes the same. "
                    "Put the narrower one first."
                )


def _profiles(settings: Settings) -> Iterator[str]:
    profiles = settings.profiles
    yield from _names("profiles", profiles, {"default": "is the name of everybody else"})
    for index, profile in enumerate(profiles):
        for earlier in profiles[:index]:
            if not earlier.calling_ae_titles and not earlier.called_ae_titles:
                yield (
                    f"profiles.{index}: {profile.name} never fits, because {earlier.name} before it is for everybody. "
                    "Put the narrower one first."
                )


def _takes_all_of(earlier: SenderSection, later: SenderSection) -> bool:
    for key in ("sending_application", "sending_facility"):
        if getattr(earlier, key) not in ("", getattr(later, key)):
            return False
    if not earlier.addresses:
        return True
    # Without addresses of its own the later one takes those from elsewhere.
    return bool(later.addresses) and all(
        any(_holds(wide, narrow) for wide in earlier.addresses) for narrow in later.addresses
    )


def _holds(wide: str, narrow: str) -> bool:
    outer, inner = ip_network(wide), ip_network(narrow)
    return (
        outer.version == inner.version
        and int(outer.network_address) <= int(inner.network_address)
        and (int(inner.broadcast_address) <= int(outer.broadcast_address))
    )
