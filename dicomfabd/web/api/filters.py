"""What lists are restricted by: the same words in an address, in a body and on a page."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from dicomfabd.domain.order import OrderState
from dicomfabd.store.interface import MessageQuery, OrderQuery
from dicomfabd.web.request_parts import LARGEST_ID

_NO_ANSWER: Final = "none"
_DAY_LENGTH: Final = len("2026-03-02")


def moment_of(text: str, *, is_end: bool = False) -> float | None:
    """Give Unix seconds of a day or a time (RFC 3339); of a day that ends a period, those of the next.

    Raises:
        ValueError: It is neither.
    """
    if not text:
        return None
    try:
        if len(text) == _DAY_LENGTH:
            day = date.fromisoformat(text) + timedelta(days=is_end)
            return datetime.combine(day, time(), UTC).timestamp()
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        raise ValueError("is no day and no time. Write 2026-03-02 or 2026-03-02T12:00:00Z.") from error


def _checked(text: str) -> str:
    moment_of(text, is_end=True)
    return text


def _unless_empty(value: object) -> object:
    return value or None


_TIMES: Final[dict[str, Any]] = {
    "anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]
}
Moment = Annotated[str, Field(max_length=40), AfterValidator(_checked), WithJsonSchema(_TIMES)]
"""A day (UTC) or a time; a form that leaves it empty restricts nothing."""

Day = Annotated[date | None, BeforeValidator(_unless_empty), WithJsonSchema({"type": "string", "format": "date"})]
_Text = Annotated[str, Field(max_length=64)]
_Cursor = Annotated[int | None, Field(ge=1, le=LARGEST_ID, description="`next` of the page before.")]
_Limit = Annotated[int, Field(ge=1, le=1000)]


class OrderFilter(BaseModel):
    """Which orders are meant; what is left empty does not restrict."""

    model_config = ConfigDict(populate_by_name=True)

    text: Annotated[
        str,
        Field(
            max_length=100,
            description="Words that stand in the numbers, the patient's name or ID, or the procedure, in any case and"
            " with or without accents; one or two letters are how a word begins. Or a whole study instance UID.",
            examples=["sánchez chest"],
        ),
    ] = ""
    state: Annotated[
        list[OrderState | Literal[""]], Field(max_length=7, description="May be given several times.")
    ] = []
    modality: Annotated[str, Field(max_length=16, examples=["CT"])] = ""
    sender: Annotated[str, Field(max_length=250, description="MSH-3 of who placed it, or `http`.")] = ""
    accession: Annotated[str, Field(max_length=64, description="The whole accession number.")] = ""
    patient_id: Annotated[str, Field(max_length=64, description="The whole patient ID.")] = ""
    study_uid: Annotated[str, Field(max_length=64, description="The whole study instance UID.")] = ""
    from_: Annotated[Moment, Field(alias="from", description="Placed then or later.", examples=["2026-03-02"])] = ""
    to: Annotated[Moment, Field(description="Placed before this time, or on this day at the latest.")] = ""
    scheduled_from: Annotated[Day, Field(description="First day of the first step, local time of the order.")] = None
    scheduled_to: Annotated[Day, Field(description="Last day of it.")] = None

    def query(self, before: int | None = None, limit: int = 100) -> OrderQuery:
        """Give what the store is asked."""
        return OrderQuery(
            accession_number=self.accession.strip(),
            patient_id=self.patient_id.strip(),
            study_instance_uid=self.study_uid.strip(),
            states=frozenset(OrderState(state) for state in self.state if state),
            modality=self.modality.strip(),
            sending_application=self.sender.strip(),
            text=self.text.strip(),
            created_from=moment_of(self.from_),
            created_before=moment_of(self.to, is_end=True),
            scheduled_from=self.scheduled_from,
            scheduled_to=self.scheduled_to,
            before_id=before,
            limit=limit,
        )

    @property
    def is_open(self) -> bool:
        """True when it restricts nothing."""
        return self.query() == OrderQuery()


class OrderList(OrderFilter):
    """A page of orders."""

    before: _Cursor = None
    limit: _Limit = 100

    @property
    def asked(self) -> OrderQuery:
        """What the store is asked."""
        return self.query(self.before, self.limit)


class MessageList(BaseModel):
    """A page of messages; what is left empty does not restrict."""

    model_config = ConfigDict(populate_by_name=True)

    text: Annotated[_Text, Field(description="How the control ID (MSH-10) begins.")] = ""
    code: Annotated[
        list[Literal["AA", "AE", "AR", "none", ""]],
        Field(max_length=5, description="How it was answered; may be given several times."),
    ] = []
    quarantined: Annotated[bool | None, BeforeValidator(lambda value: None if value == "" else value)] = None
    type_: Annotated[str, Field(alias="type", max_length=250, examples=["ORM^O01"])] = ""
    sender: Annotated[str, Field(max_length=250, description="MSH-3.")] = ""
    source: Annotated[Literal["", "mllp", "http", "cli", "replay"], Field(description="How it came.")] = ""
    control_id: Annotated[str, Field(max_length=250, description="The whole MSH-10.")] = ""
    from_: Annotated[Moment, Field(alias="from", description="Received then or later.", examples=["2026-03-02"])] = ""
    to: Annotated[Moment, Field(description="Received before this time, or on this day at the latest.")] = ""
    replay_of: Annotated[int | None, Field(ge=1, le=LARGEST_ID, description="Replays of this message.")] = None
    before: _Cursor = None
    limit: _Limit = 100

    @property
    def asked(self) -> MessageQuery:
        """What the store is asked."""
        return MessageQuery(
            codes=frozenset("" if code == _NO_ANSWER else code for code in self.code if code),
            is_quarantined=self.quarantined,
            message_type=self.type_.strip(),
            sending_application=self.sender.strip(),
            source=self.source,
            control_id=self.control_id.strip(),
            text=self.text.strip(),
            received_from=moment_of(self.from_),
            received_before=moment_of(self.to, is_end=True),
            replay_of=self.replay_of,
            before_id=self.before,
            limit=self.limit,
        )
