"""Bytes to nouns and back. Edges translate; they decide nothing."""
