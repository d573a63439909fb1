"""What an SMS would be: parts, alphabet, octets, and a hint where it could cost less. Pure."""

from __future__ import annotations

from heliograph.channels.sms.hints import hint
from heliograph.channels.sms.letters import Sms
from heliograph.channels.sms.parts import Alphabet
from heliograph.core.outcome import Refused
from heliograph.core.preview import Preview


def preview(sms: Sms | Refused, *, wide: bool = False, latin1: bool = False) -> Preview:
    """For `Previewing`; `wide` and `latin1` as for `plan`."""
    if isinstance(sms, Refused):
        return Preview(parts=0, refused=sms.detail)
    cut = sms.plan
    return Preview(
        size=(cut.units * 7 + 7) // 8 if cut.alphabet is Alphabet.GSM else cut.units * 2,
        parts=len(cut.parts),
        encoding=cut.alphabet.value,
        hint=hint("".join(cut.parts), cut, wide=wide, latin1=latin1),
    )
