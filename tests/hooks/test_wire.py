"""Frames between gateway and worker, however the bytes are cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.hooks.signatures import camel, event_names, snake
from heliograph.hooks.wire import Done, Failed, Told, from_worker
from heliograph.workers.frames import LARGEST, BrokenFrame, Unpacker, packed


@given(st.lists(st.binary(max_size=40), max_size=8), st.data())
def test_frames_come_out_whole_however_the_bytes_are_cut(values: list[bytes], data: st.DataObject) -> None:
    frames = [Told(number, value) for number, value in enumerate(values)]
    stream = b"".join(map(packed, frames))
    unpacker, bodies, at = Unpacker(), [], 0
    while at < len(stream):
        size = data.draw(st.integers(1, len(stream) - at))
        bodies += unpacker.feed(stream[at : at + size])
        at += size
    assert bodies == [packed(frame)[4:] for frame in frames]


def test_a_frame_larger_than_any_may_be_is_refused_before_it_is_there() -> None:
    with pytest.raises(BrokenFrame):
        list(Unpacker().feed((LARGEST + 1).to_bytes(4, "big")))


def test_what_is_packed_reads_the_same() -> None:
    done = Done(7, b"{}", None, {"a.py": b"\x01"}, [Failed("a.py", "no oil")], "No.", "a.py")
    assert from_worker(packed(done)[4:]) == done


def test_names_of_events_come_in_both_spellings() -> None:
    assert event_names(["SendMessagesWithConfig"]) == {
        "before_send_messages_with_config": ("before", "SendMessagesWithConfig"),
        "after_send_messages_with_config": ("after", "SendMessagesWithConfig"),
        "after_send_messages_with_config_async": ("after_async", "SendMessagesWithConfig"),
        "BeforeSendMessagesWithConfig": ("before", "SendMessagesWithConfig"),
        "AfterSendMessagesWithConfig": ("after", "SendMessagesWithConfig"),
        "AfterSendMessagesWithConfigAsync": ("after_async", "SendMessagesWithConfig"),
    }
    assert (snake("GetPlugins"), camel("associate_ids"), camel("from_")) == ("get_plugins", "associateIds", "from")
