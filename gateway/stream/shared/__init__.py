"""The log of every generation in Redis, so that any worker or replica can follow and stop it.

Every generation has one stream. Entries hold blocks, their ids are the number of their last block,
so that sending one again is harmless; the terminal entry has the largest id there is and seals the
stream: nobody can write after it.
"""

from .log import SharedLog

__all__ = ["SharedLog"]
