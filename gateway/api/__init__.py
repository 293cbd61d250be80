"""Thin routes, one file for each family."""
