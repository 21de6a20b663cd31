"""The section of the HL7 door."""

from pydantic import Field

from dicomfabd.config.kinds import Count, Host, Network, Port, Positive, Processes, Seconds
from dicomfabd.config.sections import Section, Tls


class Intake(Section):
    """Where orders come in (HL7 over MLLP)."""

    host: Host = Field("127.0.0.1", description="Address to listen on.")
    port: Port = Field(2575, description="TCP port; 0 picks a free one.")
    processes: Processes = Field(
        "auto", description='Processes that read; "auto" is one per processor, at most 4; 0 is none but the main one.'
    )
    max_frame_bytes: Positive = Field(16 * 1024 * 1024, description="Longest message taken.")
    frame_timeout_s: Seconds = Field(30, description="A message begun must be complete within this; 0 is never.")
    max_connections: Positive = Field(200, description="Connections open at once; more are closed at once.")
    max_connections_per_address: Positive = Field(100, description="The same, of one address.")
    idle_timeout_s: Seconds = Field(600, description="A connection without a complete message is closed; 0 is never.")
    ack_deadline_s: Seconds = Field(8, description="An answer later than this is not sent; the connection is closed.")
    pause_at_jobs: Count = Field(
        1_000_000, description="With so many deliveries waiting, senders are made to wait too; 0 is never."
    )
    allowed_addresses: list[Network] = Field(
        [], description='Addresses and networks (CIDR) that may connect, such as "10.1.0.0/16"; empty is any.'
    )
    only_known_senders: bool = Field(
        False, description="Whether a message of no configured sender is answered AE instead of taken."
    )
    receiving_applications: list[str] = Field(
        [], description="What MSH-5 may say; another message is answered AE; empty is anything."
    )
    tls: Tls = Tls()
