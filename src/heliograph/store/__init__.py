"""Where everything accepted is kept: SQLite for serving, memory for tests, one contract for both."""
