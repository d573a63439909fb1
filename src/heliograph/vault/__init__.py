"""Secrets: how passwords are kept, how the database's secrets are sealed, how new keys are made."""
