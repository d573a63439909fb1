"""Markup is made by tags alone; text stays text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree, html

from heliograph.core.lifecycle import LATER_WORDS, State
from heliograph.edge.console.dead_letters import STATES_SHOWN
from heliograph.edge.console.delivery import SAID
from heliograph.edge.console.frame import link
from heliograph.edge.console.words import STATES, count, span, when
from heliograph.edge.markup import Html, as_written, flow, tag


@given(st.text(max_size=200), st.text(max_size=200))
def test_whatever_text_comes_in_no_element_and_no_attribute_comes_of_it(text: str, value: str) -> None:
    made = tag("p", tag("b", text), text, title=value, data_x=text)
    [paragraph] = html.fragments_fromstring(f"<div>{made}</div>")
    assert isinstance(paragraph, etree._Element)
    [inner] = paragraph
    assert inner.tag == "p"
    assert [each.tag for each in inner] == ["b"]
    assert set(inner.attrib) == {"title", "data-x"}


def test_only_what_tag_made_is_markup() -> None:
    assert tag("p", "<b>", Html("<i></i>"), ["&", None, False, 5]) == "<p>&lt;b&gt;<i></i>&amp;5</p>"
    assert tag("input", name="a", disabled=True, value=None, class_="x") == '<input name="a" disabled class="x">'
    assert flow("a", ["b", tag("br")]) == "ab<br>"


@pytest.mark.parametrize("unseen", ["\u202e", "\x00", "\x1b", "\u2066", "\x85", "\u200f"])
def test_what_turns_or_hides_writing_is_shown_as_what_it_is(unseen: str) -> None:
    assert tag("p", f"a{unseen}b") == "<p>a\ufffdb</p>"


@given(st.text(max_size=200))
def test_text_that_keeps_its_marks_makes_no_element_either(text: str) -> None:
    [around] = html.fragments_fromstring(f"<div>{tag('p', as_written(text))}</div>")
    assert isinstance(around, etree._Element)
    [paragraph] = around
    assert (len(paragraph), len(paragraph.attrib)) == (0, 0)
    assert tag("p", as_written("\u200f<b>")) == "<p>\u200f&lt;b&gt;</p>"


def test_an_address_keeps_its_values_apart() -> None:
    assert link("/messages", recipient="a&b=c d", state="", before=None) == "/console/messages?recipient=a%26b%3Dc+d"


def test_whatever_can_be_said_of_a_delivery_later_has_its_words() -> None:
    assert set(SAID) == LATER_WORDS


def test_every_state_has_its_words() -> None:
    assert set(STATES) == set(State)
    assert set(STATES_SHOWN) < set(State)


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.4, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (7200, "2 h"), (86400, "1 day"), (-200000, "2 days")]
)  # fmt: skip
def test_lengths_of_time(seconds: float, told: str) -> None:
    assert span(seconds) == told


def test_moments() -> None:
    assert ">in 2 h<" in when(7_200_000 + 10**12, 10**12)
    assert ">1 min ago<" in when(10**12 - 61_000, 10**12)
    assert 'title="2001-09-09 01:46:40 UTC"' in when(10**12, 10**12)
    assert count(1, "delivery", "deliveries") == "1 delivery"
    assert count(1200, "host") == "1,200 hosts"
