"""The nouns, the state table, the retry arithmetic and the ports. Nothing here does I/O."""
