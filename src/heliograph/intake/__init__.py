"""What the gateway does with a call: sign-in, validation, routing, acceptance, queries. No I/O but through ports."""
