"""The ways out: each makes one try and says what came of it."""
