"""Fixtures of the browser tests: one Chromium, gateways as processes, a proxy, a foreign site."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.browser.cutting_proxy import CuttingProxy, Plan
from tests.browser.driver import Browser, BrowserMissing
from tests.browser.gateway_process import GatewayProcess
from tests.browser.other_site import OtherSite

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what stands in this folder; a browser on a busy machine needs more than 20 s."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(90))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    try:
        browser = Browser()
    except BrowserMissing as missing:
        pytest.fail(str(missing), pytrace=False)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def site() -> Iterator[OtherSite]:
    site = OtherSite()
    yield site
    site.close()


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """A gateway without keys and limits, for tests that count nothing."""
    gateway = GatewayProcess(tmp_path_factory.mktemp("plain"))
    yield gateway
    gateway.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., GatewayProcess]]:
    """Start a gateway of the test's own, with more environment."""
    running: list[GatewayProcess] = []

    def begin(**environ: str) -> GatewayProcess:
        folder = tmp_path / f"gateway-{len(running)}"
        folder.mkdir()
        running.append(GatewayProcess(folder, **environ))
        return running[-1]

    yield begin
    for gateway in running:
        gateway.close()


@pytest.fixture
def proxy() -> Iterator[Callable[..., CuttingProxy]]:
    """Put a proxy before a gateway."""
    running: list[CuttingProxy] = []

    def begin(upstream: str, plan: Plan = (), *, hurries: bool = False) -> CuttingProxy:
        running.append(CuttingProxy(upstream, plan, hurries=hurries))
        return running[-1]

    yield begin
    for proxy in running:
        proxy.close()
