"""The addresses at which the provider calls us back, and whether a call that comes there is its own."""

from __future__ import annotations

import hmac
from hmac import compare_digest

from heliograph.channels.http_sms.account import Account
from heliograph.channels.http_sms.profile import Profile
from heliograph.channels.http_sms.proof import Proof, signed
from heliograph.channels.http_sms.references import delivery_of
from heliograph.channels.http_sms.settings import HttpSmsSettings
from heliograph.core.errors import NotAuthenticated
from heliograph.core.reporting import ProviderCall

_KEY, _REFERENCE = "key", "ref"  # our own parameters in the addresses that we give out


class CallbackAddresses:
    """One channel's. The provider signs with our account's secret, where it signs and we have that; a message that went
    out with the caller's own account has an address of its own instead, for its secret is not ours."""

    def __init__(self, settings: HttpSmsSettings, profile: Profile, account: Account) -> None:
        self._base = settings.callback_url
        self._key = settings.callback_key.get_secret_value()
        self._provider = profile.name
        self._proof = _usable(profile, account)
        self._account = account

    def url(self, reference: str = "") -> str:
        """Where receipts are asked for; with a reference, an address for that message alone. Empty: they are not."""
        if not self._base or (reference and not self._key):
            return ""
        if reference:
            own = f"{_REFERENCE}={reference}&{_KEY}={self._key_of(reference)}"
        else:
            own = f"{_KEY}={self._key}" if self._key else ""
        joint = "&" if "?" in self._base else "?"
        return f"{self._base}{joint}{own}" if own else self._base

    def believed(self, call: ProviderCall) -> tuple[int | None, str]:
        """The one delivery that the call may speak of (None: any), and what the provider itself wrote into the query.

        Raises NotAuthenticated.
        """
        given, rest = _taken_out(call.query, _KEY)
        reference, rest = _taken_out(rest, _REFERENCE)
        if reference:
            if not self._key or not _same(given, self._key_of(reference)):
                raise NotAuthenticated("The address has not the key of its message.")
            return delivery_of(reference), rest
        if self._proof is not None:
            if not signed(self._proof, call, url=self.url(), options=self._account.ours):
                raise NotAuthenticated(f"The call has not the signature of {self._provider}.")
        elif not self._key or not _same(given, self._key):
            raise NotAuthenticated("The address has not the key that this channel wants.")
        return None, rest

    def _key_of(self, reference: str) -> str:
        return hmac.digest(self._key.encode(), f"message {reference}".encode(), "sha256").hex()[:32]


def without_ours(query: str) -> str:
    """What the provider itself wrote into the query."""
    return _taken_out(_taken_out(query, _KEY)[1], _REFERENCE)[1]


def _usable(profile: Profile, account: Account) -> Proof | None:
    """How the provider signs what it says to our account; None where it does not, or we have not its secret."""
    proof = profile.receipts.proof if profile.receipts is not None else None
    return proof if proof is not None and account.ours.get(proof.secret) else None


def _taken_out(query: str, name: str) -> tuple[str, str]:
    """A parameter's value, empty where it stands twice, and the query without it."""
    pairs = [pair for pair in query.split("&") if pair]
    found = [pair.removeprefix(f"{name}=") for pair in pairs if pair.startswith(f"{name}=")]
    rest = "&".join(pair for pair in pairs if not pair.startswith(f"{name}="))
    return (found[0] if len(found) == 1 else ""), rest


def _same(given: str, wanted: str) -> bool:
    return compare_digest(given.encode(), wanted.encode())
