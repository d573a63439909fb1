"""Signed JSON Web Tokens for providers (RFC 7515, 7518, 7519): ES256 and RS256, and keys from PEM."""

from __future__ import annotations

from typing import Any

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from heliograph.core import base64url

SigningKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_COORDINATE = 32  # bytes of each half of an ES256 signature
_FEWEST_RSA_BITS = 2048


def read_key(pem: str) -> SigningKey:
    """An unencrypted P-256 or RSA key. Raises ValueError without repeating any of it."""
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError(
            "not an unencrypted private key in PEM, which begins with -----BEGIN PRIVATE KEY-----"
        ) from None
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= _FEWEST_RSA_BITS:
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise ValueError("not a P-256 key, nor an RSA key of at least 2048 bits")


def signed_token(key: SigningKey, claims: dict[str, Any], *, key_id: str = "") -> str:
    """A compact JWT. An elliptic key signs by ES256, an RSA key by RS256."""
    elliptic = isinstance(key, ec.EllipticCurvePrivateKey)
    header = {"alg": "ES256" if elliptic else "RS256", "typ": "JWT"}
    if key_id:
        header["kid"] = key_id
    content = f"{base64url.encode(msgspec.json.encode(header))}.{base64url.encode(msgspec.json.encode(claims))}"
    return f"{content}.{base64url.encode(_signature(key, content.encode('ascii')))}"


def _signature(key: SigningKey, content: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(content, padding.PKCS1v15(), hashes.SHA256())
    r, s = decode_dss_signature(key.sign(content, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(_COORDINATE, "big") + s.to_bytes(_COORDINATE, "big")
