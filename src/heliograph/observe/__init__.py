"""What operators see: log lines without secrets, and counters."""
