"""The token that proves who we are to Apple: signed anew in time, and never too often."""

from __future__ import annotations

from heliograph.channels.jose import SigningKey, signed_token
from heliograph.core.ports import Clock

RENEW_AFTER = 45 * 60  # seconds; Apple takes a token for an hour
KEEP_FOR = 20 * 60  # seconds within which Apple wants to see no other token


class ProviderToken:
    """One signing key's token. Apple: "refresh no more than once every 20 minutes and no less than once every 60"."""

    def __init__(self, key: SigningKey, key_id: str, team_id: str, clock: Clock) -> None:
        self._key = key
        self._key_id = key_id
        self._team_id = team_id
        self._clock = clock
        self._text = ""
        self._issued = 0  # seconds since the epoch, by the wall clock that Apple compares with its own
        self._made = 0.0  # the same moment, by the clock that never goes back

    def __repr__(self) -> str:
        return f"ProviderToken(key_id={self._key_id!r})"

    @property
    def age(self) -> float:
        """Seconds since the token was signed; infinite when there is none."""
        return self._clock.monotonic() - self._made if self._text else float("inf")

    def header(self) -> str:
        """The authorization header's value; the same text until it is time to renew it."""
        age = self.age
        if age >= KEEP_FOR and (age >= RENEW_AFTER or self._drifted):
            self._sign()
        return self._text

    def is_current(self, header: str) -> bool:
        """Whether nothing newer has been signed since this was sent."""
        return header == self._text

    def renew(self) -> bool:
        """Sign a new one because Apple calls this one expired; False when it is too young to be replaced."""
        if self.age < KEEP_FOR:
            return False
        self._sign()
        return True

    @property
    def _drifted(self) -> bool:
        """Whether the wall clock was set to another time since, so that the token's time of issue is wrong."""
        return abs((self._clock.now() / 1000 - self._issued) - self.age) > 60

    def _sign(self) -> None:
        self._issued, self._made = self._clock.now() // 1000, self._clock.monotonic()
        claims = {"iss": self._team_id, "iat": self._issued}
        self._text = "bearer " + signed_token(self._key, claims, key_id=self._key_id)
