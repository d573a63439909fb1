"""What it means for a delivery, and for a check, that a provider did not answer."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from heliograph.core.outcome import Deferred
from heliograph.core.ports import (
    AddressRefused,
    CertificateRefused,
    Check,
    ConnectFailed,
    Reply,
    ReplyLost,
    Unreachable,
)

_SKEW = 120.0  # seconds by which two clocks may differ

Trouble = AddressRefused | ConnectFailed | ReplyLost


def failed(trouble: Trouble) -> Deferred:
    """The provider is a configured one: an address or a certificate that cannot be used is our set-up's fault."""
    if isinstance(trouble, AddressRefused):
        return Deferred("not sent", pause=f"the provider's address cannot be used: {trouble}")
    if isinstance(trouble, CertificateRefused):
        return Deferred("not sent", pause=str(trouble))
    if isinstance(trouble, Unreachable):
        return Deferred(str(trouble), unreachable=True)
    return not_now(trouble)


def not_now(trouble: ConnectFailed | ReplyLost) -> Deferred:
    """The place is not ours to judge the channel by: one of many, or the caller's own choice."""
    return Deferred(str(trouble), in_doubt=isinstance(trouble, ReplyLost))


def unreachable(provider: str, trouble: Trouble) -> Check:
    """The same for `channel check`."""
    hint = ""
    if isinstance(trouble, CertificateRefused):
        hint = "; outbound.ca_file can name a certificate authority to trust"
    return Check(False, f"{provider} cannot be reached: {trouble}{hint}.")


def behind(reply: Reply, now: int) -> str:
    """What is to be said of our clock, by the provider's Date; empty when the two agree. `now` in ms since the epoch."""
    try:
        theirs = parsedate_to_datetime(reply.headers.get("date", "")).timestamp()
    except (ValueError, TypeError, OverflowError):
        return ""
    off = now / 1000 - theirs
    if abs(off) < _SKEW:
        return ""
    word = "ahead" if off > 0 else "behind"
    return f"this machine's clock is {abs(off) / 60:.0f} minutes {word} of the provider's: set it by NTP"
