"""What every SMS channel shares: the alphabets, the cutting into parts, numbers and senders. Pure."""
