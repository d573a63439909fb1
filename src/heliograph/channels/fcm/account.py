"""A service account as Google hands it out: a JSON file with a key in it."""

from __future__ import annotations

import re

import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa

from heliograph.channels.jose import read_key
from heliograph.channels.targets import read_target
from heliograph.core.ports import AddressRefused

_PROJECT = re.compile(r"[a-z0-9.:-]{1,100}", re.ASCII)


class _File(msgspec.Struct):
    type: str = ""
    project_id: str = ""
    private_key_id: str = ""
    private_key: str = ""
    client_email: str = ""
    token_uri: str = "https://oauth2.googleapis.com/token"


class Account(msgspec.Struct, frozen=True):
    """Who signs, with what, and where the signature is exchanged."""

    email: str
    project: str
    key_id: str
    key: rsa.RSAPrivateKey
    token_uri: str

    def __repr__(self) -> str:
        return f"Account({self.email!r})"


def read_account(text: str | bytes) -> Account:
    """The account in the file's text. Raises ValueError saying what is wrong, never repeating the file."""
    try:
        file = msgspec.json.decode(text, type=_File)
    except (msgspec.DecodeError, UnicodeError):  # its text may repeat the file's
        raise ValueError("not the JSON file of a service account") from None
    if file.type != "service_account" or not file.client_email or not _PROJECT.fullmatch(file.project_id):
        raise ValueError('not a service account: it needs "type": "service_account", client_email and project_id')
    key = read_key(file.private_key)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("its private_key is not an RSA key")
    try:
        target = read_target(file.token_uri)
    except AddressRefused as refusal:
        raise ValueError(f"its token_uri cannot be used: {refusal}") from None
    if target.scheme != "https":
        raise ValueError("its token_uri is not https")
    return Account(file.client_email, file.project_id, file.private_key_id, key, file.token_uri)
