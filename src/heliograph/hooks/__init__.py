"""The operator's scripts around every service method."""
