"""A channel that answers whatever it is asked to."""
