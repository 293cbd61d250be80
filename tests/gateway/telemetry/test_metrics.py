"""What the exposition says after known traffic."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.telemetry.catalogue import CATALOGUE
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.reference import reference
from tests.gateway.rollout.conftest import Start, start

__all__ = ["start"]
STREAM = "/api/v2/bali-zero/chat-stream"


async def read(gateway: Any) -> dict[str, float]:
    text = await (await gateway.get("/metrics")).text()
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, 0.0) + sample.value
            for key, value in sample.labels.items():
                name = f"{sample.name}{{{key}={value}}}"
                found[name] = found.get(name, 0.0) + sample.value
    return found


async def ask(gateway: Any, query: str) -> str:
    return await (await gateway.get(STREAM, params={"query": query})).text()


async def test_every_metric_of_the_catalogue_is_an_attribute_and_exposed():
    metrics = Metrics()
    text = metrics.expose().decode()

    assert all(hasattr(metrics, row.field) for row in CATALOGUE)
    assert all(f"# TYPE {row.name}" in text for row in CATALOGUE)


async def test_a_good_stream_counts_once_and_leaves_nothing_active(start: Start):
    gateway = await start()

    await ask(gateway, "[[n=5]] [[delay=0.01]]")
    seen = await read(gateway)

    assert seen["gateway_streams_total{outcome=done}"] == 1
    assert seen["gateway_stream_connections_total{result=opened}"] == 1
    assert seen["gateway_first_token_seconds_count"] == 1
    assert seen["gateway_first_token_overhead_seconds_count"] == 1
    assert seen["gateway_inter_token_seconds_count"] == 4
    assert 0.03 < seen["gateway_inter_token_seconds_sum"] < 0.5
    assert seen["gateway_streams_active"] == seen["gateway_readers_active"] == 0
    assert "gateway_stream_errors_total" not in seen


async def test_the_overhead_leaves_out_the_wait_for_the_provider(start: Start):
    gateway = await start()

    await ask(gateway, "[[n=2]] [[ttft=0.3]] [[delay=0]]")
    seen = await read(gateway)

    assert seen["gateway_first_token_seconds_sum"] >= 0.29
    assert seen["gateway_first_token_overhead_seconds_sum"] < 0.15
    assert seen["gateway_backend_first_output_seconds_sum"] >= 0.29


@pytest.mark.parametrize(
    "fault, code",
    [("cut@3", "upstream_truncated"), ("err@3", "upstream_error"), ("503", "upstream_error")],
)
async def test_a_failed_stream_counts_as_an_error_of_its_code(start: Start, fault: str, code: str):
    gateway = await start()

    await ask(gateway, f"[[n=9]] [[delay=0]] [[fault={fault}]]")
    seen = await read(gateway)

    assert seen[f"gateway_stream_errors_total{{code={code}}}"] == 1
    assert seen["gateway_streams_active"] == 0


async def test_a_limit_and_the_flag_are_no_errors(start: Start):
    gateway = await start(GATEWAY_LIMIT="1/60s")

    await ask(gateway, "[[n=1]]")
    await ask(gateway, "[[n=1]]")
    seen = await read(gateway)

    assert "gateway_stream_errors_total" not in seen
    assert seen["gateway_limit_decisions_total{outcome=refused}"] == 1
    assert "gateway_stream_connections_total{result=failed}" not in seen


async def test_the_older_endpoint_has_its_time_measured(start: Start):
    gateway = await start()

    await gateway.post("/api/v2/bali-zero/chat", json={"query": "[[n=1]] [[delay=0]]"})
    seen = await read(gateway)

    assert seen["gateway_http_request_seconds_count{route=/api/v2/{app}/chat}"] == 1


def test_the_reference_page_names_every_series():
    page = reference()

    assert all(f"`{name}`" in page for row in CATALOGUE for name in row.series)


def test_an_observation_is_counted_in_every_bucket_that_holds_it():
    metrics = Metrics()
    amounts = [0.0, 0.05, 0.1, 0.10001, 0.5, 0.9, 1.0, 7.0, 899.0, 901.0]
    for amount in amounts:
        metrics.duration.labels("a").observe(amount)
    told = metrics.expose().decode()

    for bound in ("0.1", "0.5", "1.0", "900.0", "+Inf"):
        count = sum(amount <= float(bound) for amount in amounts)
        assert f'gateway_stream_duration_seconds_bucket{{app="a",le="{bound}"}} {count}.0' in told
    assert f'gateway_stream_duration_seconds_count{{app="a"}} {len(amounts)}.0' in told


def test_a_histogram_with_labels_cannot_be_observed_without_them():
    with pytest.raises(ValueError, match="label"):
        Metrics().duration.observe(1.0)
