"""Messages as plain mail through an SMTP server."""
