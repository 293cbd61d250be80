"""Generations: each owned by one task, its log read by any number of connections."""
