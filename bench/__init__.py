"""The project's own benchmarks: stand-in provider, yardsticks and the table that compares them."""
