"""How long the SOAP codec takes, beside what others take for the same bytes, in one run on one core.

    python bench/codec.py [--rounds N]

Decode: seed 3's request (tests/wire/soap) from bytes to arguments. Encode: an answer of fifty statuses
from values to bytes. The baselines: lxml's parse alone (a floor), and zeep, a SOAP client, working from
this gateway's own WSDL: it writes the same request and reads the same answer. Each figure is the best
of seven samples, in microseconds; the aims are 25 for decode and 30 for encode.
"""

from __future__ import annotations

import argparse
import timeit
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lxml import etree

from heliograph.edge.soap.bindings import Binding, bindings
from heliograph.edge.soap.envelope import envelope_version, open_envelope
from heliograph.edge.soap.media import check_action, read_media
from heliograph.edge.soap.names import Soap
from heliograph.edge.soap.replies import answered
from heliograph.edge.soap.typenames import TypeNames
from heliograph.edge.soap.wsdl import document
from heliograph.edge.xml import read_xml
from heliograph.intake.carriers import MessageDeliveryStatus

ROOT = Path(__file__).resolve().parents[1]
CONTENT_TYPE = "application/soap+xml; charset=utf-8"
STATUSES = [
    MessageDeliveryStatus(status=1, status_description="Queued: stored.", messaging_id=100_000 + n) for n in range(50)
]


def seed_3() -> bytes:
    """The request of the wire case: what stands between its head and its dashes."""
    case = (ROOT / "tests/wire/soap/seed-3-send-messages.wire").read_bytes()
    return case.split(b"\n---\n")[0].partition(b"\n\n")[2]


def decode(body: bytes) -> dict[str, Any]:
    """What the door does with a request, from headers to arguments."""
    media = read_media(CONTENT_TYPE)
    root = read_xml(body, media.charset)
    soap = envelope_version(root)
    bound = bindings(86, "Messaging")
    envelope = open_envelope(root, soap, bound.headers, TypeNames(root, body))
    binding = bound.by_tag[str(envelope.payload.tag)]
    check_action(binding, media.action)
    return binding.arguments(envelope)


def send_messages() -> Binding:
    """The operation of both measurements."""
    return next(each for each in bindings(86, "Messaging").by_tag.values() if each.operation.name == "SendMessages")


def encode() -> bytes:
    """What the door does with a result."""
    return answered(Soap.V12, 86, send_messages_bound.reply(STATUSES), {}).body


send_messages_bound = send_messages()


def zeep_pair(answer: bytes) -> tuple[Callable[[], object], Callable[[], object]]:
    """zeep writing seed 3's request, and zeep reading the answer."""
    from zeep import Client

    with TemporaryDirectory() as folder:
        path = Path(folder) / "Messaging.wsdl"
        path.write_bytes(document(86, "Messaging", "singleWsdl", "http://127.0.0.1/Messaging.svc"))
        client = Client(str(path))
    factory = client.type_factory("ns0")
    message = {"From": "", "To": "", "Content": "", "Format": "", "ParentMessagingId": 0, "SuggestedSessionKey": ""}
    headers = {"Credentials": factory.SoCredentials(Ticket="7T:1234abcxyzExample==")}
    messages = factory.ArrayOfOutgoingMessage([message])
    binding = client.service._binding
    operation = binding.get("SendMessages")

    def write() -> object:
        made = client.create_message(
            client.service, "SendMessages", Plugin="", OutgoingMessages=messages, _soapheaders=headers
        )
        return etree.tostring(made)

    def read() -> object:
        return operation.process_reply(etree.fromstring(answer))

    return write, read


def best(work: Callable[[], object], rounds: int) -> float:
    """Microseconds for one, in the best of seven samples."""
    return min(timeit.repeat(work, number=rounds, repeat=7)) / rounds * 1e6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=1000)
    rounds = parser.parse_args().rounds
    request = seed_3()
    answer = answered(Soap.V11, 86, send_messages_bound.reply(STATUSES), {}).body
    zeep_write, zeep_read = zeep_pair(answer)
    rows: list[tuple[str, str, float]] = [
        ("decode", f"heliograph, {len(request)} bytes to arguments", best(lambda: decode(request), rounds)),
        ("decode", "lxml, the parse alone", best(lambda: etree.fromstring(request), rounds)),
        ("decode", "zeep, values to the same request", best(zeep_write, max(rounds // 20, 5))),
        ("encode", "heliograph, 50 statuses to bytes", best(encode, rounds)),
        ("encode", "lxml, the parse of that answer alone", best(lambda: etree.fromstring(answer), rounds)),
        ("encode", "zeep, that answer to values", best(zeep_read, max(rounds // 50, 5))),
    ]
    for side, what, microseconds in rows:
        print(f"{side}  {what:<42} {microseconds:10.1f} us")


if __name__ == "__main__":
    main()
