"""The JSON agents: the SOAP agents' operations over plain HTTP, rendered from the same declaration."""
