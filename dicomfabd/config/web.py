"""The section of page and API: where it is, and who may use it."""

from pydantic import Field, SecretStr

from dicomfabd.config.kinds import Host, HostName, Issuer, Network, PageUrl, Port, PositiveSeconds, ViewerUrl
from dicomfabd.config.sections import Section


class OidcRoles(Section):
    """The provider's groups whose members have a role; the highest one counts."""

    viewers: list[str] = Field([], description="Groups that may look.")
    operators: list[str] = Field([], description="Groups that may act: orders, sending, echo, moves.")
    admins: list[str] = Field([], description="Groups that may do all; with users, admins in both environments.")


class OidcTest(OidcRoles):
    """Groups with a role in the test environment: orders, the archive, destinations for tests."""


class OidcProd(OidcRoles):
    """Groups with a role in the prod environment: destinations marked so."""


class Oidc(Section):
    """Sign-in at an identity provider (OpenID Connect), beside passwords; see docs/access.md."""

    issuer: Issuer = Field("", description='Its address, as it names itself; "" is no provider.')
    client_id: str = Field("", description="Ours, as registered there.")
    client_secret: SecretStr = Field(
        SecretStr(""), description='Best kept in a secrets directory; "" is a public client, with PKCE only.'
    )
    scopes: list[str] = Field(["openid", "profile", "email"], description="What is asked for.")
    groups_claim: str = Field("groups", description='Where groups stand; dots lead inside: "realm_access.roles".')
    label: str = Field("Sign in with your organisation", max_length=60, description="Of the button.")
    messages: list[str] = Field([], description="Groups that may read HL7 as it came (phi).")
    test: OidcTest = OidcTest()
    prod: OidcProd = OidcProd()

    @property
    def is_on(self) -> bool:
        """True when there is a provider."""
        return bool(self.issuer)


class Web(Section):
    """Page, API, probes and metrics."""

    host: Host = Field("127.0.0.1", description="Address to listen on; one that others reach needs users first.")
    port: Port = Field(8080, description="TCP port; 0 picks a free one.")
    public_url: PageUrl = Field(
        "", description='Address people use, such as "https://fab.example"; "" is the one they ask for.'
    )
    allowed_hosts: list[HostName] = Field(
        [], description="Names it may be asked for by (Host), without port; empty is any once there are users."
    )
    proxies: list[Network] = Field(
        ["127.0.0.1", "::1"],
        description="Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed (addresses or CIDR).",
    )
    viewer_url: ViewerUrl = Field(
        "",
        description="Another viewer the studies page links to, such as "
        'https://ohif.example/viewer?StudyInstanceUIDs={study_uid}; "" is none.',
    )
    session_idle_s: PositiveSeconds = Field(1800, description="Who does nothing for so long is signed out.")
    session_max_s: PositiveSeconds = Field(43200, description="Who signed in so long ago is signed out.")
    oidc: Oidc = Oidc()
