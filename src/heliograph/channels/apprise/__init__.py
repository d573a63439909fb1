"""Many services at once: chat, push and mail services that the library apprise knows by URL."""
