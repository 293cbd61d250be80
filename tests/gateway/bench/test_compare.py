"""Two runs side by side: an interval that holds 0 shows no difference."""

from __future__ import annotations

import json
import random
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from gateway.bench import Result, Spread, compare
from gateway.bench.compare import _student
from gateway.cli.bench import app

RUNNER = CliRunner()


def run(mean_ms: float, *, completed: int = 400, seed: int = 1) -> Result:
    drawn = random.Random(seed)
    spread = Spread.of([drawn.gauss(mean_ms, 10) for _ in range(400)])
    return Result(400, completed, {}, 4000, 10.0, spread, spread, Spread.of([]))


def written(folder: Path, name: str, result: object) -> str:
    path = folder / name
    path.write_text(json.dumps({"version": 1, "result": msgspec.to_builtins(result)}))
    return str(path)


def test_a_slower_run_is_worse_and_its_interval_holds_the_true_difference():
    found = compare(run(100), run(110, seed=2))

    assert [one.finding for one in found] == ["no difference shown", "worse", "worse"]
    assert 0 < found[1].low < 10 < found[1].high


def test_a_faster_run_is_better():
    assert compare(run(100), run(90, seed=2))[1].finding == "better"


def test_equal_runs_show_no_difference():
    assert {one.finding for one in compare(run(100), run(100))} == {"no difference shown"}


def test_fewer_completed_streams_are_worse():
    assert compare(run(100), run(100, completed=360))[0].finding == "worse"


@pytest.mark.parametrize(("degrees", "quantile"), [(5, 2.571), (10, 2.228), (30, 2.042)])
def test_the_quantile_of_small_samples_is_that_of_the_tables(degrees: float, quantile: float):
    assert _student(degrees) == pytest.approx(quantile, rel=0.01)


def test_the_command_ends_with_1_where_b_is_worse(tmp_path: Path):
    a, b = written(tmp_path, "a", run(100)), written(tmp_path, "b", run(150))

    worse = RUNNER.invoke(app, ["--compare", a, b, "--json"])
    better = RUNNER.invoke(app, ["--compare", b, a])

    assert worse.exit_code == 1
    assert json.loads(worse.stdout)["differences"][1]["finding"] == "worse"
    assert better.exit_code == 0
    assert "better" in better.stdout


def test_a_file_that_is_no_result_is_wrong_use(tmp_path: Path):
    good = written(tmp_path, "a", run(100))
    old = msgspec.to_builtins(run(100))
    old["first_token_ms"].pop("sd")

    for bad in (str(tmp_path / "none"), written(tmp_path, "b", {}), written(tmp_path, "c", old)):
        assert RUNNER.invoke(app, ["--compare", good, bad]).exit_code == 2
