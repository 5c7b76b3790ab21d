"""Sources of every kind, options, progress, Ctrl-C, threads."""

from __future__ import annotations

import gc
import gzip
import io
import os
import shutil
import signal
import threading
import time
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import dbr
from tqdm import tqdm

import unblended

ROWS = [{"UnBlendedCost": "1.25"}, {"UnBlendedCost": "0.000000000000000001", "user:product_area": "api"}]
TOTAL = Decimal("1.250000000000000001")


def chunks(content: bytes, size: int = 7) -> Iterator[bytes]:
    for at in range(0, len(content), size):
        yield content[at : at + size]
        yield b""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "one.csv"
    path.write_bytes(dbr(*ROWS))
    return path


def test_every_kind_of_source_gives_the_same_bill(file: Path, tmp_path: Path) -> None:
    content = dbr(*ROWS)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as entries:
        entries.writestr("a.csv", content)
    sources: dict[str, Any] = {
        "path": file,
        "text": str(file),
        "glob": str(tmp_path / "*.csv"),
        "folder": tmp_path,
        "list": [file],
        "iterator of paths": tmp_path.glob("*.csv"),
        "bytes": content,
        "file object": io.BytesIO(content),
        "list of file objects": [io.BytesIO(content)],
        "iterator": chunks(content),
        "list of blocks": list(chunks(content)),
        "gzip": gzip.compress(content),
        "zip in blocks": chunks(archive.getvalue()),
        "named": {"b-2016-06.csv": chunks(content)},
    }
    bills = {name: unblended.scan(source) for name, source in sources.items()}
    assert {bill.digest for bill in bills.values()} == {bills["path"].digest}
    assert bills["path"].billed() == TOTAL
    with file.open("rb") as opened:
        assert unblended.scan(opened) == bills["path"]
        assert not opened.closed


def test_parts_in_one_list_are_one_bill() -> None:
    first, second = (dbr(row) for row in ROWS)
    assert unblended.scan([io.BytesIO(first), io.BytesIO(second)]).billed() == TOTAL


def test_a_name_may_carry_the_period_and_stands_in_locations() -> None:
    bill = unblended.scan({"111111111111-aws-billing-detailed-line-items-2016-07.csv": dbr(*ROWS)})
    assert bill.period == "2016-07"
    with pytest.raises(unblended.InputError) as caught:
        unblended.scan({"broken.csv": dbr({"UnBlendedCost": "much"})})
    assert caught.value.code == "parse.bad_decimal"
    assert caught.value.location is not None
    assert (caught.value.location["file"], caught.value.location["row"]) == ("broken.csv", 2)
    assert "broken.csv, row 2" in str(caught.value)


def test_text_is_refused_where_bytes_are_wanted(file: Path) -> None:
    with file.open() as opened, pytest.raises(TypeError, match="binary"):
        unblended.scan(opened)
    mixed: Any = iter([b"a,b", "c,d"])
    with pytest.raises(unblended.IoError) as caught:
        unblended.scan(mixed)
    assert isinstance(caught.value.__cause__, TypeError)
    with pytest.raises(TypeError):
        unblended.scan(7)  # type: ignore[arg-type]


def test_the_exception_of_a_source_is_the_cause() -> None:
    def failing() -> Iterator[bytes]:
        yield dbr(*ROWS)
        raise ConnectionResetError("gone")

    with pytest.raises(unblended.IoError) as caught:
        unblended.scan(failing())
    assert caught.value.code == "read.io"
    assert isinstance(caught.value.__cause__, ConnectionResetError)


def test_an_iterator_without_items_is_an_empty_stream() -> None:
    with pytest.raises(unblended.InputError):
        unblended.scan(iter([]))


def test_options_reach_the_scan(file: Path) -> None:
    bad = dbr(*ROWS, {"UnBlendedCost": "much"})
    assert unblended.scan(bad, max_bad_rows=1).billed() == TOTAL
    with pytest.raises(unblended.InputError, match="read.duplicate"):
        unblended.scan([io.BytesIO(bad), io.BytesIO(bad)], max_bad_rows=9)
    assert unblended.scan([dbr(*ROWS)] * 1, allow_duplicates=True).rows == 2
    assert unblended.scan(file, currency="EUR").currencies == ["EUR"]
    assert unblended.scan(file, period="2016-06").period == "2016-06"
    with pytest.raises(unblended.ConfigError, match="config.bad_value"):
        unblended.scan(file, period="June")
    with pytest.raises(unblended.ConfigError, match="config.basis_unavailable"):
        unblended.scan(file, basis="amortized")
    with pytest.raises(unblended.InputError, match="read.no_input"):
        unblended.scan([])


def test_tag_keys_are_those_asked_for(file: Path) -> None:
    assert unblended.tag_keys(file) == ["product_area"]
    assert unblended.scan(file).tag_keys == ["product_area"]
    assert unblended.scan(file, tag_keys=[]).tag_keys == []
    with pytest.raises(unblended.InputError, match="read.unknown_tag_key.*product_area"):
        unblended.scan(file, tag_keys=["productarea"])
    folded = unblended.scan(file, tag_keys=["Product_Area"], tags_case_insensitive=True)
    assert folded.inspect()["tag_keys"][0]["rows"] == 1


def test_more_tag_keys_stand_beside_the_others(file: Path) -> None:
    assert unblended.scan(file, more_tag_keys=["product_area"]).tag_keys == ["product_area"]
    assert unblended.scan(file, policy={}, more_tag_keys=["product_area"]).tag_keys == ["product_area"]
    with pytest.raises(unblended.InputError, match="read.unknown_tag_key"):
        unblended.scan(file, policy={}, more_tag_keys=["team"])
    assert unblended.tag_keys(file, period="2016-06") == ["product_area"]


def test_a_policy_says_what_is_scanned(file: Path) -> None:
    policy = {"areas": {"tag_keys": ["PRODUCT_AREA"], "case_insensitive": True}}
    bill = unblended.scan(file, policy=policy)
    assert bill.tag_keys == ["PRODUCT_AREA"]
    assert bill.attribute(policy).totals.areas == Decimal("0.000000000000000001")
    with pytest.raises(TypeError):
        unblended.scan(file, policy=policy, tag_keys=["a"])


def test_intervals_are_kept_as_asked(month: unblended.DemoFiles, evidence: unblended.Evidence) -> None:
    with pytest.raises(unblended.ConfigError, match="attribute.not_scanned"):
        unblended.scan(month.bill, keep_intervals="none").attribute(evidence=evidence)
    everything = unblended.scan(month.bill).attribute(evidence=evidence, as_of="2016-08-01")
    kept = unblended.scan(month.bill, evidence=evidence).attribute(evidence=evidence, as_of="2016-08-01")
    named = unblended.scan(month.bill, keep_intervals=evidence.resources)
    assert everything.to_dict() == kept.to_dict()
    assert named.attribute(evidence=evidence, as_of="2016-08-01").to_dict() == kept.to_dict()


def test_threads_never_change_a_result(month: unblended.DemoFiles) -> None:
    bills = [unblended.scan(month.bill, threads=threads) for threads in (1, 2, 8)]
    assert bills[0].to_bytes() == bills[1].to_bytes() == bills[2].to_bytes()


def test_progress_is_a_function_a_bar_or_true(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[tuple[int, int, int]] = []
    unblended.scan(file, progress=lambda *numbers: seen.append(numbers))
    assert seen[-1] == (file.stat().st_size, file.stat().st_size, 2)
    with tqdm(file=io.StringIO()) as bar:
        unblended.scan(file, progress=bar)
        assert (bar.n, bar.total) == (file.stat().st_size, file.stat().st_size)
    unblended.scan(file, progress=tqdm)
    capsys.readouterr()
    unblended.scan(file, progress=True)
    assert "2 rows" in capsys.readouterr().err
    with pytest.raises(TypeError):
        unblended.scan(file, progress=1)  # type: ignore[arg-type]


def test_what_progress_raises_ends_the_scan(large: Path) -> None:
    def stop(done: int, total: int, rows: int) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        unblended.scan(large, progress=stop)


def open_files() -> list[str]:
    found = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            found.append(os.readlink(link))
        except OSError:
            pass
    return found


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C as in a terminal: a test command that runs in the background starts with the signal ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs a list of open files")
@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_within_200_ms_and_files_are_closed(large: Path) -> None:
    elapsed = []
    for delay in (0.03, 0.08, 0.13):
        sent = [0.0]

        def interrupt() -> None:
            sent[0] = time.monotonic()
            os.kill(os.getpid(), signal.SIGINT)

        timer = threading.Timer(delay, interrupt)
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            for _ in range(100):
                unblended.scan(large, threads=1)
        elapsed.append(time.monotonic() - sent[0])
        timer.join()
    assert max(elapsed) < 0.2, elapsed
    deadline = time.monotonic() + 2
    while str(large) in open_files() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert str(large) not in open_files()


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_ends_a_scan_whose_source_hangs() -> None:
    release = threading.Event()

    def hanging() -> Iterator[bytes]:
        yield dbr(*ROWS)
        release.wait(20)

    timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        unblended.scan(hanging())
    assert time.monotonic() - started < 0.5
    release.set()
    timer.join()


def test_a_failed_scan_lets_its_stream_go() -> None:
    class Stream(io.BytesIO):
        pass

    gone = threading.Event()

    class Watched(Stream):
        def __del__(self) -> None:
            gone.set()

    with pytest.raises(unblended.InputError):
        unblended.scan(Watched(dbr({"UnBlendedCost": "much"})))
    gc.collect()
    assert gone.wait(2)


def test_python_runs_while_a_scan_does(large: Path) -> None:
    done = threading.Event()
    counted = [0]

    def count() -> None:
        while not done.is_set():
            counted[0] += 1
            time.sleep(0.001)

    counter = threading.Thread(target=count)
    counter.start()
    started = time.monotonic()
    unblended.scan(large)
    elapsed = time.monotonic() - started
    done.set()
    counter.join()
    assert counted[0] > elapsed * 100


def test_two_threads_scan_at_once(month: unblended.DemoFiles, large: Path) -> None:
    expected = {path: unblended.scan(path).digest for path in (month.bill, large)}
    wrong: list[str] = []

    def work(path: Path) -> None:
        for _ in range(3):
            if unblended.scan(path).digest != expected[path]:
                wrong.append(str(path))

    threads = [threading.Thread(target=work, args=(path,)) for path in (month.bill, large, month.bill, large)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_paths_with_any_letters(tmp_path: Path, file: Path) -> None:
    strange = tmp_path / "Rechnung für Jüni [1] é.csv"
    shutil.copy(file, strange)
    assert unblended.scan(strange).billed() == TOTAL


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs the size of this process")
def test_scans_that_are_stopped_free_their_memory(large: Path) -> None:
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def stop(done: int, total: int, rows: int) -> None:
        raise RuntimeError("enough")

    def scan_and_stop() -> None:
        with pytest.raises(RuntimeError, match="enough"):
            unblended.scan(large, threads=1, progress=stop)

    for _ in range(5):
        scan_and_stop()
    before = resident()
    for _ in range(20):
        scan_and_stop()
    time.sleep(0.3)
    assert resident() - before < 30e6
