"""The kit of the host, and one test of our own."""

from __future__ import annotations

import pytest

from backends import BackendOptions, load_backend
from backends.contract import BackendContract, ask, collect, text_of


@pytest.fixture
def shout():
    return load_backend("loud", BackendOptions(kind="shout", extra={"pause_s": 0.001}))


class TestContract(BackendContract):
    @pytest.fixture
    def backend(self, shout):
        return shout


async def test_shouts(shout):
    assert text_of(await collect(shout.stream(ask("hi there")))) == "HI THERE "
