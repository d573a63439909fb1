"""The stub's little language: the words a message may ask with, and the answer each stands for."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from heliograph.core.outcome import Accepted, Deferred, Gone, Outcome, Refused

_LONGEST = 86_400.0  # seconds; longer waits than a day serve no test

#: Word -> the answer, given the number written after it (None when there is none).
ANSWERS: dict[str, Callable[[float | None], Outcome]] = {
    "accepted": lambda _: Accepted(provider_id="stub", detail="accepted as asked"),
    "delivered": lambda _: Accepted(provider_id="stub", detail="delivered as asked", delivered=True),
    "deferred": lambda seconds: Deferred("deferred as asked", retry_after=seconds),
    "slow": lambda seconds: Deferred("slowed down as asked", retry_after=seconds, lane=True),
    "lost": lambda _: Deferred("the answer was lost, as asked", in_doubt=True),
    "paused": lambda _: Deferred("paused as asked", pause="the stub was asked to pause"),
    "refused": lambda _: Refused("refused as asked"),
    "gone": lambda _: Gone("gone as asked"),
    "crash": lambda _: _crash(),
}

_ASKED = re.compile(r"^\s*stub:(.*)$", re.IGNORECASE | re.MULTILINE)
_STEP = re.compile(r"\s*([a-z]+)(?:\s+(\d{1,6}(?:\.\d{1,3})?))?(?:\s+after\s+(\d{1,6}(?:\.\d{1,3})?))?\s*", re.ASCII)


class StubCrashed(RuntimeError):
    """What a channel with a bug would let escape."""


class Step(msgspec.Struct, frozen=True):
    """One attempt's answer: the word, its number, and the seconds to wait before answering."""

    word: str
    number: float | None = None
    wait: float = 0.0

    def outcome(self) -> Outcome:
        """Raises StubCrashed when a crash is asked for."""
        return ANSWERS[self.word](self.number)


def read_script(text: str) -> tuple[Step, ...]:
    """`deferred 2, accepted after 0.5` as steps. Raises ValueError naming the known words."""
    return tuple(_step(part) for part in text.lower().split(","))


def asked_in(body: str) -> tuple[Step, ...] | None:
    """The script on the first line of the body that starts with `stub:`; None when there is none that can be read."""
    line = _ASKED.search(body)
    if line is None:
        return None
    try:
        return read_script(line[1])
    except ValueError:
        return None


def step_for(script: tuple[Step, ...], attempt: int) -> Step:
    """The step of the given attempt (1 is the first); the last one stands for all that follow."""
    return script[min(attempt, len(script)) - 1]


def as_rows() -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The words for the docs, each with the outcome it stands for."""
    rows: list[tuple[str, ...]] = []
    for word, answer in ANSWERS.items():
        try:
            rows.append((f"`{word}`", f"`{answer(2.0)!r}`"))
        except StubCrashed:
            rows.append((f"`{word}`", "an exception, as from a channel with a bug"))
    head: tuple[str, ...] = ("word (with `2` as its number)", "answer")
    return head, rows


def _step(part: str) -> Step:
    match = _STEP.fullmatch(part)
    if match is None or match[1] not in ANSWERS:
        raise ValueError(f"{part.strip()[:40]!r} is not an answer the stub knows: {', '.join(ANSWERS)}")
    number = min(float(match[2]), _LONGEST) if match[2] else None
    return Step(match[1], number, min(float(match[3] or 0), _LONGEST))


def _crash() -> Outcome:
    raise StubCrashed("crashed as asked")
