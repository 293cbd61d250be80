"""Gateways and providers as processes. What stands here talks to them over sockets only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.processes import Gateway, Provider, Start
from tests.e2e.wire import Wire

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what stands in this folder; a process on a busy machine needs longer to start."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(60))


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway without limits and keys: shared, so tests look only at their own streams."""
    with Gateway(tmp_path_factory.mktemp("gateway")) as running:
        yield running


@pytest.fixture
def wire(gateway: Gateway) -> Wire:
    """The way to the shared gateway."""
    return gateway.wire


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start further gateways: `start(config)` with a file, `start(NAME="value")` without."""
    with ExitStack() as running:

        def run(config: dict[str, Any] | None = None, **options: Any) -> Gateway:
            folder = tmp_path / f"gateway{len(list(tmp_path.iterdir()))}"
            return running.enter_context(Gateway(folder, config, **options))

        yield run


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """The scripted provider on the wire."""
    with Provider(tmp_path_factory.mktemp("provider")) as running:
        yield running
