"""What goes back: a result, nothing (204), or one of the two error shapes (contract soap, sections 7 and 8)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from heliograph.core import errors as e
from heliograph.edge.agents.bindings import Binding
from heliograph.edge.agents.write import as_json, as_xml, plain, selected
from heliograph.edge.auth import CHALLENGE
from heliograph.edge.contract.model import Complex, Member
from heliograph.edge.contract.scalars import BOOLEAN, STRING
from heliograph.edge.failures import retry_after, row, told
from heliograph.edge.http.messages import Answer
from heliograph.edge.rest.formats import CONTENT_TYPE, Format
from heliograph.edge.soap.replies import PRODUCT

#: Refusals of the request itself, by the nearest kind: HTTP status and `Message`. All else failed in the call.
REFUSALS: dict[type[Exception], tuple[int, str]] = {
    e.Malformed: (400, "The request is invalid."),
    e.NotAuthenticated: (401, "Authorization has been denied for this request."),
    e.UnknownRoute: (404, "No HTTP resource was found that matches the request."),
    e.UnknownOperation: (404, "No HTTP resource was found that matches the request."),
    e.StillRunning: (409, "The first request with this idempotency key is still running."),
    e.KeyReused: (422, "The idempotency key was used for another request."),
    e.TooLarge: (413, "The request is too large."),
    e.UnsupportedMedia: (415, "The request's media type is not supported."),
    e.TooMany: (429, "Too many requests."),
}

_MESSAGE, _DETAIL = Member("Message", STRING), Member("MessageDetail", STRING)
#: The shape of a refusal, and of the failure of a call; their one name is that of their XML.
REFUSED = Complex(name="Error", members=(_MESSAGE, _DETAIL))
FAILED = Complex(
    name="Error",
    members=(
        Member("Error", BOOLEAN),
        Member("ErrorType", STRING),
        Member("ErrorMessage", STRING),
        Member("ErrorSource", STRING),
    ),
)

_NO_STORE = (("cache-control", "no-store"), ("x-content-type-options", "nosniff"))


def answered(
    binding: Binding, result: object, notes: Mapping[str, str], format: Format, names: frozenset[str]
) -> Answer:
    """The reply of a call that ran; what it noted beside its result travels in headers."""
    headers = _NO_STORE + tuple((_header(name), _value(text)) for name, text in notes.items())
    if binding.reply is None:
        return Answer(204, CONTENT_TYPE[format], b"", headers)
    document = binding.write(result)
    if names or format is Format.XML:
        document = plain(document)
    if names:
        document = selected(document, names)
    body = as_json(document) if format is Format.JSON else as_xml(document, binding.reply)
    return Answer(200, CONTENT_TYPE[format], body, headers)


def failed(error: BaseException, format: Format, *beside: tuple[str, str]) -> Answer:
    """The error's own shape and status: 400 and the like for the request, 500 for the call, 503 for what passes."""
    status, message = _refusal(error)
    document: dict[str, object] = {"Message": message, "MessageDetail": told(error)}
    shape = REFUSED
    if not message:
        kind = row(error).exception_type.rpartition(".")[2]
        document = {"Error": True, "ErrorType": kind, "ErrorMessage": told(error), "ErrorSource": PRODUCT}
        shape = FAILED
    body = as_json(document) if format is Format.JSON else as_xml(document, shape)
    return Answer(status, CONTENT_TYPE[format], body, (*_NO_STORE, *_told_beside(error), *beside))


def _refusal(error: BaseException) -> tuple[int, str]:
    if isinstance(error, e.UnknownRoute) and error.allow:
        return 405, "The requested resource does not support that HTTP method."
    for kind in type(error).__mro__:
        if kind in REFUSALS:
            return REFUSALS[kind]
    return (503 if isinstance(error, e.Unavailable) else 500), ""


def _told_beside(error: BaseException) -> tuple[tuple[str, str], ...]:
    if isinstance(error, e.NotAuthenticated):
        return (("www-authenticate", CHALLENGE),)
    if isinstance(error, e.UnknownRoute) and error.allow:
        return (("allow", error.allow),)
    seconds = retry_after(error)
    return () if seconds is None else (("retry-after", str(seconds)),)


def _header(note: str) -> str:
    """MessageId to heliograph-message-id."""
    return "heliograph" + "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in note)


def _value(text: str) -> str:
    """A note as a header may carry it: short, and percent-encoded where it is not plain ASCII."""
    return quote(text[:2000], safe=" !#$&'()*+,/:;=?@[]")
