"""The rules of the shop. Each function that changes something is one transaction and commits it itself."""
