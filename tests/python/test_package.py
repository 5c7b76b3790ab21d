"""The package: errors, pure functions, catalogue, program, import time, surface."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
import surface

import unblended
from unblended import _errors, _native

CLASSES = {
    "input": unblended.InputError,
    "config": unblended.ConfigError,
    "limit": unblended.LimitError,
    "io": unblended.IoError,
    "state": unblended.StateError,
    "internal": unblended.InternalError,
}


@pytest.mark.parametrize("code", list(unblended.error_codes()))
def test_each_code_arrives_with_its_class_and_cause(code: str) -> None:
    info = unblended.error_codes()[code]
    with pytest.raises(unblended.UnblendedError) as caught:
        _native._fail_for_test(code)
    error = caught.value
    assert type(error) is CLASSES[info.error_class]
    assert error.code == code and info.meaning
    if code != "internal.panic":
        assert str(error.__cause__) == "deliberate too"
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.code, again.location, str(again)) == (type(error), code, error.location, str(error))


def test_a_text_that_is_larger_than_is_taken_is_refused() -> None:
    text = "\n" * ((32 << 20) + 1)
    with pytest.raises(unblended.LimitError, match="config.too_large"):
        unblended.Evidence(unblended.EcsUsage.from_text(text))
    with pytest.raises(unblended.LimitError, match="config.too_large"):
        unblended.Policy.from_toml(text)


def test_every_class_has_codes() -> None:
    assert {info.error_class for info in unblended.error_codes().values()} == set(CLASSES) == set(_errors._CLASSES)


def test_a_panic_is_an_internal_error_and_python_goes_on(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(unblended.InternalError) as caught:
        _native._fail_for_test("internal.panic")
    assert caught.value.code == "internal.panic"
    assert unblended.split(1, {"a": 1}) == {"a": 1}


def test_parts_sum_to_the_amount() -> None:
    parts = unblended.split(Decimal("100"), {"a": 1, "b": 1, "c": 1})
    assert sum(parts.values()) == 100 and parts["a"] > parts["b"] == parts["c"]
    assert unblended.split("1", [("a", 1), ("a", 3)]) == [("a", Decimal("0.25")), ("a", Decimal("0.75"))]
    for weights in ({"a": 0}, {"a": -1}, {}):
        with pytest.raises(unblended.ConfigError):
            unblended.split(1, weights)
    with pytest.raises(unblended.LimitError, match="money.overflow"):
        unblended.split("1e30", {"a": 1})
    for inexact in (0.1, True):
        with pytest.raises(TypeError):
            unblended.split(inexact, {"a": 1})  # type: ignore[arg-type]


def test_fees_are_amortized() -> None:
    parts = unblended.amortize(365, "2017-01-01 00:00:00", "2017-12-31 23:59:59")
    assert len(parts) == 12
    assert [parts["2017-02"], sum(parts.values())] == [28, 365]
    assert parts == unblended.amortize("365", date(2017, 1, 1), datetime(2018, 1, 1))
    with pytest.raises(unblended.InputError, match="fee.unknown_term"):
        unblended.amortize(1, "2017-01-01", "2017-01-02")


def test_an_hour_is_allocated_by_cpu_seconds() -> None:
    run = {"service": "web", "cpu": 4096, "started": "2016-05-31T00:00:00Z", "stopped": datetime(2016, 6, 1, 0, 15)}
    hour = (datetime(2016, 6, 1), datetime(2016, 6, 1, 3, tzinfo=timezone(timedelta(hours=2))))
    parts = unblended.allocate_cpu("1.8", *hour, [run], capacity=36864)
    assert parts == {"": Decimal("1.75"), "web": Decimal("0.05")}
    assert unblended.allocate_cpu("1.8", *hour, [run]) == {"web": Decimal("1.8")}
    assert unblended.allocate_cpu("1.8", *hour, []) is None
    with pytest.raises(unblended.ConfigError, match="config.bad_value.*cpus"):
        unblended.allocate_cpu("1.8", *hour, [{**run, "cpus": 1}])


def test_only_invoice_ids_make_a_month_final() -> None:
    assert unblended.is_final([("8123", 1)], "2016-06", "2016-07-01").is_final
    assert not unblended.is_final([("INV-1", 1)], "2016-06", "2016-07-01").is_final
    assert unblended.is_final([("INV-1", 1)], "2016-06", "2016-07-01", format="focus").is_final
    answer = unblended.is_final([("8123", 1), ("Estimated", "0.1"), (None, 0)], "2016-06")
    assert answer == (False, 1, 1, True)
    assert not unblended.is_final([("8123", 1)], "2016-06", "2016-06-30").is_over


def test_schemas_are_json_schemas() -> None:
    schemas = unblended.schemas()
    assert {"policy", "rollup", "inspect"} <= set(schemas)
    assert "tag_keys" in json.dumps(schemas["policy"])


def test_the_demo_is_the_same_every_time(tmp_path: Path) -> None:
    demos = [unblended.demo(tmp_path / name, rows=3_000, seed=7, instances=4, areas=["a", "b"]) for name in "xy"]
    assert demos[0].total == demos[1].total and demos[0].rows == demos[1].rows
    digests = [unblended.scan(demo.bill).digest for demo in demos]
    assert digests[0] == digests[1]
    with pytest.raises(unblended.ConfigError, match="config.bad_value"):
        unblended.demo(tmp_path, areas=["ü"])


def test_the_demo_is_written_in_every_dialect_asked_for(tmp_path: Path) -> None:
    demo = unblended.demo(tmp_path, rows=3_000, dialects=["cur2", "dbr", "focus-1.2"])
    assert sorted(demo.bills) == ["cur2", "dbr", "focus-1.2"]
    assert demo.bill == demo.bills["cur2"] and all(path.is_file() for path in demo.bills.values())
    assert unblended.scan(demo.bills["dbr"]).digest == unblended.scan(unblended.demo(tmp_path / "d", rows=3_000).bill).digest
    more = unblended.demo(tmp_path / "more", rows=3_000, dialects=["cur2"], savings_plan=True, split_costs=True)
    text = more.readme.read_text()
    assert "savings plan" in text and "split_check" in text
    assert demo.rounding != 0 and demo.total == demo.total.quantize(demo.total.__class__("0.01"))
    with pytest.raises(unblended.ConfigError, match="config.bad_value"):
        unblended.demo(tmp_path, dialects=["csv"])


def test_the_program_is_the_same_program(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert unblended.run_cli(["--version"]) == 0
    assert unblended.__version__ in capfd.readouterr().out
    assert unblended.run_cli(["rollup", str(tmp_path / "none.csv")]) == 2
    assert "read.no_input" in capfd.readouterr().err
    script = Path(sys.executable).parent / "unblended"
    done = subprocess.run([script, "schema", "policy"], capture_output=True, check=True)
    assert json.loads(done.stdout) == unblended.schemas()["policy"]
    assert subprocess.run([script, "rollup"], capture_output=True, check=False).returncode == 2


def test_importing_is_quick_and_brings_no_frames() -> None:
    code = (
        "import sys, time; start = time.perf_counter(); import unblended; "
        "print(time.perf_counter() - start); "
        "print([name for name in ('pandas', 'polars', 'pyarrow', 'numpy', 'inspect') if name in sys.modules])"
    )
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(5)]
    times = [float(run.stdout.splitlines()[0]) for run in runs]
    assert min(times) < 0.05, times
    assert runs[0].stdout.splitlines()[1] == "[]"


def test_the_package_is_typed_and_documented() -> None:
    assert (Path(unblended.__file__).parent / "py.typed").exists()
    undocumented = [name for name in surface.documented() if not surface.doc_of(name)]
    assert undocumented == []


def test_the_surface_is_the_one_written_down() -> None:
    written = json.loads(surface.MANIFEST.read_text())
    assert surface.manifest() == written, f"run {surface.COMMAND} and look at what changed"


def test_the_readme_example_runs_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = Path(__file__).parents[2] / "bindings-python" / "README.md"
    (example,) = re.findall(r"```python\n(.*?)```", readme.read_text(), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(compile(example, str(readme), "exec"), names)
    assert "api area" in capsys.readouterr().out
    assert (tmp_path / "demo" / "unblended.sqlite").exists() and names["run_id"]


def test_the_short_example_of_the_root_readme_runs_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = Path(__file__).parents[2] / "README.md"
    (example,) = re.findall(r"```python\n(.*?)```", readme.read_text(), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(example, str(readme), "exec"), {})
    assert "api area" in capsys.readouterr().out
