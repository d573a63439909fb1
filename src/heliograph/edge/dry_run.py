"""`?dry_run=true` on an address that sends: the answer tells what would be sent, and nothing is."""

from __future__ import annotations

from urllib.parse import parse_qsl

import msgspec

from heliograph.core.errors import Malformed
from heliograph.edge.http.messages import Answer
from heliograph.intake.dry_run import DryRun

PARAMETER = "dry_run"
_LETTERS = "dryrun"
_WORDS = {"true": True, "1": True, "": True, "false": False, "0": False}
_HEADERS = (("cache-control", "no-store"), ("x-content-type-options", "nosniff"))


def asked(query: bytes) -> bool:
    """Whether the query string asks for a dry run. Raises Malformed for a value that is neither true nor false.

    Guessing would be wrong either way: a real message is sent, or one is not that was meant to be. For the same reason
    the name is known however it is written: dryRun, dry-run.
    """
    if b"dry" not in query.lower() and b"%" not in query:
        return False
    pairs = parse_qsl(query.decode("ascii", "replace"), keep_blank_values=True)
    given = [value.lower() for name, value in pairs if _letters(name) == _LETTERS]
    if any(value not in _WORDS for value in given):
        raise Malformed("dry_run must be true or false.")
    return any(_WORDS[value] for value in given)


def _letters(name: str) -> str:
    return "".join(char for char in name.lower() if char.isalpha())


def answer(run: DryRun) -> Answer:
    """Always JSON: what a dry run tells is in none of the contract's forms."""
    return Answer(200, "application/json; charset=utf-8", msgspec.json.encode({"dry_run": run}), _HEADERS)
