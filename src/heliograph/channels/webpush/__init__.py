"""Notifications for browsers, through whichever push service each browser has chosen."""
