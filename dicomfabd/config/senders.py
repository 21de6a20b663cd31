"""The section of a sender: by what its messages are known, and what is done differently for them."""

from typing import Literal

from pydantic import Field

from dicomfabd.config.kinds import (
    Charset,
    FieldPlace,
    MessageType,
    Modality,
    Name,
    Network,
    OrderAttribute,
    OrderControlCode,
    Seconds,
)
from dicomfabd.config.sections import Section


class SenderProfile(Section):
    """What can differ from sender to sender; what is None is as the preset says, else as for everybody."""

    ack_mode: Literal["original", "enhanced"] | None = Field(
        None, description='"original" answers AA, AE or AR; "enhanced" does as MSH-15 and MSH-16 ask.'
    )
    application_ack: bool | None = Field(
        None, description="Enhanced mode: whether the application acknowledgment MSH-16 asks for is sent too."
    )
    on_transient: Literal["close", "reject"] | None = Field(
        None, description='When nothing can be kept now: "close" without an answer, or "reject" with AR 207.'
    )
    charset: Charset | None = Field(None, description="Python's name for the character set of messages without MSH-18.")
    ack_deadline_s: Seconds | None = Field(None, description="In place of intake.ack_deadline_s.")
    idle_timeout_s: Seconds | None = Field(None, description="In place of intake.idle_timeout_s; 0 is never.")
    strict: bool | None = Field(None, description="Whether what would be mended with a warning is refused.")
    processing_ids: list[str] | None = Field(None, description="What MSH-11 may say, else AR 202; empty is anything.")
    versions: list[str] | None = Field(None, description="What MSH-12 may say, else AR 203; empty is anything.")
    ignore: list[MessageType] | None = Field(
        None, description='Message types answered AA and not acted on: "ORU^R01", or "ORU" for every event.'
    )
    scheduling: bool | None = Field(None, description="Whether SIU S12-S15 and S26 become orders.")
    visits_are_orders: bool | None = Field(None, description="Whether an ADT A01 or A04 is also an order.")
    batch: Literal["each", "one", "refuse"] | None = Field(
        None, description='A batch gets "each" message answered, "one" batch of answers, or AR 200 ("refuse").'
    )
    patient_authority: str | None = Field(None, description="PID-3.4 of the identifier that becomes the patient ID.")
    fields: dict[OrderAttribute, list[FieldPlace]] | None = Field(
        None, description="Where an attribute of the order stands, best place first, before the usual places."
    )
    order_control: dict[str, OrderControlCode] | None = Field(
        None, description="Its codes in ORC-1, as those of HL7 table 0119."
    )
    modalities: dict[str, Modality] | None = Field(None, description="Its values in OBR-24, as DICOM modalities.")


class SenderSection(SenderProfile):
    """A sender whose messages are read or answered in a way of its own; the first that matches counts."""

    name: Name = Field(description="Unique; lower-case letters, digits, - and _.")
    preset: Literal["", "mirth", "rhapsody", "cloverleaf", "intersystems", "epic"] = Field(
        "", description='What it is: "mirth", "rhapsody", "cloverleaf", "intersystems" or "epic".'
    )
    sending_application: str = Field("", description='Its MSH-3.1, exactly; "" is any.')
    sending_facility: str = Field("", description='Its MSH-4.1, exactly; "" is any.')
    addresses: list[Network] = Field([], description="Addresses and networks (CIDR) it sends from; empty is any.")
