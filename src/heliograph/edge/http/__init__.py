"""HTTP as bytes: the guard in front, reading a body under a limit, sending an answer."""
