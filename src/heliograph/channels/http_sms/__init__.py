"""SMS through providers with an HTTP interface, each described by a file of data."""
