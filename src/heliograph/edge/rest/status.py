"""ResponseStatus: how the REST family says what went wrong, in JSON and in XML.

Contract: rest-push, section 5.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from heliograph.core.errors import FieldError, UnknownRoute
from heliograph.edge import failures
from heliograph.edge.http.messages import Answer
from heliograph.edge.rest.formats import CONTENT_TYPE, Format

PUSH_RESPONSE = "PushResponse"
ERROR_RESPONSE = "ErrorResponse"  # for what failed before the request was bound

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"}
_NOT_PLAIN = re.compile('[&<>"\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]')
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class _Wire(msgspec.Struct, rename="pascal"):
    """Members as they stand on the wire."""


class ResponseError(_Wire):
    """One field's error."""

    error_code: str
    field_name: str
    message: str


class ResponseStatus(_Wire):
    """What went wrong."""

    error_code: str
    message: str
    errors: list[ResponseError]


class _Body(_Wire):
    response_status: ResponseStatus


def escaped(text: str) -> str:
    """Text that can stand in an element or a quoted attribute; what XML cannot carry becomes U+FFFD."""
    return _NOT_PLAIN.sub(lambda found: _ESCAPES.get(found[0], "\ufffd"), text)


def failure_answer(
    error: BaseException, format: Format, *, root: str = ERROR_RESPONSE, headers: tuple[tuple[str, str], ...] = ()
) -> Answer:
    """The error's row, its sentence and its field errors, in the caller's notation."""
    row = failures.row(error)
    fields: tuple[FieldError, ...] = getattr(error, "fields", ())
    status = ResponseStatus(
        error_code=row.error_code,
        message=_clean(failures.told(error)),
        errors=[ResponseError(f.code, f.field, _clean(f.message)) for f in fields],
    )
    body = msgspec.json.encode(_Body(status)) if format is Format.JSON else _xml(status, root)
    return Answer(row.http_status, CONTENT_TYPE[format], body, (*_told_beside(error), *headers))


def _clean(text: str) -> str:
    return _NOT_TEXT.sub("\ufffd", text)


def _told_beside(error: BaseException) -> tuple[tuple[str, str], ...]:
    """The headers that belong to an error: when to try again, which verbs there are."""
    seconds = failures.retry_after(error)
    if seconds is not None:
        return (("retry-after", str(seconds)),)
    if isinstance(error, UnknownRoute):
        return (("allow", error.allow),)
    return ()


def _xml(status: ResponseStatus, root: str) -> bytes:
    errors = "".join(
        f"<ResponseError><ErrorCode>{escaped(e.error_code)}</ErrorCode><FieldName>{escaped(e.field_name)}</FieldName>"
        f"<Message>{escaped(e.message)}</Message></ResponseError>"
        for e in status.errors
    )
    listed = f"<Errors>{errors}</Errors>" if errors else "<Errors/>"
    return (
        f'{_DECLARATION}<{root} xmlns:i="{_XSI}"><ResponseStatus><ErrorCode>{escaped(status.error_code)}</ErrorCode>'
        f"<Message>{escaped(status.message)}</Message>{listed}</ResponseStatus></{root}>"
    ).encode()


@lru_cache(maxsize=2)
def success_body(format: Format) -> bytes:
    """The answer to an accepted push (contract section 4): the same every time."""
    if format is Format.JSON:
        return b"{}"
    return (
        f'{_DECLARATION}<{PUSH_RESPONSE} xmlns:i="{_XSI}"><ResponseStatus i:nil="true"/></{PUSH_RESPONSE}>'
    ).encode()
