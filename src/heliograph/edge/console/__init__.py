"""The operators' pages: rendered here, read with or without JavaScript, and with nothing from elsewhere."""
