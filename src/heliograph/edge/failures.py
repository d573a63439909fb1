"""The one table from what went wrong to how each dialect says it: HTTP status, REST ErrorCode, SOAP type and fault."""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from heliograph.core import errors as e

_SO = "SuperOffice.Exceptions."


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """How one kind of error travels."""

    http_status: int  # REST
    error_code: str  # ResponseStatus.ErrorCode (contract rest-push, section 5)
    exception_type: str  # ExceptionInfo.ExceptionType (contract soap, section 3)
    fault: Literal["Client", "Server"]
    always_fault: bool = False  # a Fault even where soap.errors is "wrapped"
    soap_status: int | None = None  # HTTP status of the Fault where it is not the envelope version's usual one


def _row(
    http_status: int,
    error_code: str,
    so_type: str,
    fault: Literal["Client", "Server"] = "Client",
    *,
    always: bool = False,
    soap_status: int | None = None,
) -> Failure:
    return Failure(
        http_status=http_status,
        error_code=error_code,
        exception_type=_SO + so_type,
        fault=fault,
        always_fault=always,
        soap_status=soap_status,
    )


#: What is ours and unexpected, and says nothing of its cause.
GENERIC = _row(500, "Exception", "SoServerException", "Server")

TABLE: dict[type[Exception], Failure] = {
    e.CallerError: _row(400, "ArgumentException", "SoInvalidArgumentException"),
    e.Malformed: _row(400, "RequestBindingException", "SoInvalidArgumentException", always=True),
    e.UnsafeXml: _row(400, "RequestBindingException", "SoInvalidArgumentException", always=True),
    e.UnsupportedMedia: _row(
        400, "RequestBindingException", "SoInvalidArgumentException", always=True, soap_status=415
    ),
    e.TooLarge: _row(413, "RequestEntityTooLarge", "SoInvalidArgumentException", always=True, soap_status=413),
    e.UnknownRoute: _row(405, "NotImplementedException", "SoNotSupportedException", always=True, soap_status=404),
    e.UnknownOperation: _row(405, "NotImplementedException", "SoNotSupportedException", always=True),
    e.ActionMismatch: _row(400, "RequestBindingException", "SoInvalidArgumentException", always=True),
    e.MisplacedHeader: _row(400, "RequestBindingException", "SoInvalidArgumentException", always=True),
    e.NotAuthenticated: _row(401, "Unauthorized", "SoSessionException"),
    e.NotAllowed: _row(403, "UnauthorizedAccessException", "SoSentryException"),
    e.InvalidArgument: _row(400, "ArgumentException", "SoInvalidArgumentException"),
    e.MissingArgument: _row(400, "ArgumentNullException", "SoInvalidArgumentException"),
    e.UnknownRecipient: _row(400, "ArgumentException", "SoNotFoundException"),
    e.UnknownChannel: _row(400, "ArgumentException", "SoNotFoundException"),
    e.NotSupported: _row(400, "NotSupported", "SoNotSupportedException"),
    e.NotFound: _row(404, "NotFound", "SoNotFoundException"),
    e.Conflict: _row(409, "Conflict", "SoIllegalOperationException"),
    e.StillRunning: _row(409, "Conflict", "SoIllegalOperationException", "Server", always=True, soap_status=409),
    e.KeyReused: _row(422, "IdempotencyKeyReused", "SoIllegalOperationException", always=True),
    e.TooMany: _row(429, "TooManyRequests", "SoServerException", "Server"),
    e.RejectedByHook: _row(400, "InvalidOperationException", "SoIllegalOperationException"),
    e.Unavailable: _row(503, "ServiceUnavailable", "SoServerException", "Server", always=True),
    e.OperatorError: GENERIC,
    e.BadSetting: GENERIC,
    e.BrokenPlugin: GENERIC,
    e.BrokenHook: GENERIC,
    e.WrongSchema: GENERIC,
    e.IllegalMove: GENERIC,
}

#: What a caller reads of an error that is not about the call: no cause, no path, no trace.
GENERIC_SENTENCE = "The gateway met an unexpected error; its log tells which."


def row(error: BaseException) -> Failure:
    """The nearest row up the error's family; the generic one for whatever is not in the tree."""
    for kind in type(error).__mro__:
        if kind in TABLE:
            return TABLE[kind]
    return GENERIC


def told(error: BaseException) -> str:
    """The sentence a caller may read: the error's own where the caller can do something about it."""
    if isinstance(error, e.CallerError | e.Unavailable):
        return error.detail
    return GENERIC_SENTENCE


def retry_after(error: BaseException) -> int | None:
    """Whole seconds for a Retry-After header, or None where the error gives none."""
    if isinstance(error, e.TooMany | e.Unavailable | e.StillRunning):
        return max(1, math.ceil(error.retry_after))
    return None
