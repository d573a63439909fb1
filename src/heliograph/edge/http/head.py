"""What the head of a request must be like before anything else looks at it.

Source of the rules: RFC 9112 sections 3.2 and 6.1.
"""

from __future__ import annotations

import string

import msgspec

Headers = list[tuple[bytes, bytes]]  # names in lower case

_HOST_CHARACTERS = (string.ascii_letters + string.digits + "-._~%!$&'()*+,;=:[]").encode("ascii")


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one connection may cost."""

    header_timeout: float = 10.0  # seconds from the first byte of a request to the end of its headers
    body_timeout: float = 60.0  # seconds from there to the end of the body; also for a client that does not read
    body_rate: int = 1024  # bytes a second that a body must come with, over each few seconds
    header_bytes: int = 64 * 1024
    header_count: int = 100
    url_bytes: int = 8 * 1024
    connections: int = 10_000
    connections_per_address: int = 2_000


class Refused(Exception):
    """The request is not served: HTTP status and one sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


def check_request(headers: Headers, version: str, limits: Limits) -> None:
    """Raises Refused for too much, and for whatever two parties could read differently."""
    if len(headers) > limits.header_count:
        raise Refused(431, "There are too many headers.")
    if sum([len(name) + len(value) + 4 for name, value in headers]) > limits.header_bytes:
        raise Refused(431, "The headers are too large.")
    if version not in ("1.1", "1.0"):
        raise Refused(505, "Speak HTTP/1.1.")
    names = [name for name, _ in headers]
    hosts = names.count(b"host")
    if hosts > 1 or (hosts == 0 and version == "1.1"):
        raise Refused(400, "A request has exactly one Host header.")
    if hosts and headers[names.index(b"host")][1].translate(None, _HOST_CHARACTERS):
        raise Refused(400, "The Host header is not a host.")
    if names.count(b"content-length") > 1:
        raise Refused(400, "Content-Length stands twice.")
    if b"transfer-encoding" in names:
        _check_transfer_encoding(headers, version, names)


def _check_transfer_encoding(headers: Headers, version: str, names: list[bytes]) -> None:
    """Chunked, once, alone, on HTTP/1.1 (RFC 9112, 6.1)."""
    coding = headers[names.index(b"transfer-encoding")][1].strip().lower()
    once = names.count(b"transfer-encoding") == 1
    if version != "1.1" or b"content-length" in names or not once or coding != b"chunked":
        raise Refused(400, "Transfer-Encoding is chunked, once, without Content-Length, on HTTP/1.1.")
