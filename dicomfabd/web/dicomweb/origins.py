"""Which other sites' pages may read DICOMweb: none, or those of the settings (CORS), such as an OHIF viewer's."""

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from dicomfabd.web.dicomweb.parts import ROOT


class DicomwebOrigins:
    """Wraps the application (ASGI); the rest of it stays closed to other sites."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        """Take what is wrapped and the origins, as `https://ohif.example`."""
        self._app = app
        self._shared = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=["GET"],
            allow_headers=["Authorization"],
            expose_headers=["Warning"],
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        is_shared = scope["type"] == "http" and scope["path"].startswith(f"{ROOT}/")
        await (self._shared if is_shared else self._app)(scope, receive, send)
