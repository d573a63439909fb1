"""Server certificates that no client should believe, each with one flaw."""

from __future__ import annotations

import datetime
import ssl
import tempfile
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAY = datetime.timedelta(days=1)
_NAME = "push.example"

#: What is wrong, and what differs from a good certificate for push.example.
FLAWS: dict[str, dict[str, Any]] = {
    "for another name": {"names": ["other.example"]},
    "for a name one level up": {"names": ["*.example.org", "example"]},
    "with its name only in the subject": {"names": []},
    "expired": {"begins": -3, "ends": -1},
    "not valid yet": {"begins": 1, "ends": 3},
    "signed by itself": {"issuer": "itself"},
    "by an unknown authority": {"issuer": "stranger"},
    "by a certificate that is no authority": {"issuer": "a server"},
    "for clients only": {"usage": ExtendedKeyUsageOID.CLIENT_AUTH},
}


class Shop:
    """Makes good and flawed certificates under one authority, whose PEM is `roots`."""

    def __init__(self) -> None:
        self._authority = _Issuer("Authority", authority=True)
        self._issuers = {
            "authority": self._authority,
            "stranger": _Issuer("Stranger", authority=True),
            "a server": _Issuer("Server", authority=False, by=self._authority),
        }
        self.roots = self._authority.pem

    def server(self, flaw: str = "") -> ssl.SSLContext:
        """A server's context for push.example, with that flaw; without one it is good."""
        return self._made(**FLAWS[flaw] if flaw else {})

    def _made(
        self,
        *,
        names: list[str] | None = None,
        begins: int = -1,
        ends: int = 1,
        issuer: str = "authority",
        usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
    ) -> ssl.SSLContext:
        leaf = _Issuer.__new__(_Issuer)
        leaf.key, leaf.name = ec.generate_private_key(ec.SECP256R1()), _named(_NAME)
        by = leaf if issuer == "itself" else self._issuers[issuer]
        builder = _blank(leaf, by, begins, ends).add_extension(x509.BasicConstraints(False, None), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        shown = [_NAME] if names is None else names
        if shown:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([x509.DNSName(name) for name in shown]), critical=False
            )
        chain = builder.sign(by.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        return _context(leaf, chain + (b"" if by is leaf else by.pem))


class _Issuer:
    def __init__(self, name: str, *, authority: bool, by: _Issuer | None = None) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = _named(name)
        issuer = by or self
        constraints = x509.BasicConstraints(ca=authority, path_length=1 if authority else None)
        usage = x509.KeyUsage(True, False, False, False, False, authority, authority, False, False)
        made = _blank(self, issuer, -2, 2).add_extension(constraints, critical=True).add_extension(usage, critical=True)
        self.pem = made.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _blank(subject: _Issuer, issuer: _Issuer, begins: int, ends: int) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject.name)
        .issuer_name(issuer.name)
        .public_key(subject.key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins * _DAY)
        .not_valid_after(now + ends * _DAY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(subject.key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _context(leaf: _Issuer, chain: bytes) -> ssl.SSLContext:
    secret = leaf.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:  # the only way in for a key is through a file
        file = Path(folder, "server.pem")
        file.touch(mode=0o600)
        file.write_bytes(secret + chain)
        context.load_cert_chain(file)
    return context
