"""What a channel answers after its one try: four values, never an exception."""

from __future__ import annotations

import msgspec


class Accepted(msgspec.Struct, frozen=True):
    """The provider took it."""

    provider_id: str = ""
    detail: str = ""
    delivered: bool = False  # True where taking it is delivering it (the inbox): no later receipt will come


class Deferred(msgspec.Struct, frozen=True):
    """Not now: try again later."""

    detail: str
    retry_after: float | None = None  # seconds; the provider's own wish
    in_doubt: bool = False  # the request left and the answer was lost: the message may have arrived
    lane: bool = False  # the whole channel should slow down, not this address alone
    pause: str = ""  # our configuration is wrong: stop the channel, charge no attempt
    unreachable: bool = False  # nobody was there at the channel's own provider: wait for it, and charge no attempt
    charged: bool = True  # False: the provider bore no more, whatever the message; the try is not counted
    provider_id: str = ""  # what the provider will call it, should it have taken it after all


class Refused(msgspec.Struct, frozen=True):
    """Never: this message to this address is hopeless."""

    detail: str


class Gone(msgspec.Struct, frozen=True):
    """Never, and the address is dead: forget it."""

    detail: str
    since: int | None = None  # ms since the epoch: when the provider last knew the address alive


Outcome = Accepted | Deferred | Refused | Gone
