"""Tables of other libraries and Parquet files as bills."""

from __future__ import annotations

import io
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from conftest import dbr

import unblended

ROWS = [
    {"UnBlendedCost": "1.25", "ResourceId": "i-1"},
    {"UnBlendedCost": "-0.000000000000000001", "user:product_area": "api"},
    {"UnBlendedCost": "0.3", "user:product_area": "api"},
]
TOTAL = Decimal("1.549999999999999999")


def texts(*rows: dict[str, Any]) -> pa.Table:
    """The bill with every column as text, empty cells as null."""
    content = dbr(*rows)
    names = content.split(b"\n", 1)[0].decode().split(",")
    convert = pa.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True)
    return pa.csv.read_csv(io.BytesIO(content), convert_options=convert)


def typed() -> pa.Table:
    """The bill with exact costs, times and dictionaries."""
    table = texts(*ROWS)
    for name, kind in [
        ("UnBlendedCost", pa.decimal128(38, 18)),
        ("UsageStartDate", pa.timestamp("us")),
        ("UsageEndDate", pa.timestamp("ms")),
    ]:
        table = table.set_column(table.column_names.index(name), name, table[name].cast(kind))
    at = table.column_names.index("ProductName")
    return table.set_column(at, "ProductName", table["ProductName"].dictionary_encode())


def test_tables_of_every_library_are_the_bill_of_the_csv() -> None:
    expected = unblended.scan(dbr(*ROWS))
    table = typed()
    frame = pl.from_arrow(table)
    relation = duckdb.connect().from_arrow(table)

    def batches() -> Iterator[pa.RecordBatch]:
        yield from table.to_batches(max_chunksize=1)

    sources: dict[str, Any] = {
        "pyarrow": table,
        "pyarrow texts": texts(*ROWS),
        "pyarrow reader": pa.RecordBatchReader.from_batches(table.schema, batches()),
        "polars": frame,
        "pandas": table.to_pandas(types_mapper=pd.ArrowDtype),
        "pandas of objects": texts(*ROWS).to_pandas(),
        "duckdb": relation,
        "list": [table],
        "mapping": {"bill-2016-06": table},
    }
    for kind, source in sources.items():
        bill = unblended.scan(source)
        assert bill.billed() == TOTAL, kind
        assert bill.digest == expected.digest, kind
        assert bill.rows == len(ROWS), kind


def test_a_table_can_be_scanned_twice_but_not_in_one_bill() -> None:
    table = typed()
    assert unblended.scan(table).digest == unblended.scan(table).digest
    with pytest.raises(unblended.InputError) as raised:
        unblended.scan([table, table.slice(0, 1), table])
    assert raised.value.code == "read.duplicate"


def test_doubles_are_read_as_their_shortest_decimals_and_reported() -> None:
    frame = pl.DataFrame(texts(*[{"UnBlendedCost": "0.1"}] * 10)).with_columns(pl.col("UnBlendedCost").cast(pl.Float64))
    bill = unblended.scan(frame)
    assert bill.billed() == Decimal(1)
    found = [finding for finding in bill.inspect()["diagnostics"] if finding["code"] == "parse.double_source"]
    assert [finding["count"] for finding in found] == [10]


def test_a_table_that_is_no_bill_or_has_a_bad_row_is_an_error() -> None:
    with pytest.raises(unblended.InputError) as raised:
        unblended.scan(pa.table({"x": [1]}))
    assert raised.value.code == "read.unknown_dialect"
    with pytest.raises(unblended.InputError) as raised:
        unblended.scan({"mine": texts({}, {"UnBlendedCost": "x"})})
    assert raised.value.code == "parse.bad_decimal"
    location = raised.value.location
    assert location is not None
    assert (location["file"], location["row"], location["column"]) == ("mine", 2, "UnBlendedCost")


def test_what_a_reader_raises_ends_the_scan() -> None:
    table = typed()

    def batches() -> Iterator[pa.RecordBatch]:
        yield from table.to_batches()
        raise OSError("the wire was cut")

    with pytest.raises(unblended.IoError, match="cannot be read") as raised:
        unblended.scan(pa.RecordBatchReader.from_batches(table.schema, batches()))
    assert raised.value.code == "read.io"
    assert "the wire was cut" in str(raised.value.__cause__)


@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "zstd"])
def test_parquet_is_read_from_paths_and_streams(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "bill.parquet"
    pq.write_table(typed(), path, compression=codec, row_group_size=2)
    expected = unblended.scan(dbr(*ROWS)).digest
    for source in (path, tmp_path, path.read_bytes(), io.BytesIO(path.read_bytes())):
        assert unblended.scan(source).digest == expected
    with pytest.raises(unblended.InputError) as raised:
        unblended.scan(path.read_bytes()[:-1])
    assert raised.value.code == "read.truncated"


def test_arrow_ipc_is_read_as_file_and_stream(tmp_path: Path) -> None:
    path = tmp_path / "bill.arrow"
    pa.feather.write_feather(typed(), path, compression="zstd")
    frame = tmp_path / "polars.arrow"
    pl.DataFrame(typed()).write_ipc(frame)
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, typed().schema) as writer:
        writer.write_table(typed())
    expected = unblended.scan(dbr(*ROWS)).digest
    for source in (path, frame, sink.getvalue()):
        assert unblended.scan(source).digest == expected
