"""The back wing: claims what is due, tries it, decides what the try meant, and records that."""
