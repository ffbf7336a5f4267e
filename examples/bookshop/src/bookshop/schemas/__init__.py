"""What is sent and received as JSON."""
