"""Providers on real sockets, which answer what a test scripts and remember what they were sent."""
