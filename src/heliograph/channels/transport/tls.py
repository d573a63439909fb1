"""TLS as a client: at least 1.2, forward secrecy, the certificate checked for the name, HTTP/2 preferred."""

from __future__ import annotations

import os
import ssl
import tempfile
from pathlib import Path

from heliograph.core.ports import Identity

# What HTTP/2 allows with TLS 1.2 (RFC 9113, 9.2.2): ephemeral key agreement and authenticated encryption.
_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


def context(roots: bytes, identity: Identity | None) -> ssl.SSLContext:
    """Trusts the machine's authorities and those in `roots` (PEM). Reads files: not for the event loop.

    Raises ValueError for an identity that is not a certificate with its key; its text says no secret.
    """
    made = ssl.create_default_context()
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.verify_flags |= ssl.VERIFY_X509_STRICT
    made.hostname_checks_common_name = False  # a name counts where names belong (RFC 9525, 6.3)
    made.set_ciphers(_CIPHERS)
    made.set_alpn_protocols(["h2", "http/1.1"])
    if roots:
        made.load_verify_locations(cadata=roots.decode("ascii"))
    if identity is not None:
        _present(made, identity)
    return made


def _present(made: ssl.SSLContext, identity: Identity) -> None:
    """The only way in for a key is through a file; nobody else can read it, and it is gone at once."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "identity.pem")
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(identity.key + b"\n" + identity.certificate)
        try:
            made.load_cert_chain(file, password=lambda: b"")
        except ssl.SSLError:
            raise ValueError("the identity is not a certificate with its key, in PEM and not encrypted") from None
