"""Wire protocols: each reads a request into our words and writes our events as its frames."""
