"""Fakes, builders and suites for tests against this gateway: public, shipped, held to the same contracts as the real parts."""
