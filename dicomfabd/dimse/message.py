"""DIMSE messages put together from fragments, within the limits of what each kind may hold."""

from dataclasses import dataclass
from io import BytesIO

from dicomfabd.dimse.command import Command, Operation
from dicomfabd.dimse.limits import Budget, Limits, Reason, Violation
from dicomfabd.dimse.pdu import INVALID_PARAMETER, UNEXPECTED_PDU, Fragment
from dicomfabd.dimse.services import Services


@dataclass(frozen=True, slots=True)
class Message:
    """A command set with its data set, which is empty if there is none."""

    context_id: int
    command: Command
    data: bytes


class MessageAssembler:
    """Puts messages of one association together; whoever gets one gives its bytes back to the budget."""

    def __init__(self, services: Services, limits: Limits, budget: Budget) -> None:
        """Take what is offered, the bounds, and what all associations hold together."""
        self._limits = limits
        self._budget = budget
        self._longest: dict[int, int] = {}
        if services.store:
            self._longest[Operation.C_STORE] = limits.instance_bytes
        if services.commit or services.report:
            self._longest[Operation.N_ACTION] = self._longest[Operation.N_EVENT_REPORT] = limits.references_bytes
        if services.performed:
            self._longest[Operation.N_CREATE] = self._longest[Operation.N_SET] = limits.performed_bytes
        self._context_id = 0
        self._command: Command | None = None
        self._parts = BytesIO()

    @property
    def is_inside(self) -> bool:
        """True when a message has begun and not ended."""
        return self._context_id != 0

    @property
    def held_bytes(self) -> int:
        """How much of a message has come."""
        return self._parts.tell()

    def take(self, fragment: Fragment) -> Message | None:
        """Add a fragment; gives the message it completes.

        Raises:
            Violation: The fragment is out of turn or makes the message too long, or the command set is none.
        """
        self._check_turn(fragment)
        self._check_length(len(fragment.data))
        self._budget.take(len(fragment.data))
        # The only copy: `getvalue` hands out what was written without one.
        self._parts.write(fragment.data)
        if not fragment.is_last:
            return None
        if self._command is None:
            self._command = Command.decode(self._parts.getvalue())
            self._forget_parts()
            if self._command.has_data_set:
                return None
        return self._finish(self._command)

    def discard(self) -> None:
        """Give up a message that will not be completed."""
        self._context_id, self._command = 0, None
        self._forget_parts()

    def _check_turn(self, fragment: Fragment) -> None:
        if self._context_id not in (0, fragment.context_id):
            raise Violation(Reason.MESSAGE, "a message changes its presentation context", INVALID_PARAMETER)
        if fragment.is_command != (self._command is None):
            raise Violation(Reason.MESSAGE, "command and data set come out of turn", UNEXPECTED_PDU)
        self._context_id = fragment.context_id

    def _check_length(self, more: int) -> None:
        limits = self._limits
        if self._command is None:
            longest = limits.command_bytes
        else:
            longest = self._longest.get(self._command.operation, limits.identifier_bytes)
        if self.held_bytes + more > longest:
            what = "command set" if self._command is None else "data set"
            raise Violation(Reason.MESSAGE, f"a {what} is longer than {longest} bytes")

    def _finish(self, command: Command) -> Message:
        message = Message(self._context_id, command, self._parts.getvalue())
        self._context_id, self._command, self._parts = 0, None, BytesIO()
        return message

    def _forget_parts(self) -> None:
        self._budget.give_back(self.held_bytes)
        self._parts = BytesIO()
