"""A push certificate: read from PEM, and looked at before Apple has to refuse it."""

from __future__ import annotations

import re

from cryptography import x509

from heliograph.channels.jose import read_key
from heliograph.core.ports import Identity

_BLOCK = re.compile(r"-----BEGIN ([A-Z ]+)-----[^-]+-----END \1-----\n?", re.ASCII)


def read_identity(pem: str) -> Identity:
    """Certificates and key from one PEM text, whatever stands between them. Raises ValueError, repeating none of it."""
    blocks = [(match[1], match[0]) for match in _BLOCK.finditer(pem)]
    certificates = "".join(block for kind, block in blocks if kind == "CERTIFICATE")
    key = "".join(block for kind, block in blocks if kind != "CERTIFICATE")
    try:
        read_key(key)
    except ValueError as refusal:
        raise ValueError(f"its key is {refusal}") from None
    try:
        x509.load_pem_x509_certificate(certificates.encode("ascii"))
    except ValueError:
        raise ValueError("there is no certificate in it") from None
    return Identity(certificates.encode("ascii"), key.encode("ascii"))


def ended_before(identity: Identity, now: int) -> str:
    """A sentence if the certificate is not valid at that moment (ms since the epoch), else an empty text."""
    certificate = x509.load_pem_x509_certificate(identity.certificate)
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now / 1000 > end.timestamp():
        return f"The certificate ended on {end:%Y-%m-%d}: renew it with Apple and replace `certificate_file`."
    if now / 1000 < begin.timestamp():
        return f"The certificate begins on {begin:%Y-%m-%d}, which is ahead of this machine's clock."
    return ""
