"""Everything that can go wrong, drawn once.

    HeliographError          code, sentence, docs anchor; the docstring is the sentence a reader gets
     x CallerError           the caller can mend it
       - Malformed           the body is not what its content type says
         - UnsafeXml         a DOCTYPE, a processing instruction, an encoding we refuse
       - UnsupportedMedia    the content type is none we read
       - TooLarge            over the size, depth or count limit
       - UnknownRoute        no such address, or not by this verb
       - UnknownOperation    no such operation in this agent and version
       - ActionMismatch      SOAPAction names another operation than the body
       - MisplacedHeader     credentials twice, or a header we must understand and do not
       - NotAuthenticated    no credentials, or none we accept
       - NotAllowed          known, but without the right
       - InvalidArgument     a value that breaks a rule; names the field
         - MissingArgument   a required value is absent
         - UnknownRecipient  nobody here goes by that name
         - UnknownChannel    no channel (plugin) is configured by that name
       - NotSupported        a real operation that this gateway cannot do
       - NotFound            no such message, delivery or inbox item
       - Conflict            the thing exists already, or has moved on
         - StillRunning      the first call with this idempotency key has not been answered yet
       - KeyReused           the idempotency key stands for another request
       - TooMany             over a quota; carries retry_after
       - RejectedByHook      a Before script said no, in its own words
     x OperatorError         set-up is wrong; raised before serving, never during
       - BadSetting          names the key, the value and the nearest known key
       - BrokenPlugin        a channel package cannot be loaded
       - BrokenHook          a script cannot be loaded
       - WrongSchema         the database is newer than this program
     x Unavailable           ours, and passing; carries retry_after
     x IllegalMove           a bug: the state table has no such row

Provider refusals are not here: they are `Outcome`s. Neither are status codes:
`heliograph.edge.failures` holds the one table error -> status, fault code.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec


class FieldError(msgspec.Struct, frozen=True):
    """One rule that one field of the request broke."""

    field: str
    code: str
    message: str


class HeliographError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "error"

    def __init__(self, detail: str = "") -> None:
        self.detail = detail or sentence(type(self))
        super().__init__(self.detail)


def sentence(kind: type[HeliographError]) -> str:
    """The first line of an error's docstring: what a reader is told when nothing more is known."""
    return (kind.__doc__ or HeliographError.__doc__ or "").strip().splitlines()[0]


class CallerError(HeliographError):
    """The request cannot be served as it stands."""

    code = "caller"


class Malformed(CallerError):
    """The body cannot be read."""

    code = "malformed"


class UnsafeXml(Malformed):
    """The XML uses a construct that is refused for safety."""

    code = "unsafe-xml"


class UnsupportedMedia(CallerError):
    """The content type is not one this address reads."""

    code = "unsupported-media"


class TooLarge(CallerError):
    """The request is larger than the limit."""

    code = "too-large"


class UnknownRoute(CallerError):
    """There is no such address, or it does not answer this verb."""

    code = "unknown-route"

    def __init__(self, detail: str = "", *, allow: str = "") -> None:
        super().__init__(detail)
        self.allow = allow


class UnknownOperation(CallerError):
    """This agent has no such operation in this version."""

    code = "unknown-operation"


class ActionMismatch(CallerError):
    """The SOAPAction names another operation than the body."""

    code = "action-mismatch"


class MisplacedHeader(CallerError):
    """A header block stands twice, or must be understood and is not."""

    code = "misplaced-header"

    def __init__(self, detail: str = "", *, must_understand: bool = False) -> None:
        super().__init__(detail)
        self.must_understand = must_understand


class NotAuthenticated(CallerError):
    """No valid session: sign in first, or sign in again."""

    code = "not-authenticated"


class NotAllowed(CallerError):
    """The caller lacks the right to do this."""

    code = "not-allowed"


class InvalidArgument(CallerError):
    """An argument breaks a rule."""

    code = "invalid-argument"
    field_code: ClassVar[str] = "Invalid"

    def __init__(self, detail: str = "", *, field: str = "", fields: tuple[FieldError, ...] = ()) -> None:
        super().__init__(detail)
        named = (FieldError(field, self.field_code, self.detail),) if field else ()
        self.fields = fields or named


class MissingArgument(InvalidArgument):
    """A required argument is absent."""

    code = "missing-argument"
    field_code = "NotEmpty"


class UnknownRecipient(InvalidArgument):
    """No such recipient."""

    code = "unknown-recipient"
    field_code = "NotFound"


class UnknownChannel(InvalidArgument):
    """No plugin is configured by that name."""

    code = "unknown-channel"
    field_code = "NotFound"


class NotSupported(CallerError):
    """This gateway does not support that."""

    code = "not-supported"


class NotFound(CallerError):
    """There is no such thing here."""

    code = "not-found"


class Conflict(CallerError):
    """The thing exists already, or has moved on."""

    code = "conflict"


class StillRunning(Conflict):
    """The first call with this idempotency key is still running."""

    code = "still-running"
    retry_after = 1.0


class KeyReused(CallerError):
    """This idempotency key was used for another request."""

    code = "key-reused"


class TooMany(CallerError):
    """Too many requests; wait and try again."""

    code = "too-many"

    def __init__(self, detail: str = "", *, retry_after: float = 1.0) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class RejectedByHook(CallerError):
    """A script refused the call."""

    code = "rejected"


class OperatorError(HeliographError):
    """The gateway's set-up is wrong."""

    code = "operator"


class BadSetting(OperatorError):
    """A setting is unknown or has a value it cannot take."""

    code = "bad-setting"


class BrokenPlugin(OperatorError):
    """A channel plugin cannot be loaded."""

    code = "broken-plugin"


class BrokenHook(OperatorError):
    """A script cannot be loaded."""

    code = "broken-hook"


class WrongSchema(OperatorError):
    """The database was written by a newer version of this program."""

    code = "wrong-schema"


class Unavailable(HeliographError):
    """The gateway cannot take this right now; try again shortly."""

    code = "unavailable"

    def __init__(self, detail: str = "", *, retry_after: float = 1.0) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class IllegalMove(HeliographError):
    """A delivery cannot move that way; this is a bug."""

    code = "illegal-move"
