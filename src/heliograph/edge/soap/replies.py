"""What goes back: an answer, a wrapped error or a Fault, as bytes in the caller's version of SOAP."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from heliograph.core.errors import MisplacedHeader
from heliograph.edge.contract.common import SO_EXCEPTION_INFO, SO_EXTRA_INFO, SO_TIME_ZONE
from heliograph.edge.failures import retry_after, row, told
from heliograph.edge.soap.encode import Writer, writer
from heliograph.edge.soap.names import XSI, Soap, contract_namespace
from heliograph.edge.soap.values import escape
from heliograph.intake.carriers import SoExceptionInfo, SoTimeZone

PRODUCT = "Heliograph"

_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'
_FAULT_CODES = {
    Soap.V11: {"Client": "Client", "Server": "Server"},
    Soap.V12: {"Client": "Sender", "Server": "Receiver"},
}


class SoapReply(NamedTuple):
    """A whole HTTP answer; `headers` are beside the content type."""

    status: int
    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


class _Frame(NamedTuple):
    """What surrounds the body's element, with the header blocks in the contract's order."""

    opening: str
    exception_nil: str
    extra_nil: str
    zone_nil: str

    def around(self, element: str, *, succeeded: bool, exception: str = "", extra: str = "", zone: str = "") -> bytes:
        return (
            f"{self.opening}{exception or self.exception_nil}{extra or self.extra_nil}"
            f"<h:Succeeded>{'true' if succeeded else 'false'}</h:Succeeded>{zone or self.zone_nil}"
            f"</s:Header><s:Body>{element}</s:Body></s:Envelope>"
        ).encode()


@cache
def _frame(soap: Soap, version: int) -> _Frame:
    return _Frame(
        opening=(
            f'{_DECLARATION}<s:Envelope xmlns:s="{soap.value}" xmlns:h="{contract_namespace(version)}"'
            f' xmlns:i="{XSI}"><s:Header>'
        ),
        exception_nil='<h:ExceptionInfo i:nil="true"/>',
        extra_nil='<h:ExtraInfo i:nil="true"/>',
        zone_nil='<h:TimeZone i:nil="true"/>',
    )


@cache
def _header_writers(version: int) -> tuple[Writer, Writer, Writer]:
    return writer(SO_EXCEPTION_INFO, version), writer(SO_EXTRA_INFO, version), writer(SO_TIME_ZONE, version)


def answered(
    soap: Soap, version: int, element: str, notes: Mapping[str, str], time_zone: SoTimeZone | None = None
) -> SoapReply:
    """The reply of a call that ran; what it noted beside its result travels as ExtraInfo, the caller's zone goes back."""
    extra = zone = ""
    if time_zone is not None:
        inside = _header_writers(version)[2](time_zone)
        zone = f'<h:TimeZone xmlns="{contract_namespace(version)}">{inside}</h:TimeZone>'
    if notes:
        pairs = _header_writers(version)[1](notes)
        extra = f'<h:ExtraInfo xmlns="{contract_namespace(version)}">{pairs}</h:ExtraInfo>'
    return SoapReply(
        200, soap.content_type, _frame(soap, version).around(element, succeeded=True, extra=extra, zone=zone)
    )


def wrapped(soap: Soap, version: int, element: str, error: Exception) -> SoapReply:
    """The reply of a call that failed: the normal element without content, and why in ExceptionInfo."""
    inside = _header_writers(version)[0](exception_info(error))
    exception = f'<h:ExceptionInfo xmlns="{contract_namespace(version)}">{inside}</h:ExceptionInfo>'
    body = _frame(soap, version).around(element, succeeded=False, exception=exception)
    return SoapReply(200, soap.content_type, body, _retry(error))


def exception_info(error: Exception) -> SoExceptionInfo:
    """What a caller is told of an error; never a stack trace."""
    words = told(error)
    return SoExceptionInfo(message=words, friendly_text=words, exception_type=row(error).exception_type, source=PRODUCT)


def fault(soap: Soap, error: Exception, *, version: int | None = None, words: str = "") -> SoapReply:
    """A Fault; with a version, the SoExceptionInfo of that version is its detail."""
    failure = row(error)
    code = _FAULT_CODES[soap][failure.fault]
    status = 500 if soap is Soap.V11 or failure.fault == "Server" else 400
    if isinstance(error, MisplacedHeader) and error.must_understand:
        code, status = "MustUnderstand", 500
    detail = "" if version is None else _detail(version, error)
    text = escape(words or told(error))
    if soap is Soap.V11:
        inside = f'<faultcode>s:{code}</faultcode><faultstring xml:lang="en">{text}</faultstring>' + (
            f"<detail>{detail}</detail>" if detail else ""
        )
    else:
        inside = (
            f'<s:Code><s:Value>s:{code}</s:Value></s:Code><s:Reason><s:Text xml:lang="en">{text}</s:Text></s:Reason>'
        ) + (f"<s:Detail>{detail}</s:Detail>" if detail else "")
    body = f'{_DECLARATION}<s:Envelope xmlns:s="{soap.value}"><s:Body><s:Fault>{inside}</s:Fault></s:Body></s:Envelope>'
    return SoapReply(failure.soap_status or status, soap.content_type, body.encode(), _retry(error))


def _detail(version: int, error: Exception) -> str:
    inside = _header_writers(version)[0](exception_info(error))
    return f'<SoExceptionInfo xmlns="{contract_namespace(version)}" xmlns:i="{XSI}">{inside}</SoExceptionInfo>'


def _retry(error: Exception) -> tuple[tuple[str, str], ...]:
    seconds = retry_after(error)
    return () if seconds is None else (("retry-after", str(seconds)),)
