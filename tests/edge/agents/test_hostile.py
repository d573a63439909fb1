"""Whatever is sent, a call's arguments are read or refused: nothing else comes of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.core.errors import Malformed
from heliograph.edge.agents.bindings import Binding, arguments, bindings
from heliograph.edge.agents.media import Kind, Media
from heliograph.edge.agents.samples import request_sample

pytestmark = pytest.mark.anyio

BINDINGS = [binding for binding in bindings().values() if binding.members]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("PT1H") | st.just("1:30"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def bent_bodies(draw: st.DrawFn) -> tuple[Binding, bytes]:
    """The sample of an operation with some of its values replaced by anything."""
    binding = draw(st.sampled_from(BINDINGS))

    def bent(value: Any) -> Any:
        if draw(st.integers(0, 3)) == 0:
            return draw(VALUES)
        if isinstance(value, dict):
            return {draw(st.sampled_from([name, name.lower()])): bent(each) for name, each in value.items()}
        return [bent(each) for each in value] if isinstance(value, list) else value

    return binding, json.dumps(bent(request_sample(binding.operation))).encode()


async def read_or_refused(binding: Binding, kind: Kind, body: bytes) -> None:
    try:
        given = await arguments(binding, Media(kind, ""), body)
    except Malformed:
        return
    assert set(given) == {member.attr for member in binding.operation.request}


@settings(max_examples=300, deadline=None)
@given(bent_bodies())
async def test_a_bent_body_is_read_or_refused(case: tuple[Binding, bytes]) -> None:
    await read_or_refused(case[0], Kind.JSON, case[1])


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(BINDINGS), st.sampled_from(list(Kind)), st.binary(max_size=60))
async def test_any_bytes_are_read_or_refused(binding: Binding, kind: Kind, body: bytes) -> None:
    await read_or_refused(binding, kind, body)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(BINDINGS),
    st.lists(st.tuples(st.from_regex(r"\A(Message|AssociateIds|Plugin|a)([.\[\]a-z0-9]{0,8})\Z"), st.text(max_size=4))),
)
async def test_a_bent_form_is_read_or_refused(binding: Binding, fields: list[tuple[str, str]]) -> None:
    body = "&".join(f"{name}={value.encode('unicode_escape').decode()}" for name, value in fields)
    await read_or_refused(binding, Kind.FORM, body.encode("utf-8", "replace"))


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"Message":' * 50_000, b"1" * 100_000, b'{"Plugin": 1e999}'])
async def test_what_is_too_deep_or_too_long_is_refused(body: bytes) -> None:
    binding = bindings()["messaging", "sendmessages"]
    with pytest.raises(Malformed):
        await arguments(binding, Media(Kind.JSON, ""), body)


async def test_a_large_body_is_read_like_a_small_one() -> None:
    binding = bindings()["messaging", "getdeliverystatus"]
    body = json.dumps({"MessagingIds": list(range(50_000))}).encode()
    assert (await arguments(binding, Media(Kind.JSON, ""), body))["messaging_ids"] == list(range(50_000))
    with pytest.raises(Malformed, match=r"MessagingIds\[50000\]"):
        await arguments(binding, Media(Kind.JSON, ""), body[:-2] + b', "x"]}')
