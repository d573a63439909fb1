"""The command line: every word an operator can say to a gateway."""
