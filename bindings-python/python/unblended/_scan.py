"""Files, streams and Arrow tables → a bill."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterable, Mapping, Sized
from itertools import chain
from typing import Any, Literal, Protocol, Union

from . import _native
from ._bill import Bill
from ._evidence import Evidence
from ._policy import Policy, policy_of
from ._progress import Progress, Watcher
from ._values import Path

_BYTES = (bytes, bytearray, memoryview)

Basis = Literal["unblended", "net_unblended", "amortized", "net_amortized"]


class BinaryReader(Protocol):
    """A file object of bytes."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""


class ArrowTable(Protocol):
    """A table by the Arrow PyCapsule interface: of pyarrow, polars, pandas, duckdb and others."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Its record batches as a capsule."""


Stream = Union[BinaryReader, bytes, Iterable[bytes], ArrowTable]
Source = Union[Path, Stream, Iterable[Union[Path, BinaryReader, ArrowTable]], Mapping[str, Stream]]


def scan(
    source: Source,
    *,
    period: str | None = None,
    format: Literal["dbr", "cur", "cur2", "focus"] | None = None,
    basis: Basis | None = None,
    tag_keys: Iterable[str] | None = None,
    more_tag_keys: Iterable[str] = (),
    cost_categories: Iterable[str] = (),
    tags_case_insensitive: bool = False,
    policy: Policy | Mapping[str, Any] | None = None,
    evidence: Evidence | None = None,
    keep_intervals: Literal["all", "none"] | Iterable[str] = "all",
    currency: str = "USD",
    max_bad_rows: int = 0,
    allow_duplicates: bool = False,
    threads: int | None = None,
    progress: Progress = None,
) -> Bill:
    """Reads a bill: every row once, in parallel, in memory bounded by distinct charges (spec 2, 3).

    Other Python threads run meanwhile; Ctrl-C raises KeyboardInterrupt within 200 ms.

    Args:
        source: a path (file, directory, glob or manifest), a file object of bytes, bytes, an iterable of bytes, a
            table with `__arrow_c_stream__` (of pyarrow, polars, pandas, duckdb and others), an iterable of paths, file
            objects and tables, or a mapping of names to streams and tables (a name stands in locations and may name
            the billing period, as file names do). By content: CSV, plain or as gzip, zip or zstd, Parquet, Arrow IPC.
        period: billing period `YYYY-MM` to keep, and that of inputs that name none.
        format: billing format of all inputs; told from each header where None.
        basis: cost basis; `unblended` where neither this nor a policy says otherwise.
        tag_keys: tag keys to keep, exactly as written; `product_area` where it occurs and nothing is said.
        more_tag_keys: tag keys to keep beside them or beside those of the policy.
        cost_categories: cost categories to keep, or to keep beside those of the policy; AWS has them in a CUR, CUR 2.0
            and FOCUS.
        tags_case_insensitive: whether tag keys and cost categories match in any case.
        policy: keeps what this policy needs, instead of `basis`, `tag_keys` and `tags_case_insensitive`.
        evidence: keeps the usage intervals of what it names, instead of `keep_intervals`.
        keep_intervals: whose usage intervals are kept: `all` instances, volumes and tasks, so that any evidence can
            come later, `none`, or those of these resource ids.
        currency: currency of rows that name none.
        max_bad_rows: malformed rows that become findings instead of an error.
        allow_duplicates: whether the same content may be given twice, and then counts twice.
        threads: threads that read; as many as the machine runs at once where None. Never changes a result.
        progress: True for a bar on standard error, a bar of tqdm or its class, or a function that is called with
            bytes done, bytes in all (0 while unknown) and rows; what it raises ends the scan.

    Raises:
        InputError: `read.*` where inputs are no bill of one period, `parse.*` naming file, row and column.
        IoError: `read.io`; what a file object raised is its `__cause__`.
        ConfigError: `config.bad_value`, `config.basis_unavailable`.
        LimitError: `money.overflow`.
        TypeError: where a source gives text instead of bytes.
    """
    if policy is not None and not (basis is None and tag_keys is None and not tags_case_insensitive):
        raise TypeError("`policy` says basis, tag keys and folding of case; give either")
    paths, streams = _sources(source)
    kept: Any = keep_intervals
    if evidence is not None:
        kept = {"resources": evidence.resources}
    elif not isinstance(keep_intervals, str):
        kept = {"resources": list(keep_intervals)}
    request = {
        "paths": paths,
        "period": period,
        "format": format,
        "basis": basis or "unblended",
        "currency": currency,
        "tag_keys": None if tag_keys is None else list(tag_keys),
        "more_tag_keys": list(more_tag_keys),
        "cost_categories": list(cost_categories),
        "tags_case_insensitive": tags_case_insensitive,
        "keep_intervals": kept,
        "max_bad_rows": max_bad_rows,
        "allow_duplicates": allow_duplicates,
        "threads": threads or 0,
    }
    text = None if policy is None else policy_of(policy).to_json()
    watcher = Watcher(progress)
    try:
        return Bill._of(_native.scan(json.dumps(request), text, streams, watcher.callback))
    finally:
        watcher.close()


def _sources(source: Any) -> tuple[list[str], list[tuple[str, Any]]]:
    """Paths, and streams with their names."""
    if isinstance(source, (str, os.PathLike)):
        return [os.fspath(source)], []
    if isinstance(source, Mapping):
        return [], [(name, _stream(stream)) for name, stream in source.items()]
    if _is_table(source):
        return [], [("table", source)]
    if hasattr(source, "read") or isinstance(source, _BYTES):
        name = getattr(source, "name", "stream")
        return [], [(name if isinstance(name, str) else "stream", _stream(source))]
    items = iter(source)
    first = next(items, None)
    if first is None and isinstance(source, Sized):
        return [], []
    if first is None or isinstance(first, _BYTES):
        return [], [("stream", iter([] if first is None else chain([first], items)))]
    paths: list[str] = []
    streams: list[tuple[str, Any]] = []
    for item in chain([first], items):
        more_paths, more_streams = _sources(item)
        paths += more_paths
        streams += more_streams
    return paths, streams


def _is_table(source: Any) -> bool:
    return hasattr(source, "__arrow_c_stream__")


def _stream(stream: Any) -> Any:
    if isinstance(stream, io.TextIOBase):
        raise TypeError("a file object must give bytes; open it in binary mode")
    return iter([bytes(stream)]) if isinstance(stream, _BYTES) else stream


def tag_keys(source: Path | Iterable[Path], *, period: str | None = None) -> list[str]:
    """The tag keys that files have, sorted, as a scan can ask for them.

    Args:
        source: files, directories or globs.
        period: billing period `YYYY-MM`: files that name another are not looked at.

    Raises:
        InputError: `read.*` where a file is no bill.
        IoError: `read.io`.
    """
    paths = [source] if isinstance(source, (str, os.PathLike)) else list(source)
    return _native.tag_keys([os.fspath(path) for path in paths], period)
