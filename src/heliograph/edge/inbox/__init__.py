"""The inbox as a page that people open, install and are notified by."""
