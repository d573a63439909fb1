"""Every user's own inbox."""
