"""HTTP: routes, what they demand of a caller, and how an error of the shop becomes a response."""
