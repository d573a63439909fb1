"""Checks the JSON Web Tokens that a channel proves itself by, as a provider does."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


class BadToken(Exception):
    """It is not a JWT, or its signature does not hold."""


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    """Header, claims, the bytes that are signed, and the signature. Raises BadToken."""
    pieces = token.split(".")
    if len(pieces) != 3:
        raise BadToken("a JWT has three parts")
    try:
        header, claims, signature = (base64.urlsafe_b64decode(piece + "=" * (-len(piece) % 4)) for piece in pieces)
        read = msgspec.json.decode(header), msgspec.json.decode(claims)
    except (binascii.Error, ValueError) as error:
        raise BadToken("a part is not base64url of JSON") from error
    if "=" in token or not all(isinstance(part, dict) for part in read):
        raise BadToken("the parts are not JSON objects in base64url without padding")
    return *read, f"{pieces[0]}.{pieces[1]}".encode(), signature


def verified(token: str, key: PublicKey) -> dict[str, Any]:
    """The claims of a token that this key signed. Raises BadToken."""
    header, claims, content, signature = parts(token)
    wanted = "ES256" if isinstance(key, ec.EllipticCurvePublicKey) else "RS256"
    if header.get("alg") != wanted:
        raise BadToken(f"the algorithm is not {wanted}")
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, content, padding.PKCS1v15(), hashes.SHA256())
        else:
            if len(signature) != 64:
                raise BadToken("an ES256 signature is 64 bytes")
            r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
            key.verify(encode_dss_signature(r, s), content, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise BadToken("the signature does not hold") from error
    return claims
