"""The wire in files: a request, a line of dashes, the answer that must come.

A case is read like this:

    # One sentence: the rule that the case shows.
    # encoding: utf-16                     (how the request's body is encoded; utf-8 when not said)
    POST /api/v2/push?format=json
    Content-Type: application/json

    {"Title": "{{title}}"}
    -----
    200
    content-type: application/json; charset=utf-8

    {}

`{{name}}` stands for a value of this run (see `values`), `...` in the answer for any text.
Headers of the answer that are not named may be anything; `name: (none)` says that one is absent.
Content-Length is added to the request unless the case writes its own.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from heliograph.testing.asking import Heard
from heliograph.testing.running import KEY, OTHER_KEY, PASSWORD, Town

pytestmark = pytest.mark.anyio

HERE = Path(__file__).parent
CASES = sorted([*(HERE / "rest").glob("*.wire"), *(HERE / "agents").glob("*.wire")])


def values(town: Town) -> dict[str, str]:
    """What the placeholders stand for."""
    return {
        "ticket": town.ticket,
        "key": KEY,
        "other_key": OTHER_KEY,
        "password": PASSWORD,
        "user_id": town.user.user_id,
        "dashed_user_id": re.sub(r"(.{8})(.{4})(.{4})(.{4})(.{12})", r"\1-\2-\3-\4-\5", town.user.user_id).upper(),
        "email": town.user.email,
        "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    }


def parts(text: str) -> tuple[str, list[str], str]:
    """The first line, the header lines and the body of one side of a case."""
    head, _, body = text.strip("\n").partition("\n\n")
    first, *headers = head.splitlines()
    return first, headers, body


def pattern(expected: str) -> re.Pattern[str]:
    """The expected text, with `...` for anything."""
    return re.compile(".*".join(re.escape(piece) for piece in expected.split("...")), re.DOTALL)


@pytest.mark.parametrize("case", [path.read_text(encoding="utf-8") for path in CASES], ids=[c.stem for c in CASES])
async def test_the_wire(case: str, town: Town) -> None:
    text = re.sub(r"\{\{(\w+)\}\}", lambda found: values(town)[found[1]], case)
    notes = [line for line in text.splitlines() if line.startswith("# ")]
    encoding = next((note.split(": ")[1] for note in notes if note.startswith("# encoding: ")), "utf-8")
    said, expected = re.split(r"^-{5,}$", text.partition("\n".join(notes))[2], maxsplit=1, flags=re.MULTILINE)
    request, header_lines, body = parts(said)
    method, target = request.split(" ")
    headers = dict(line.split(": ", 1) for line in header_lines)
    check(await town.ask(method, target, headers, body.encode(encoding)), expected)


def check(heard: Heard, expected: str) -> None:
    status, headers, body = parts(expected)
    assert (heard.status, heard.text) == (int(status), heard.text)
    for line in headers:
        name, _, value = line.partition(": ")
        found = heard.headers.get(name.lower(), "(none)")
        assert pattern(value).fullmatch(found), f"{name}: {found}"
    assert pattern(body).fullmatch(heard.text), f"\nexpected: {body}\nanswered: {heard.text}"


def test_there_are_cases_and_each_says_what_it_shows() -> None:
    assert len(CASES) >= 40
    assert [path.name for path in CASES if not path.read_text(encoding="utf-8").startswith("# ")] == []
