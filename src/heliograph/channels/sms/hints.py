"""Says which few characters make an SMS cost more than it need, and what to write in their place. Pure."""

from __future__ import annotations

import unicodedata

from heliograph.channels.sms import gsm
from heliograph.channels.sms.parts import Alphabet, Plan, mended, plan

MOST = 3  # different characters; a text with more of them is in another script, and meant to be

#: What means the same to a reader and is in the GSM alphabet. Letters lose their accents without a row here.
INSTEAD: dict[str, str] = {
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4`\u2039\u203a\u02bc", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2022\u00b7", "-"),
    **dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u200a\u202f\u3000\t", " "),
    **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad", ""),
    "\u2026": "...",
    "\u00d7": "x",
    "\u2122": "TM",
    "\u00a9": "(C)",
    "\u00ae": "(R)",
    "\u00b0": " degrees",
    "\u00bd": "1/2",
    "\u00bc": "1/4",
    "\u00be": "3/4",
    "\u0142": "l",
    "\u0131": "i",
}


def hint(text: str, cut: Plan, *, wide: bool = False, latin1: bool = False) -> str:
    """One sentence when a few characters force UCS-2 and that makes more parts; else empty.

    `cut`, `wide` and `latin1` are the plan of that text and how it was made.
    """
    if cut.alphabet is Alphabet.GSM:
        return ""
    strangers = [char for char in dict.fromkeys(mended(text)) if _is_stranger(char, latin1)]
    if not 0 < len(strangers) <= MOST:
        return ""
    instead = [_instead(char, latin1) for char in strangers]
    without = mended(text).translate({ord(char): new or "" for char, new in zip(strangers, instead, strict=True)})
    parts = len(plan(without, wide=wide, latin1=latin1).parts)
    if parts >= len(cut.parts):
        return ""
    one = len(strangers) == 1
    named = f"{_listed(list(map(_named, strangers)))} {'forces' if one else 'force'} UCS-2"
    it = "it" if one else "them"
    if any(new is None for new in instead):
        return f"{named}: {len(cut.parts)} parts; without {it} {parts} would do."
    shown = _listed([_shown(new) for new in instead if new is not None])
    return f"{named}: {len(cut.parts)} parts instead of {parts}; replace {it} by {shown}."


def _is_stranger(char: str, latin1: bool) -> bool:
    return not gsm.septets(char) or (latin1 and ord(char) > 0xFF)


def _instead(char: str, latin1: bool) -> str | None:
    """What to write instead; None when nothing means the same."""
    new = INSTEAD.get(char)
    if new is None:
        base = unicodedata.normalize("NFD", char)[0]
        new = base if base != char and base.isalpha() else None
    return None if new is None or any(_is_stranger(part, latin1) for part in new) else new


def _named(char: str) -> str:
    code = f"U+{ord(char):04X}"
    return f"{code} {char}" if char.isprintable() and not char.isspace() else code


def _shown(new: str) -> str:
    return {"": "nothing", " ": "a space"}.get(new, new.strip())


def _listed(words: list[str]) -> str:
    *head, last = words
    return f"{', '.join(head)} and {last}" if head else last
