"""Every captured exchange in tests/wire/soap: the request as it came, the reply as it must go back."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree
from tests.edge.soap.desk import Desk

pytestmark = pytest.mark.anyio

CASES = {
    path.stem: path.read_bytes()
    for path in sorted((Path(__file__).resolve().parents[2] / "wire" / "soap").glob("*.wire"))
}


def canonical(document: bytes) -> bytes:
    """The same for every way to write the same infoset; space between elements is layout."""
    root = etree.fromstring(document, etree.XMLParser(remove_blank_text=True))
    return etree.tostring(root, method="c14n", exclusive=True)


@pytest.mark.parametrize("case", CASES)
async def test_the_exchange(case: str, desk: Desk) -> None:
    request, reply = CASES[case].split(b"\n---\n")
    head, _, sent = request.partition(b"\n\n")
    address, *lines = [line for line in head.decode().splitlines() if not line.startswith("#")]
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    version, agent = address.removeprefix("POST /Remote/Services").removesuffix(".svc").split("/")
    expected_head, _, expected = reply.partition(b"\n\n")
    status, content_type = expected_head.decode().splitlines()

    got = await desk.door.post(None, int(version), agent, headers, sent)

    assert (got.status, got.content_type) == (int(status), content_type.removeprefix("Content-Type: "))
    assert canonical(got.body) == canonical(expected)


def test_there_are_cases() -> None:
    assert {"seed-1-push", "seed-3-send-messages", "seed-5-send-messages-with-config"} <= CASES.keys()
