"""The streaming gateway: HTTP, and the only room that knows the others."""
