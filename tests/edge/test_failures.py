"""Every error of the tree has a row of its own, and every row says something a caller can act on."""

from __future__ import annotations

import pytest

from heliograph.core import errors
from heliograph.edge import failures

DIALECT_STATUSES = {400, 401, 405, 413, 429, 500, 503}  # what the vendor's endpoints may answer
OWN_STATUSES = DIALECT_STATUSES | {403, 404, 409, 422}  # what the product's own endpoints may answer besides
ALWAYS = {
    "Malformed",
    "UnsafeXml",
    "UnsupportedMedia",
    "TooLarge",
    "UnknownRoute",
    "UnknownOperation",
    "ActionMismatch",
    "MisplacedHeader",
    "StillRunning",
    "KeyReused",
    "Unavailable",
}


def _tree(kind: type[errors.HeliographError]) -> list[type[errors.HeliographError]]:
    below = [deeper for child in kind.__subclasses__() for deeper in _tree(child)]
    return [kind, *below]


def _leaves() -> list[type[errors.HeliographError]]:
    return [kind for kind in _tree(errors.HeliographError) if not kind.__subclasses__()]


@pytest.mark.parametrize("kind", _leaves(), ids=lambda kind: kind.__name__)
def test_every_leaf_of_the_error_tree_has_a_row_of_its_own(kind: type[errors.HeliographError]) -> None:
    assert failures.TABLE[kind] is failures.row(kind("what happened"))


def test_the_table_names_no_error_that_is_not_in_the_tree() -> None:
    assert set(failures.TABLE) <= set(_tree(errors.HeliographError))


@pytest.mark.parametrize("kind", failures.TABLE, ids=lambda kind: kind.__name__)
def test_a_row_is_complete(kind: type[Exception]) -> None:
    row = failures.TABLE[kind]
    assert row.http_status in OWN_STATUSES
    assert row.error_code
    assert row.exception_type.startswith("SuperOffice.Exceptions.So")
    passes = row.http_status >= 500 or row.http_status == 429 or kind is errors.StillRunning
    assert (row.fault == "Server") == passes


def test_what_is_refused_before_the_service_is_always_a_fault() -> None:
    assert {kind.__name__ for kind, row in failures.TABLE.items() if row.always_fault} == ALWAYS


def test_a_new_kind_of_caller_error_takes_its_parents_row() -> None:
    class TooShort(errors.MissingArgument):
        """Too short."""

    assert failures.row(TooShort()) is failures.TABLE[errors.MissingArgument]


def test_an_unexpected_exception_is_a_generic_failure_that_tells_nothing_of_its_cause() -> None:
    cause = RuntimeError("password=hunter2")
    assert failures.row(cause) is failures.GENERIC
    assert "hunter2" not in failures.told(cause)
    assert failures.told(errors.BadSetting("the key file /etc/x")) == failures.GENERIC_SENTENCE


def test_a_caller_error_is_told_in_its_own_words() -> None:
    assert failures.told(errors.MissingArgument("Title is required.")) == "Title is required."
    assert failures.told(errors.Unavailable()) == "The gateway cannot take this right now; try again shortly."


def test_only_errors_that_pass_say_when_to_try_again() -> None:
    assert failures.retry_after(errors.Unavailable(retry_after=0.2)) == 1
    assert failures.retry_after(errors.TooMany(retry_after=2.1)) == 3
    assert failures.retry_after(errors.Malformed()) is None
