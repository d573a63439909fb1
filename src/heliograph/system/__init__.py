"""What the machine gives: time, randomness, names, and the meeting places inside one process."""
