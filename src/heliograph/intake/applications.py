"""Whether the program that calls may use the agent it calls (contract section 8, "Online Restricted")."""

from __future__ import annotations

from heliograph.config.settings import ApplicationTokens, SoapSettings
from heliograph.core.errors import NotAllowed
from heliograph.core.ports import Keyring
from heliograph.intake.sign_in import secret_hash


class Applications:
    """Stands before the agents, over SOAP and over JSON."""

    def __init__(self, keyring: Keyring, settings: SoapSettings) -> None:
        self._keyring = keyring
        self._required = settings.application_tokens is ApplicationTokens.REQUIRED

    async def check(self, token: str, agent: str) -> None:
        """Raises NotAllowed where application tokens are required and this one does not reach this agent."""
        if not self._required:
            return
        application = await self._keyring.application(secret_hash(token)) if token else None
        if application is None:
            raise NotAllowed("A valid application token is required here.")
        if agent not in application.agents:
            raise NotAllowed(f"This application has not been granted the agent {agent}.")
