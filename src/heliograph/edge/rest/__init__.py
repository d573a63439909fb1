"""The REST family: push by integration key, and the product's own reading side by ticket."""
