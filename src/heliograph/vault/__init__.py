"""Secrets: how passwords are kept and how the database's secrets are sealed."""
