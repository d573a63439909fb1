"""Every setting, where it came from, and how it is described."""
