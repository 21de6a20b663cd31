"""The sections of every room but intake, and of the PACS."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from dicomfabd.config.kinds import (
    AeTitle,
    Associations,
    Count,
    DicomPeers,
    Host,
    IdPattern,
    Locale,
    MaybeAeTitle,
    MaybeHost,
    MaybePeerPort,
    Modality,
    Name,
    Network,
    Origin,
    Patience,
    Pattern,
    PduLength,
    PeerPort,
    Port,
    Positive,
    PositiveSeconds,
    Seconds,
    StoreUrl,
    TimeFactor,
    TransferSyntax,
    UidRoot,
    WebUrl,
    When,
    Workers,
)
from dicomfabd.domain.delivery import Destination


class Section(BaseModel):
    """A part of the settings; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Tls(Section):
    """TLS of the port; without a certificate it speaks plain TCP."""

    certificate: str = Field("", description='PEM file with our certificate and those above it; "" is no TLS.')
    key: str = Field("", description="PEM file with its private key, unencrypted.")
    client_ca: str = Field(
        "", description='PEM file; peers must show a certificate signed by one in it (mutual TLS); "" asks for none.'
    )
    client_names: list[str] = Field(
        [], description="A peer's certificate must have one of these as CN or DNS name; empty is any."
    )
    handshake_timeout_s: PositiveSeconds = Field(10, description="A handshake not done in this time is given up.")
    minimum_version: Literal["1.2", "1.3"] = Field(
        "1.2", description='Oldest version taken, "1.2" or "1.3"; the newest both sides know is used.'
    )

    @property
    def is_on(self) -> bool:
        """True when the port speaks TLS."""
        return bool(self.certificate)


class DicomPort(Section):
    """A DICOM port: where it is, and who may associate."""

    host: Host = Field("127.0.0.1", description="Address to listen on.")
    port: Port = Field(0, description="TCP port; 0 picks a free one.")
    ae_title: AeTitle = Field("ANY", description="Its AE title.")
    called_ae_titles: list[AeTitle] = Field([], description="Called AE titles it answers to; empty is any.")
    calling_ae_titles: list[AeTitle] = Field([], description="Calling AE titles it answers; empty is any.")
    addresses: list[Network] = Field(
        [], description='Addresses and networks (CIDR) that may connect, such as "10.1.0.0/16"; empty is any.'
    )
    max_associations: DicomPeers = Field(256, description="Associations open at once; more are rejected for now.")
    max_associations_per_address: DicomPeers = Field(64, description="The same, of one address.")
    tls: Tls = Tls()


class Worklist(DicomPort):
    """What modalities ask (C-FIND)."""

    port: Port = Field(10500, description="TCP port; 0 picks a free one.")
    ae_title: AeTitle = Field("DICOMFABD", description="Our AE title.")
    keep_done_s: Seconds = Field(3600, description="How long a finished order stays visible; 0 is not at all.")
    max_answers: Positive = Field(500, description="Most items given for one query.")
    statuses: list[Literal["SCHEDULED", "STARTED", "COMPLETED", "DISCONTINUED", "CANCELED"]] = Field(
        ["SCHEDULED", "STARTED", "COMPLETED"], min_length=1, description="Items in these states are shown."
    )
    keep_queries: Positive = Field(100_000, description="How many of the newest queries are kept to look at.")
    folder: str = Field(
        "", description='A folder kept in step with the items as .wl files, for other worklist servers; "" is none.'
    )


class Archive(DicomPort):
    """The built-in PACS."""

    port: Port = Field(11112, description="TCP port; 0 picks a free one.")
    ae_title: AeTitle = Field("FABARCHIVE", description="Its AE title.")
    receives_orders: bool = Field(True, description="Whether every order's study goes there too.")
    quota_mb: Count = Field(
        0, description="With more than this, the studies nothing came for since the longest time go; 0 is no limit."
    )
    keep_days: Count = Field(0, description="Studies nothing came for since so many days go; 0 keeps them.")
    dicomweb_origins: list[Origin] = Field(
        [], description="Other sites whose pages may read /dicom-web, such as https://ohif.example; empty is none."
    )


class Store(Section):
    """The durable queue and its history."""

    url: StoreUrl = Field("", description='Where it is kept; "" is an SQLite file in state_dir.')


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

    scale: Literal["full", "small", "tiny"] = Field(
        "small", description='Size of studies: "full" as a scanner sends, "small" for a laptop, "tiny" for tests.'
    )
    burn_in: Literal["all", "first", "none"] = Field(
        "all", description='Images that name the patient: "all", the "first" of a series, "none"; all say SYNTHETIC.'
    )
    findings: bool = Field(False, description="Whether some patients have something to see; the same ones each time.")
    messiness: bool = Field(False, description="Leave attributes out and misname series, as real departments do.")
    uid_root: UidRoot = Field("2.25", description="What derived UIDs begin with: your registered root, or 2.25.")
    xray_modality: Literal["CR", "DX"] = Field("DX", description="What a plain radiograph becomes when nothing says.")
    default_modality: Modality = Field("OT", description="Modality of an order nothing can be read from.")


class Patients(Section):
    """Patients that are made up on request."""

    id_pattern: IdPattern = Field(
        "SYN{6digits}", description="Of their IDs: {6digits} counts up, {4letters} and {4hex} are random."
    )
    id_first: Count = Field(1, description="What the digits count from.")
    issuer: str = Field("", max_length=64, description='Assigning authority of their IDs; "" is none.')
    locales: list[Locale] = Field(["en_US"], min_length=1, description="Where their names are from, such as en_GB.")


class RoutingSection(Section):
    """Where studies go and when, as far as no [[routes]] says otherwise."""

    when: When = Field("at_once", description='"at_once", at the "scheduled" time, "delayed" by delay_s, or "by_hand".')
    delay_s: Seconds = Field(0, description='For "delayed": seconds after the order came.')
    time_factor: TimeFactor = Field(
        1, description='For "scheduled": 60 makes an hour from now a minute; for simulations.'
    )
    matching: Literal["first", "all"] = Field(
        "first", description='Which routes count: the "first" that fits, or "all" that fit.'
    )


class RouteSection(Section):
    """Sends some orders to some destinations. A condition left out fits every order; * and ? stand for anything."""

    name: Name = Field(description="Unique; lower-case letters, digits, - and _.")
    destinations: list[Name] = Field(min_length=1, description="Where they go.")
    sender: list[Pattern] = Field([], description='MSH-3, or "MSH-3|MSH-4"; "http" for orders in JSON.')
    modality: list[Pattern] = Field([], description='Such as "CT".')
    patient_class: list[Pattern] = Field([], description='PV1-2, such as "I" or "E".')
    procedure: list[Pattern] = Field([], description="The procedure's code or words.")
    priority: list[Pattern] = Field([], description='"STAT", "HIGH", "ROUTINE", "MEDIUM" or "LOW".')
    when: When | None = Field(None, description="In place of routing.when.")
    delay_s: Seconds | None = Field(None, description="In place of routing.delay_s.")


class DestinationSection(Section):
    """A PACS: where studies go, and what may be asked."""

    name: Name = Field(description="Unique; lower-case letters, digits, - and _.")
    host: Host = Field(description="Name or address.")
    port: PeerPort = Field(description="TCP port.")
    ae_title: AeTitle = Field(description="Its AE title.")
    calling_ae_title: AeTitle = Field("DICOMFABD", description="Ours.")
    find_ae_title: MaybeAeTitle = Field("", description='Ours when we ask; "" is calling_ae_title.')
    store_ae_title: MaybeAeTitle = Field("", description='Ours when we send; "" is calling_ae_title.')
    echo_ae_title: MaybeAeTitle = Field("", description='Ours when we echo; "" is calling_ae_title.')
    description: str = Field("", max_length=200, description="For people.")
    environment: Literal["test", "prod"] = Field(
        "test", description='"prod" gets no study unless a route or a person names it.'
    )
    active: bool = Field(True, description="Whether anything is sent there; what waits goes on waiting.")
    receives_orders: bool = Field(True, description="Whether studies go there that no route sends elsewhere.")
    transport: Literal["c-store", "pynetdicom", "stow"] = Field(
        "c-store", description='"c-store", "pynetdicom" where a peer behaves oddly, or "stow" for DICOMweb.'
    )
    web_url: WebUrl = Field("", description='Base of its DICOMweb services, user and password included; "" is none.')
    tls: bool = Field(False, description="Whether associations are secured.")
    tls_ca: str = Field("", description='PEM file of who vouches for it; "" is those the system trusts.')
    tls_certificate: str = Field("", description='PEM file with our certificate; "" is none.')
    tls_key: str = Field("", description='PEM file with its key; "" is in the same file.')
    tls_check_name: bool = Field(True, description="Whether its certificate must be for host.")
    max_pdu: PduLength = Field(131072, description="Largest PDU we are ready to receive, bytes.")
    timeout_s: Patience = Field(30, description="Longest wait for a connection, a reply or a write.")
    associations: Associations = Field(2, description="Most studies sent to it at once.")
    transfer_syntaxes: list[TransferSyntax] = Field(
        ["explicit", "implicit"], min_length=1, description="How images are sent, best first; the PACS chooses."
    )
    scale: Literal["", "full", "small", "tiny"] = Field("", description='Size of its studies; "" is as elsewhere.')
    commitment: bool = Field(False, description="Whether it must commit to what it stored (storage commitment).")
    commitment_timeout_s: Patience = Field(600, description="It is asked again when its report is later.")
    mpps_host: MaybeHost = Field("", description='Of the RIS that is told of its studies (MPPS); "" is nobody.')
    mpps_port: MaybePeerPort = Field(0, description="TCP port of that RIS.")
    mpps_ae_title: MaybeAeTitle = Field("", description="AE title of that RIS.")
    move_ae_titles: dict[Name, AeTitle] = Field(
        {}, description="Name of another destination: the AE title by which this PACS knows it."
    )

    def destination(self) -> Destination:
        """Give the destination it describes."""
        return Destination(**self.model_dump() | {"transfer_syntaxes": tuple(self.transfer_syntaxes)})
