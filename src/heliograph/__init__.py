"""Heliograph: a self-hosted message and push gateway."""

__version__ = "0.1.0"
