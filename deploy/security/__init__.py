"""The security gate behind `make security`: what was looked at, and what could not be looked at."""
