"""SOAP clients nobody here wrote, each telling one story to a running gateway."""
