"""The bounded log of one generation: encoded blocks, numbered from 1, oldest dropped first."""

from __future__ import annotations

MAX_BLOCKS = 16_384
MAX_BYTES = 1 << 20


class Log:
    """Blocks `base + 1 .. head`; a block is the frame of one event, encoded once for all."""

    __slots__ = ("_blocks", "_max_blocks", "_max_bytes", "base", "size")

    def __init__(self, max_blocks: int = MAX_BLOCKS, max_bytes: int = MAX_BYTES) -> None:
        self._blocks: list[bytes] = []
        self._max_blocks = max_blocks
        self._max_bytes = max_bytes
        self.base = 0
        self.size = 0

    @property
    def head(self) -> int:
        """The number of the newest block; 0 when nothing was said."""
        return self.base + len(self._blocks)

    def append(self, block: bytes) -> None:
        """Add the next block; drops the oldest, an eighth at a time, when a bound is passed.

        The newest block stays, however large it is.
        """
        self._blocks.append(block)
        self.size += len(block)
        if self.size > self._max_bytes or len(self._blocks) > self._max_blocks:
            self._make_room()

    def extend(self, blocks: list[bytes]) -> None:
        """Add the next blocks, all at once."""
        self._blocks += blocks
        self.size += sum(map(len, blocks))
        if self.size > self._max_bytes or len(self._blocks) > self._max_blocks:
            self._make_room()

    def _make_room(self) -> None:
        while (self.size > self._max_bytes or len(self._blocks) > self._max_blocks) and (
            len(self._blocks) > 1
        ):
            self.drop(self.base + max(1, len(self._blocks) // 8))

    def since(self, cursor: int, max_bytes: int | None = None) -> list[bytes]:
        """Return the blocks after `cursor`, which must not lie before `base`; at least one."""
        blocks, start = self._blocks, cursor - self.base
        if max_bytes is None or self.size <= max_bytes:
            return blocks[start:]
        end = start
        while end < len(blocks) and (max_bytes > 0 or end == start):
            max_bytes -= len(blocks[end])
            end += 1
        return blocks[start:end]

    def drop(self, upto: int) -> None:
        """Forget all blocks up to and including number `upto`."""
        count = min(upto - self.base, len(self._blocks))
        if count == len(self._blocks):
            self.restart(self.head)
        elif count > 0:
            self.size -= sum(map(len, self._blocks[:count]))
            del self._blocks[:count]
            self.base += count

    def restart(self, at: int) -> None:
        """Empty the log and let the next block be number `at + 1`."""
        self._blocks.clear()
        self.size = 0
        self.base = at
