"""Notifications for Android, and for what else is in a Firebase project, by FCM."""
