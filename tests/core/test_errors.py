"""Every error says a whole sentence and has a code of its own."""

from __future__ import annotations

from collections.abc import Iterator

from heliograph.core.errors import HeliographError, InvalidArgument, MissingArgument, sentence


def family(kind: type[HeliographError]) -> Iterator[type[HeliographError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from family(child)


def test_every_error_has_its_own_code_and_a_sentence() -> None:
    kinds = [kind for kind in family(HeliographError) if kind.__module__.startswith("heliograph.core")]
    codes = [kind.code for kind in kinds]
    assert len(codes) == len(set(codes))
    assert all(sentence(kind).endswith(".") for kind in kinds)


def test_an_error_without_words_of_its_own_says_its_sentence() -> None:
    assert str(InvalidArgument()) == "An argument breaks a rule."


def test_a_named_field_is_told_with_the_rule_it_broke() -> None:
    [field] = MissingArgument("Title is required.", field="Title").fields
    assert (field.field, field.code, field.message) == ("Title", "NotEmpty", "Title is required.")
