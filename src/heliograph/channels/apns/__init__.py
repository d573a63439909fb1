"""Notifications for Apple devices, through Apple's push service."""
