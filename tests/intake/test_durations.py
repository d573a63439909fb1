"""xs:duration there and back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.intake.durations import iso_duration, parse_duration

spans = st.timedeltas(min_value=timedelta(days=-10_000_000), max_value=timedelta(days=10_000_000))


@given(spans)
def test_what_is_written_reads_back_as_the_same_span(span: timedelta) -> None:
    assert parse_duration(iso_duration(span)) == span


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("PT1H30M", timedelta(hours=1, minutes=30)),
        ("P2D", timedelta(days=2)),
        ("-PT0.5S", timedelta(milliseconds=-500)),
        ("PT36H", timedelta(hours=36)),
        ("PT0.0000001S", timedelta(0)),
        ("PT.5S", timedelta(milliseconds=500)),
    ],
)
def test_forms_that_net_clients_write_are_read(text: str, span: timedelta) -> None:
    assert parse_duration(text) == span


@pytest.mark.parametrize(
    "text",
    ["", "P", "-P", "PT", "P1Y", "P1M", "1:30:00", "P1DT", "PT1H1H", "PT1.5H", "+PT1S", " PT1S", "PT1S\n", "P1٣D",
     "P99999999999999999D", "P10675200D", "PTS", "PT.S", "P9999999999999999999999D"],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_duration(text)


@given(st.text(alphabet="P-TDHMS0123456789.", max_size=30))
def test_no_text_makes_the_reader_fail_in_any_other_way(text: str) -> None:
    try:
        span = parse_duration(text)
    except ValueError:
        return
    assert parse_duration(iso_duration(span)) == span
