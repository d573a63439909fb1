"""What it means for a delivery, and for a check, that a provider did not answer."""

from __future__ import annotations

from heliograph.core.outcome import Deferred
from heliograph.core.ports import AddressRefused, CertificateRefused, Check, ConnectFailed, ReplyLost

Trouble = AddressRefused | ConnectFailed | ReplyLost


def failed(trouble: Trouble) -> Deferred:
    """The provider is a configured one: an address or a certificate that cannot be used is our set-up's fault."""
    if isinstance(trouble, AddressRefused):
        return Deferred("not sent", pause=f"the provider's address cannot be used: {trouble}")
    if isinstance(trouble, CertificateRefused):
        return Deferred("not sent", pause=str(trouble))
    return Deferred(str(trouble), in_doubt=isinstance(trouble, ReplyLost))


def unreachable(provider: str, trouble: Trouble) -> Check:
    """The same for `channel check`."""
    hint = ""
    if isinstance(trouble, CertificateRefused):
        hint = "; outbound.ca_file can name a certificate authority to trust"
    return Check(False, f"{provider} cannot be reached: {trouble}{hint}.")
