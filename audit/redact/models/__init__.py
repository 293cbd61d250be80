"""Detectors that ask a model of another package; each is loaded only where it is configured."""
