"""The whole API document, and the routes that serve it and the explorer."""

from __future__ import annotations

from functools import cache
from typing import Any

from heliograph.edge.openapi.agents import agent_paths
from heliograph.edge.openapi.family import family_paths
from heliograph.edge.openapi.own import own_paths
from heliograph.edge.openapi.schemas import Components

_ABOUT = (
    "A self-hosted message and push gateway. The agents take a ticket (sign in with SoPrincipal), Basic or a bearer "
    "token; the push family takes CompanyId and IntegrationKey with each request. The same agents over SOAP are "
    "described by the WSDLs that the front page lists."
)
_SCHEMES = {
    "ticket": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`SOTicket 7T:...`, with the ticket that signing in answers.",
    },
    "basic": {"type": "http", "scheme": "basic"},
    "token": {"type": "http", "scheme": "bearer", "description": "An access token of this gateway."},
}
_TAGS = {
    "SoPrincipal": "Signing in.",
    "Messaging": "Messages through a named plugin, and what became of them.",
    "Pocket": "Push notifications and devices.",
    "Push": "A push to one user, by integration key.",
    "Users": "Users and user groups, by integration key or by an administrator.",
    "Company": "The company's settings and its integration key.",
    "Inbox": "The signed-in user's inbox.",
    "Devices": "The signed-in user's devices.",
    "Messages": "What became of a message.",
    "Gateway": "The gateway itself.",
}


@cache
def document(version: str) -> dict[str, Any]:
    """Everything but the address of the host that is asked. `version` is the product's."""
    components = Components()
    paths = {**own_paths(components), **family_paths(components), **agent_paths(components)}
    used = {tag for operations in paths.values() for operation in operations.values() for tag in operation["tags"]}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Heliograph",
            "version": version,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": name, "description": words} for name, words in _TAGS.items() if name in used],
        "security": [{"ticket": []}, {"basic": []}, {"token": []}],
        "paths": paths,
        "components": {"schemas": components.schemas, "securitySchemes": _SCHEMES},
    }


def served(version: str, base: str) -> dict[str, Any]:
    """The document as a client gets it that reached the gateway at that address."""
    return {**document(version), "servers": [{"url": base}]}
