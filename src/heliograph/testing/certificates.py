"""A certificate authority that lives as long as a test, for TLS on loopback."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAY = datetime.timedelta(days=1)


class Authority:
    """Signs server certificates. `pem` is what a client must trust to believe them."""

    def __init__(self, name: str = "Heliograph test authority") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
        made = (
            self._blank(self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.pem = made.public_bytes(serialization.Encoding.PEM)

    def server(self, *hosts: str, expired: bool = False, clients: bool = False) -> ssl.SSLContext:
        """A context for a server that calls itself by these names or addresses.

        With `clients` it asks for a certificate, and takes none or one of this authority's.
        """
        certificate, secret = self._signed(hosts, expired)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:  # the only way in for a key is through a file
            file = Path(folder, "server.pem")
            file.touch(mode=0o600)
            file.write_bytes(secret + certificate)
            context.load_cert_chain(file)
        if clients:
            context.verify_mode = ssl.CERT_OPTIONAL
            context.load_verify_locations(cadata=self.pem.decode("ascii"))
        return context

    def identity(self, name: str) -> bytes:
        """The certificate and key of a client of that name, in one PEM text."""
        certificate, secret = self._signed((name,), expired=False, usage=ExtendedKeyUsageOID.CLIENT_AUTH)
        return certificate + secret

    def files(self, folder: Path, *hosts: str) -> tuple[Path, Path]:
        """Certificate and private key of such a server as two PEM files in the folder, for programs that read files."""
        certificate, secret = self._signed(hosts, expired=False)
        chain, key = folder / "server.crt", folder / "server.key"
        key.touch(mode=0o600)
        chain.write_bytes(certificate)
        key.write_bytes(secret)
        return chain, key

    def _signed(
        self, hosts: tuple[str, ...], expired: bool, usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH
    ) -> tuple[bytes, bytes]:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])])
        certificate = (
            self._blank(subject, key.public_key(), expired=expired)
            .add_extension(x509.SubjectAlternativeName([_named(host) for host in hosts]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return certificate.public_bytes(serialization.Encoding.PEM), secret

    def _blank(
        self, subject: x509.Name, public_key: ec.EllipticCurvePublicKey, *, expired: bool = False
    ) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        end = now - _DAY if expired else now + 2 * _DAY
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())  # Python 3.13 insists on it
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 2 * _DAY)
            .not_valid_after(end)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(issuer, critical=False)
        )


def _named(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
