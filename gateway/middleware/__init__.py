"""What every request passes: its id, the guards, errors in the client's words, headers."""
