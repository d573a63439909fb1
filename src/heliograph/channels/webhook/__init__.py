"""Messages as signed POST requests to the recipient's own server."""
