"""What was admitted, held against every true window: one that begins at any moment."""

from __future__ import annotations

from collections import deque

WINDOW_S = 60.0
Arrival = tuple[float, int]
"""When, and at which cost."""


def most_in_a_window(admitted: list[Arrival]) -> int:
    """Return the highest cost in any true window, by walking all of them."""
    inside: deque[Arrival] = deque()
    most = total = 0
    for moment, cost in admitted:
        inside.append((moment, cost))
        total += cost
        while inside[0][0] <= moment - WINDOW_S:
            total -= inside.popleft()[1]
        most = max(most, total)
    return most
