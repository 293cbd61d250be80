"""Metrics and logs: the one place that knows their names."""
