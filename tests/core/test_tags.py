"""Tag strings: what a device wants to hear of."""

from __future__ import annotations

import pytest

from heliograph.core.errors import InvalidArgument
from heliograph.core.message import PushType
from heliograph.core.tags import LONGEST, TAG_OF, complete_tags, parse_tags, tags_of, takes
from heliograph.testing.builders import a_push

EVERYTHING = "message=1,important=1,remoteaction=1,question=1,webpage=1"


def test_a_device_that_said_nothing_takes_everything() -> None:
    assert complete_tags("") == EVERYTHING
    assert takes("", ["message"])


def test_a_tag_set_to_zero_is_not_taken_and_the_rest_is_filled_in() -> None:
    assert complete_tags(" question=0 ") == EVERYTHING.replace("question=1", "question=0")
    assert not takes("question=0", ["question"])
    assert takes("question = 0", ["message"])


def test_free_tags_follow_in_the_order_given_and_a_bare_name_is_wanted() -> None:
    assert complete_tags("meetings,invitations=0") == f"{EVERYTHING},meetings=1,invitations=0"


def test_of_two_equal_names_the_last_counts() -> None:
    assert parse_tags("a=1,a=0") == {"a": False}


def test_completing_twice_changes_nothing() -> None:
    once = complete_tags("webpage=0,meetings=0")
    assert complete_tags(once) == once


@pytest.mark.parametrize("text", ["=1", "a=2", "a=yes", "a=", "a=1=0"])
def test_what_is_no_tag_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        complete_tags(text)
    assert caught.value.fields[0].field == "Tags"


def test_a_tag_string_has_a_longest_length() -> None:
    with pytest.raises(InvalidArgument):
        complete_tags("x" * LONGEST)


def test_every_type_of_push_has_a_tag() -> None:
    assert set(TAG_OF) == set(PushType)


def test_a_push_goes_under_its_type_and_under_the_tag_its_sender_names() -> None:
    assert tags_of(a_push(type=PushType.QUESTION)) == ("question",)
    assert tags_of(a_push(data={"tag": " meetings "})) == ("message", "meetings")


def test_one_tag_opted_out_of_keeps_a_push_away() -> None:
    assert not takes("meetings=0", ("message", "meetings"))
    assert not takes("message = 0,meetings", ("message", "meetings"))
    assert takes("storms=0", ("message", "meetings"))
