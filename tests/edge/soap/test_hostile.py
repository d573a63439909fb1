"""Bodies made to harm: entities, encodings that lie, floods. All are refused, quickly, and nothing is done."""

from __future__ import annotations

import codecs
import time
from collections.abc import Callable

import pytest
from tests.edge.soap.desk import TICKET, Desk
from tests.edge.soap.envelopes import Told, call, push

pytestmark = pytest.mark.anyio

WORST = 0.05  # seconds of CPU that one hostile body may cost
TRIES = 5  # the best counts: a busy machine makes any one of them slow


async def cost(raw: bytes, agent: str = "Pocket") -> tuple[Told, Desk, float]:
    """The reply, the desk it came to, and the CPU seconds that it took."""
    best = float("inf")
    for _ in range(TRIES):
        desk = Desk()
        started = time.process_time()
        reply = await desk.post(raw, agent=agent)
        best = min(best, time.process_time() - started)
        if best < WORST:
            break
    return Told(reply), desk, best


TITLE = "Lys p\u00e5 \u2014 fyret \U0001f514"


def with_dtd(internal: str, title: str = "x") -> str:
    return f"<!DOCTYPE e [{internal}]>{push(f'<n:Title>{title}</n:Title>')}"


DOCTYPES = {
    "billion laughs": with_dtd(
        '<!ENTITY a "ha">'
        + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
        "&i;",
    ),
    "quadratic": with_dtd(f'<!ENTITY a "{"x" * 50_000}">', "&a;" * 1000),
    "cyclic": with_dtd('<!ENTITY a "&b;"><!ENTITY b "&a;">', "&a;"),
    "external file": with_dtd('<!ENTITY a SYSTEM "file:///etc/hostname">', "&a;"),
    "external http": with_dtd('<!ENTITY a SYSTEM "http://127.0.0.1:9/x">', "&a;"),
    "parameter entity": with_dtd('<!ENTITY % a SYSTEM "file:///etc/hostname"> %a;'),
    "external dtd": f'<!DOCTYPE e SYSTEM "http://127.0.0.1:9/x.dtd">{push()}',
    "public dtd": f'<!DOCTYPE e PUBLIC "-//x" "file:///x.dtd">{push()}',
    "after a comment": f'<?xml version="1.0"?><!-- a --> <!-- <b> --><!DOCTYPE e>{push()}',
    "in capitals only": f"<!doctype e>{push()}",
    "empty": f"<!DOCTYPE e>{push()}",
}


@pytest.mark.parametrize("name", DOCTYPES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
async def test_every_doctype_is_refused(name: str, encoding: str, desk: Desk) -> None:
    told = Told(await desk.post(DOCTYPES[name].encode(encoding), agent="Pocket", content_type="text/xml"))
    assert told.fault == "Client"
    assert desk.calls == []


@pytest.mark.parametrize(
    "title",
    [
        "<!-- <!DOCTYPE e> -->x",
        "<![CDATA[<!DOCTYPE e [<!ENTITY a 'b'>]>]]>",
        "&lt;!DOCTYPE e&gt;",
        "<![CDATA[<?php ?>]]>",
    ],
)
async def test_what_only_looks_like_a_doctype_or_an_instruction_is_text(title: str, desk: Desk) -> None:
    body = f"<!-- <!DOCTYPE e> --><!--<?x?>-->{push(f'<n:Title>{title}</n:Title>')}"
    told = Told(await desk.post(body, agent="Pocket"))
    assert told.text("Succeeded") == "true"


@pytest.mark.parametrize(
    "body",
    [
        f'<?xml-stylesheet href="http://127.0.0.1:9/x.xsl"?>{push()}',
        push("<n:Title>a<?php echo 1?>b</n:Title>"),
        f"{push()}<?late?>",
        push("<n:Title>&nbsp;</n:Title>"),
        push("<n:Title>&#0;</n:Title>"),
        push("<n:Title>&#xD800;</n:Title>"),
        push("<n:Title>\x01</n:Title>"),
        push("<n:Title>]]></n:Title>"),
        push("<zz:Title>unbound</zz:Title>"),
        push('<n:Title a="1" a="2"/>'),
        f"{push()}<again/>",
        f"x{push()}",
        f" <?xml version='1.0'?>{push()}",
    ],
)
async def test_what_is_not_wellformed_or_not_wanted_is_a_fault(body: str, desk: Desk) -> None:
    told = Told(await desk.post(body, agent="Pocket"))
    assert told.fault == "Client"
    assert desk.calls == []


async def test_xinclude_schema_locations_and_bases_are_not_followed(desk: Desk) -> None:
    include = '<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="file:///etc/hostname" parse="text"/>'
    located = 'i:schemaLocation="urn:x http://127.0.0.1:9/x.xsd" xml:base="http://127.0.0.1:9/"'
    refused = Told(await desk.post(push(f"<n:Title>{include}</n:Title>"), agent="Pocket"))
    assert refused.wrapped == "SoInvalidArgumentException"
    await desk.post(push("<n:Title>t</n:Title>").replace("<n:Message>", f"<n:Message {located}>", 1), agent="Pocket")
    assert desk.last["message"].title == "t"


XML = push(f"<n:Title>{TITLE}</n:Title>")


def declared(encoding: str) -> str:
    return f'<?xml version="1.0" encoding="{encoding}"?>{XML}'


GOOD_BYTES: dict[str, tuple[bytes, str]] = {
    "utf-8": (XML.encode(), ""),
    "utf-8 declared": (declared("UTF-8").encode(), "utf-8"),
    "utf-8 with a mark": (codecs.BOM_UTF8 + declared("utf-8").encode(), "UTF-8"),
    "charset in quotes": (XML.encode(), '"utf-8"'),
    "utf-16 with a mark": (XML.encode("utf-16"), ""),
    "utf-16le declared": (codecs.BOM_UTF16_LE + declared("utf-16").encode("utf-16-le"), "utf-16"),
    "utf-16be declared": (codecs.BOM_UTF16_BE + declared("UTF-16").encode("utf-16-be"), "utf-16"),
}
BAD_BYTES: dict[str, tuple[bytes, str]] = {
    "utf-16le without a mark": (XML.encode("utf-16-le"), "utf-16"),
    "utf-16be without a mark": (XML.encode("utf-16-be"), ""),
    "utf-16 declared utf-8": (declared("utf-8").encode("utf-16"), ""),
    "utf-8 declared utf-16": (declared("utf-16").encode(), ""),
    "utf-8 labelled utf-16": (XML.encode(), "utf-16"),
    "utf-8 labelled latin-1": (XML.encode(), "iso-8859-1"),
    "utf-8 with a mark declared latin-1": (codecs.BOM_UTF8 + declared("iso-8859-1").encode(), ""),
    "latin-1": (declared("iso-8859-1").encode("latin-1", "replace"), "iso-8859-1"),
    "utf-32": (XML.encode("utf-32"), "utf-32"),
    "utf-7 declared": (declared("utf-7").encode("utf-7"), ""),
    "utf-7 labelled": (XML.encode("utf-7"), "utf-7"),
    "ebcdic": (declared("cp037").encode("cp037", "replace"), ""),
    "shift_jis declared": (declared("shift_jis").encode("shift_jis", "replace"), ""),
    "unknown encoding": (declared("x-lighthouse").encode(), ""),
    "overlong": (XML.encode().replace(b"Lys", b"\xc0\xbcys"), ""),
    "encoded surrogate": (XML.encode().replace(b"Lys", b"\xed\xa0\x80ys"), ""),
    "half a character": (XML.encode().replace(TITLE[-1].encode(), b"\xf0\x9f"), ""),
    "odd utf-16": (XML.encode("utf-16") + b"\0", ""),
    "lone surrogate in utf-16": (XML.encode("utf-16").replace("L".encode("utf-16-le"), b"\x00\xd8"), ""),
    "nul": (XML.encode().replace(b"Lys", b"L\0s"), ""),
}


def labelled(charset: str) -> str:
    return f"text/xml; charset={charset}" if charset else "text/xml"


@pytest.mark.parametrize("name", GOOD_BYTES)
async def test_utf8_and_marked_utf16_are_read(name: str, desk: Desk) -> None:
    raw, charset = GOOD_BYTES[name]
    await desk.post(raw, agent="Pocket", content_type=labelled(charset))
    assert desk.last["message"].title == TITLE


@pytest.mark.parametrize("name", BAD_BYTES)
async def test_every_other_encoding_and_every_lie_about_it_is_refused(name: str, desk: Desk) -> None:
    raw, charset = BAD_BYTES[name]
    told = Told(await desk.post(raw, agent="Pocket", content_type=labelled(charset)))
    assert told.fault == "Client"
    assert desk.calls == []


MIB = 1 << 20
FLOODS: dict[str, Callable[[], str]] = {
    "depth 100": lambda: push("<n:a>" * 100 + "</n:a>" * 100),
    "depth 100,000": lambda: push("<n:a>" * 100_000 + "</n:a>" * 100_000),
    "depth 400,000 unclosed": lambda: push("<n:a>" * 400_000),
    "300 attributes": lambda: push(f"<n:a {' '.join(f'a{n}=``' for n in range(300))}/>".replace("``", '""')),
    "50,000 attributes": lambda: push(f"<n:a {' '.join(f'a{n}=``' for n in range(50_000))}/>".replace("``", '""')),
    "50,000 namespaces": lambda: push(
        f"<n:a {' '.join(f'xmlns:a{n}=`urn:{n}`' for n in range(50_000))}/>".replace("`", '"')
    ),
    "250,000 elements": lambda: push("<n:a/>" * 250_000),
    "a name of 2 MiB": lambda: push(f"<n:{'a' * 2 * MIB}/>"),
    "an attribute of 2 MiB": lambda: push(f'<n:a b="{"a" * 2 * MIB}"/>'),
    "an unfinished tag of 4 MiB": lambda: push() + "<" + "a" * 4 * MIB,
    "an unfinished comment of 4 MiB": lambda: "<!--" + "-" * 4 * MIB,
    "many comments and no root": lambda: "<!-- -->" * 400_000,
    "spaces and no root": lambda: " " * 4 * MIB,
    "colliding names": lambda: push(
        f"<n:a {' '.join(f'{a}{b}{c}=``' for a in 'ab' for b in 'AB' for c in range(100))}/>"
    ),
}


@pytest.mark.parametrize("name", FLOODS)
async def test_a_flood_is_refused_within_fifty_milliseconds(name: str) -> None:
    told, desk, took = await cost(FLOODS[name]().encode()[: 4 * MIB])
    assert told.fault == "Client"
    assert desk.calls == []
    assert took < WORST


async def test_many_prefixes_cannot_make_each_type_a_search() -> None:
    declarations = " ".join(f'xmlns:a{level}="urn:{level}"' for level in range(100))
    ids = f"<n:AssociateIds {declarations}>" + '<a:int i:type="x:int">1</a:int>' * 20_000 + "</n:AssociateIds>"
    raw = call("SendPushNotification", ids, "<n:Message/>").encode()
    told, _, took = await cost(raw)
    assert took < WORST
    assert told.wrapped == "SoInvalidArgumentException"
    assert "prefixes" in told.reason


HEAVY: dict[str, Callable[[], str]] = {
    "a text of 3 MiB": lambda: push(f"<n:Title>{'a' * 3 * MIB}</n:Title>"),
    "a comment of 3 MiB": lambda: push(f"<n:Title>a</n:Title><!--{'a' * 3 * MIB}-->"),
    "a CDATA section of 3 MiB": lambda: push(f"<n:Title><![CDATA[{'&' * 3 * MIB}]]></n:Title>"),
}


@pytest.mark.parametrize("name", HEAVY)
async def test_what_is_only_large_is_read_as_quickly(name: str) -> None:
    told, desk, took = await cost(HEAVY[name]().encode())
    assert told.text("Succeeded") == "true"
    assert len(desk.calls) == 1
    assert took < WORST


async def test_a_ticket_with_invisible_characters_is_another_ticket(desk: Desk) -> None:
    hidden = call("GetPlugins").replace(TICKET, TICKET[:5] + "\u200b\u202e" + TICKET[5:])
    assert Told(await desk.post(hidden)).wrapped == "SoSessionException"


async def test_utf16_labelled_utf8_is_a_lie(desk: Desk) -> None:
    for charset in ("utf-8", "UTF-8", '"utf-8"'):
        told = Told(await desk.post(XML.encode("utf-16"), agent="Pocket", content_type=labelled(charset)))
        assert told.fault == "Client"
