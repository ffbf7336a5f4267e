"""Three plugins for pytest-backend-gates: a probe, an analyzer, a renderer."""
