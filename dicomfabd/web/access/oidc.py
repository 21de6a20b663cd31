"""Sign-in at an identity provider: OpenID Connect Core 1.0, authorization code with PKCE (RFC 7636)."""

import base64
import hashlib
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from dicomfabd.config import Oidc
from dicomfabd.domain.access import RESERVED_USER_NAMES, USER_NAME, Rights, Role
from dicomfabd.domain.addresses import is_loopback

TIMEOUT_S: Final = 10.0
LARGEST_ANSWER: Final = 1 << 20
_LEEWAY_S: Final = 60
_DISCOVERY_KEPT_S: Final = 600.0
_LONGEST_SUBJECT: Final = 255
_ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")
# Never "none", and none by a shared secret: the key of one kind must not serve as one of another.
_ALGORITHMS: Final = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]


class ProviderFailed(Exception):  # noqa: N818 - it is the provider's failure, not ours
    """The provider does not answer, or says what we cannot take; the text is for the log, not for strangers."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a sign-in under way has to come back with.

    Attributes:
        state: That the browser that comes back is the one that went.
        nonce: That the ID token is for this attempt.
        verifier: That who redeems the code is who asked for it.
    """

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a provider brought: issuer and subject, the name they would have here, and what their groups may."""

    subject: str
    name: str
    rights: Rights


class Provider:
    """Talks to the provider of the settings; blocks. Thread-safe."""

    def __init__(self, settings: Oidc, clock: Callable[[], float]) -> None:
        """Take the settings and what gives Unix seconds."""
        self._settings = settings
        self._clock = clock
        self._known: tuple[float, dict[str, Any]] | None = None

    def address(self, attempt: Attempt, redirect_uri: str) -> str:
        """Give where to send a browser; raises ProviderFailed."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(self._settings.scopes),
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        endpoint = self._discovered()["authorization_endpoint"]
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(asked)}"

    def identify(self, code: str, attempt: Attempt, redirect_uri: str) -> Identity:
        """Redeem a code and give who it is; raises ProviderFailed."""
        given = self._redeem(code, attempt, redirect_uri)
        claims = self._verified(given.get("id_token"), attempt.nonce)
        groups = self._groups(claims)
        if groups is None and isinstance(given.get("access_token"), str):
            groups = self._groups(self._user_info(given["access_token"], claims["sub"]))
        subject = f"{self._settings.issuer} {claims['sub']}"
        return Identity(subject, _name_in(claims), rights_of(frozenset(groups or ()), self._settings))

    def _discovered(self) -> dict[str, Any]:
        now, known = self._clock(), self._known
        if known is not None and 0 <= now - known[0] < _DISCOVERY_KEPT_S:
            return known[1]
        issuer = self._settings.issuer
        found = self._ask(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != issuer:
            raise ProviderFailed(f"it calls itself something else than {issuer}; write web.oidc.issuer as it does")
        for name in _ENDPOINTS:
            self._check_address(found.get(name), name)
        self._known = (now, found)
        return found

    def _redeem(self, code: str, attempt: Attempt, redirect_uri: str) -> dict[str, Any]:
        known, settings = self._discovered(), self._settings
        secret = settings.client_secret.get_secret_value()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": attempt.verifier,
        }
        headers = {}
        methods = known.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if secret and "client_secret_basic" in methods:
            pair = f"{quote(settings.client_id, safe='')}:{quote(secret, safe='')}"  # RFC 6749 §2.3.1
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": settings.client_id} | ({"client_secret": secret} if secret else {})
        return self._ask(known["token_endpoint"], headers, urlencode(form).encode())

    def _verified(self, id_token: object, nonce: str) -> dict[str, Any]:
        """Give the claims of an ID token (OpenID Connect Core §3.1.3.7)."""
        if not isinstance(id_token, str):
            raise ProviderFailed("it gave no ID token; is openid among web.oidc.scopes?")
        issuer, client_id = self._settings.issuer, self._settings.client_id
        registry = JWTClaimsRegistry(
            now=int(self._clock()),
            leeway=_LEEWAY_S,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            claims = jwt.decode(id_token, self._keys(), algorithms=_ALGORITHMS).claims
            registry.validate(claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise ProviderFailed(f"its ID token is not one for us: {type(error).__name__}") from error
        audience, party = claims["aud"], claims.get("azp", client_id)
        if party != client_id or (isinstance(audience, list) and len(audience) > 1 and "azp" not in claims):
            raise ProviderFailed("its ID token is for somebody else too")
        if not isinstance(claims["sub"], str) or len(claims["sub"]) > _LONGEST_SUBJECT:
            raise ProviderFailed("it does not say who it is in a way we can keep")
        return claims

    def _keys(self) -> KeySet:
        # Asked for anew each time: providers change keys, and people sign in once a day.
        found = self._ask(self._discovered()["jwks_uri"]).get("keys")
        usable = [
            key
            for key in (found if isinstance(found, list) else [])
            if isinstance(key, dict) and key.get("kty") in ("RSA", "EC") and key.get("use", "sig") == "sig"
        ]
        return KeySet.import_key_set({"keys": usable})

    def _user_info(self, access_token: str, subject: str) -> dict[str, Any]:
        endpoint = self._discovered().get("userinfo_endpoint")
        if endpoint is None:
            return {}
        self._check_address(endpoint, "userinfo_endpoint")
        said = self._ask(endpoint, {"Authorization": f"Bearer {access_token}"})
        # Another's would be taken for theirs (OpenID Connect Core §5.3.2).
        if said.get("sub") != subject:
            raise ProviderFailed("its user info is about somebody else")
        return said

    def _groups(self, claims: Mapping[str, Any]) -> list[str] | None:
        path = self._settings.groups_claim
        found: Any = claims.get(path)
        if found is None:
            found = claims
            for part in path.split("."):
                found = found.get(part) if isinstance(found, Mapping) else None
        if isinstance(found, str):
            return [found]
        return [group for group in found if isinstance(group, str)] if isinstance(found, list) else None

    def _check_address(self, address: object, name: str) -> None:
        parts = urlsplit(address) if isinstance(address, str) else None
        is_safe = parts is not None and (
            parts.scheme == "https"
            or (parts.scheme == "http" and is_loopback(parts.hostname or "") and self._is_here())
        )
        if not is_safe:
            raise ProviderFailed(f"its {name} is no https address")

    def _is_here(self) -> bool:
        return is_loopback(urlsplit(self._settings.issuer).hostname or "")

    def _ask(self, address: str, headers: Mapping[str, str] | None = None, form: bytes | None = None) -> dict[str, Any]:
        """Give a JSON object from an address of the provider; raises ProviderFailed."""
        # No redirect is followed: it would lead our secret to wherever it says.
        handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
        if self._is_here():
            handlers.append(urllib.request.ProxyHandler({}))
        request = urllib.request.Request(address, form, {"Accept": "application/json", **(headers or {})})  # noqa: S310 - https or loopback, see _check_address
        try:
            with urllib.request.build_opener(*handlers).open(request, timeout=TIMEOUT_S) as answer:
                content = answer.read(LARGEST_ANSWER + 1)
            said = json.loads(content) if len(content) <= LARGEST_ANSWER else None
        except (OSError, http.client.HTTPException, ValueError, RecursionError) as error:
            status = f" {error.code}" if isinstance(error, urllib.error.HTTPError) else ""
            raise ProviderFailed(f"{urlsplit(address).path}: {type(error).__name__}{status}") from error
        if not isinstance(said, dict):
            raise ProviderFailed(f"{urlsplit(address).path}: no JSON object of a fair size")
        return said


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def rights_of(groups: frozenset[str], settings: Oidc) -> Rights:
    """Give what members of some groups may."""

    def highest(section: Any) -> Role:
        of_role = {Role.ADMIN: section.admins, Role.OPERATOR: section.operators, Role.VIEWER: section.viewers}
        return next((role for role, names in of_role.items() if groups & set(names)), Role.NONE)

    return Rights(highest(settings.test), highest(settings.prod), bool(groups & set(settings.messages)))


def _name_in(claims: Mapping[str, Any]) -> str:
    """Give what somebody is to be called here: what they are called there, if that is a name."""
    for claim in ("preferred_username", "email"):
        name = str(claims.get(claim, "")).lower()
        if USER_NAME.fullmatch(name) and name not in RESERVED_USER_NAMES:
            return name
    return f"oidc-{hashlib.sha256(claims['sub'].encode()).hexdigest()[:12]}"
