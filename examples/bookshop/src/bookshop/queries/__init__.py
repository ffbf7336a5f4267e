"""Every SQL statement of the shop. Nothing here commits."""
