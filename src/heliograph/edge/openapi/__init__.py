"""The API document (OpenAPI 3.1), rendered from the agents' declaration and the REST family's binding tables."""
