"""What is said to the server when a mail is handed over, and what it means when that fails."""

from __future__ import annotations

import ssl

from aiosmtplib.errors import SMTPException, SMTPResponseException

from heliograph.channels.email.answers import Step, outcome
from heliograph.channels.email.payload import Mail, Unfit
from heliograph.channels.email.pool import Line
from heliograph.core.outcome import Deferred, Outcome

_OFFERED = (Step.TLS, Step.SIGN_IN)  # what a server says in its EHLO answer that it can do


def options(line: Line, ready: Mail) -> tuple[list[str], str]:
    """What MAIL says beside the sender, and how its address is written. Raises Unfit for what the server cannot take."""
    offered = line.client.esmtp_extensions
    limit = offered.get("size", "").strip()
    if limit.isascii() and limit.isdigit() and 0 < int(limit) < len(ready.content):
        raise Unfit(f"the mail has {len(ready.content)} bytes and the server takes {int(limit)}")
    if ready.eight_bit and "8bitmime" not in offered:
        raise Unfit("the server does not take 8-bit mail (8BITMIME)")
    if ready.utf8 and "smtputf8" not in offered:
        raise Unfit("the server does not take addresses beyond ASCII (SMTPUTF8)")
    said = [f"SIZE={len(ready.content)}"] if "size" in offered else []
    said += ["BODY=8BITMIME"] if ready.eight_bit or ready.utf8 else []
    said += ["SMTPUTF8"] if ready.utf8 else []
    return said, "utf-8" if ready.utf8 else "ascii"


def is_dead(failure: SMTPException | OSError) -> bool:
    """Whether the connection is gone, as one that was not used for a while may be."""
    return not isinstance(failure, SMTPResponseException) or failure.code == 421


def failed(step: Step, failure: SMTPException | OSError) -> Outcome:
    """What a failed conversation means; the words never repeat what we said, which holds the password."""
    if isinstance(failure, SMTPResponseException):
        return outcome(step, failure.code, "" if step is Step.SIGN_IN else failure.message)
    if type(failure) is SMTPException and step in _OFFERED:  # the client looked in the server's list in vain
        return Deferred(f"{step}: the server does not offer it", pause=f"{step}: the server does not offer it")
    certificate = _certificate_problem(failure)
    if certificate:
        return Deferred(f"{step}: {certificate}", pause=f"{step}: {certificate}")
    said = f"{step}: {'no answer in time' if isinstance(failure, TimeoutError) else 'the connection failed'}"
    # Whether the server has the mail is unknown only once it was being handed over; before that it has not.
    return Deferred(said, in_doubt=step is Step.CONTENT, unreachable=step is Step.CONNECT)


def _certificate_problem(failure: BaseException) -> str:
    """What is wrong with the server's certificate, found among the causes; empty when nothing is."""
    cause: BaseException | None = failure
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the server's certificate is not valid ({cause.verify_message})"
        cause = cause.__cause__ or cause.__context__
    return ""
