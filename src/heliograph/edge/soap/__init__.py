"""The SOAP door: envelopes in and out, rendered from the contract's declaration."""
