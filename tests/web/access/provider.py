"""A small identity provider on loopback: real HTTP, real keys, and strict about what it is asked."""

import base64
import hashlib
import json
import secrets
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

CLIENT_ID, SECRET = "fab", "s3cret:/ü"


class Provider:
    """Its state; what it says of who signs in is `claims`, what it does wrong is set by a test."""

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {"sub": "sub-1", "preferred_username": "kim", "groups": ["fab-viewers"]}
        self.user_info: dict[str, Any] | None = None
        self.discovery: dict[str, Any] = {}
        self.algorithm = "RS256"
        self.keys = {
            "RS256": RSAKey.generate_key(2048, {"kid": "r1", "use": "sig"}),
            "ES256": ECKey.generate_key("P-256", {"kid": "e1", "use": "sig"}),
        }
        self.published: list[Any] | None = None
        self.signed_by: Any = None
        self.id_token: str | None = None
        self.is_public = False
        self.methods = ["client_secret_basic"]
        self.status = 200
        self.answer: bytes | None = None
        self.asked: list[str] = []
        self.codes: dict[str, dict[str, str]] = {}
        self.issuer = ""

    def described(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize?tenant=1",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "token_endpoint_auth_methods_supported": self.methods,
        } | self.discovery

    def authorize(self, query: dict[str, str]) -> str:
        """Give where the browser is sent back to."""
        assert ("code", CLIENT_ID, "S256") == tuple(
            query[key] for key in ("response_type", "client_id", "code_challenge_method")
        )
        assert "openid" in query["scope"].split()
        code = secrets.token_urlsafe(8)
        self.codes[code] = query
        given = urllib.parse.urlencode({"code": code, "state": query["state"], "iss": self.issuer})
        return f"{query['redirect_uri']}?{given}"

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """Give tokens for a code, once, to who has asked for it."""
        query = self.codes.pop(form["code"], None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        if query is None or query["code_challenge"] != challenge.decode():
            return None
        if query["redirect_uri"] != form["redirect_uri"] or not self._knows(form, authorization):
            return None
        return {"access_token": "at-1", "token_type": "Bearer", "id_token": self.id_token or self._signed(query)}

    def _knows(self, form: dict[str, str], authorization: str) -> bool:
        if self.is_public:
            return form.get("client_id") == CLIENT_ID and "client_secret" not in form and not authorization
        if "client_secret_basic" in self.methods:
            pair = base64.b64decode(authorization.removeprefix("Basic ")).decode()
            return [CLIENT_ID, SECRET] == [urllib.parse.unquote(part) for part in pair.split(":")]
        return (CLIENT_ID, SECRET) == (form.get("client_id"), form.get("client_secret")) and not authorization

    def _signed(self, query: dict[str, str]) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": query["nonce"]}
        key = self.signed_by or self.keys[self.algorithm]
        header = {"alg": self.algorithm, "kid": key.kid}
        said = {name: value for name, value in (claims | self.claims).items() if value is not None}
        return jwt.encode(header, said, key, algorithms=[self.algorithm])

    def jwks(self) -> dict[str, Any]:
        keys = self.published if self.published is not None else list(self.keys.values())
        return KeySet(keys).as_dict(private=False)


@contextmanager
def a_provider() -> Iterator[Provider]:
    """Run one until the end of the block."""
    provider = Provider()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(provider))
    provider.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            parts = urllib.parse.urlsplit(self.path)
            provider.asked.append(parts.path)
            if parts.path == "/authorize":
                self.send_response(302)
                self.send_header("Location", provider.authorize(dict(urllib.parse.parse_qsl(parts.query))))
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif parts.path == "/.well-known/openid-configuration":
                self._say(provider.described())
            elif parts.path == "/jwks":
                self._say(provider.jwks())
            else:
                assert self.headers["Authorization"] == "Bearer at-1"
                self._say(provider.user_info)

        def do_POST(self) -> None:
            provider.asked.append(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            said = provider.token(dict(urllib.parse.parse_qsl(body)), self.headers.get("Authorization", ""))
            self._say(said, 200 if said else 400)

        def _say(self, said: object, status: int = 200) -> None:
            content = json.dumps(said).encode() if provider.answer is None else provider.answer
            self.send_response(provider.status if provider.status != 200 else status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            if provider.status in (301, 302, 307):
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(content)

    return Handler
