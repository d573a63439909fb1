"""Processes of our own beside the gateway: started, spoken to in frames, held to limits, and ended."""
