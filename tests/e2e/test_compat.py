"""`gateway compat`: the installed SDKs against a real process; what is absent or broken is said."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.checklist import Site
from gateway.cli.compat import app
from gateway.compat import openai_sdk, try_all
from tests.e2e.processes import Gateway

RUNNER = CliRunner()


def test_every_client_works_with_the_gateway(gateway: Gateway):
    found = list(try_all(Site(gateway.wire.url), "default"))

    assert {(one.client.split()[0]) for one in found} == {"openai", "anthropic", "widget"}
    assert [one for one in found if one.state != "ok"] == []


def test_the_command_prints_one_document(gateway: Gateway):
    shown = RUNNER.invoke(app, ["--url", gateway.wire.url, "--json"])

    assert shown.exit_code == 0
    assert json.loads(shown.stdout)["ok"] is True


def test_what_is_not_installed_is_said_and_is_no_success(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
):
    def absent(*_: Any) -> Any:
        raise ImportError("openai")

    monkeypatch.setattr(openai_sdk, "connect", absent)

    shown = RUNNER.invoke(app, ["--url", gateway.wire.url])

    assert "not looked at, because not installed: openai" in shown.stdout
    assert "pip install 'sluicegate[openai]'" in shown.stdout


def test_what_does_not_work_ends_with_1(unused_tcp_port: int):
    shown = RUNNER.invoke(app, ["--url", f"http://127.0.0.1:{unused_tcp_port}", "--json"])

    found = json.loads(shown.stdout)
    assert shown.exit_code == 1
    assert {one["state"] for one in found["cases"]} == {"failed"}


def test_a_wrong_model_name_fails_by_the_name_of_the_case(gateway: Gateway):
    found = {
        (one.client.split()[0], one.case): one
        for one in try_all(Site(gateway.wire.url), "there-is-none")
    }

    assert found["openai", "whole answer"].state == "failed"
    assert "NotFoundError" in found["openai", "whole answer"].seen
    assert found["widget", "stream"].state == "ok"
