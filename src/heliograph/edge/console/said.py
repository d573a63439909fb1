"""What the console says after a button was pressed: a word and two numbers in the address, a sentence on the page.

The address holds no sentence, so that nobody can make one up for somebody else to read.
"""

from __future__ import annotations

from starlette.datastructures import QueryParams

from heliograph.edge.console.words import count

_SENTENCES = {
    "retried": "{n} of {deliveries} sent again.",
    "cancelled": "{n} of {deliveries} cancelled.",
    "none": "Nothing was chosen.",
    "kept": "None was sent again: past its time to live, gone another way, or moved on meanwhile.",
    "reloaded": "The scripts were read again. As they stand in their files serve: {n}. In trouble: {of}.",
    "ended": "The sign-in has ended.",
    "gone": "It was not there any more.",
}


def sentence(query: QueryParams) -> str:
    """The sentence; empty where the address asks for none that there is."""
    n, of = _number(query.get("n", "")), _number(query.get("of", ""))
    told = _SENTENCES.get(query.get("did", ""), "")
    return told.format(n=f"{n:,}", of=f"{of:,}", deliveries=count(of, "delivery", "deliveries"))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
