"""Tables of a report: exact decimals, Arrow without copies through text, frames of whatever is installed."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from . import _native
from ._html import html_table

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

_READERS = {"text": str, "money": Decimal, "count": int}


class Table:
    """One table of a `Report`, sorted by its keys (spec 7.1, 10.4).

    Costs are exact: `decimal.Decimal` in Python, `decimal128(38, 18)` in Arrow. Any consumer of the Arrow C stream
    interface takes it as it is: `pyarrow.table(t)`, `polars.DataFrame(t)`, `duckdb.sql("from t")`.
    """

    __slots__ = ("_columns", "_native")

    def __init__(self, native: _native.Table) -> None:
        self._native = native
        self._columns: list[tuple[str, str, list[Any]]] | None = None

    def _read(self) -> list[tuple[str, str, list[Any]]]:
        if self._columns is None:
            self._columns = [
                (name, kind, [None if value is None else _READERS[kind](value) for value in values])
                for name, kind, values in self._native.columns
            ]
        return self._columns

    @property
    def columns(self) -> list[str]:
        """Names of the columns, in order."""
        return [name for name, _, _ in self._read()]

    def column(self, name: str) -> list[Any]:
        """Values of one column: `str`, `int` or `Decimal`, None where there is none.

        Raises:
            KeyError: where there is no such column.
        """
        for column, _, values in self._read():
            if column == name:
                return list(values)
        raise KeyError(name)

    def to_dicts(self) -> list[dict[str, Any]]:
        """The rows as dicts, costs as `decimal.Decimal`."""
        columns = self._read()
        names = [name for name, _, _ in columns]
        return [dict(zip(names, row)) for row in zip(*(values for _, _, values in columns))]

    def to_arrow(self) -> pyarrow.Table:
        """A `pyarrow.Table`, costs as `decimal128(38, 18)`. Needs pyarrow.

        Raises:
            LimitError: `money.overflow` where a cost needs more than 38 digits.
        """
        import pyarrow

        return pyarrow.table(self)

    def to_polars(self) -> polars.DataFrame:
        """A `polars.DataFrame`, costs as `Decimal(38, 18)`. Needs polars.

        Raises:
            LimitError: `money.overflow` where a cost needs more than 38 digits.
        """
        import polars

        return polars.DataFrame(self)

    def to_pandas(self, *, arrow_types: bool = False) -> pandas.DataFrame:
        """A `pandas.DataFrame`. Needs pandas.

        Args:
            arrow_types: whether columns are Arrow's (`decimal128(38, 18)`, needs pyarrow) instead of objects:
                costs are then added to the last digit, where `decimal.Decimal` rounds at 28 significant digits.
        """
        import pandas

        if arrow_types:
            frame: pandas.DataFrame = self.to_arrow().to_pandas(types_mapper=pandas.ArrowDtype)
            return frame
        columns = {name: pandas.Series(values, dtype=object) for name, _, values in self._read()}
        objects: pandas.DataFrame = pandas.DataFrame(columns)
        return objects

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The table as an Arrow C stream capsule. The schema is always the table's own.

        Raises:
            LimitError: `money.overflow` where a cost needs more than 38 digits.
        """
        return self._native.arrow_stream()

    def __arrow_c_schema__(self) -> object:
        """The table's schema as an Arrow C schema capsule."""
        return self._native.arrow_schema()

    def __len__(self) -> int:
        return self._native.rows

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.to_dicts())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and self._native.columns == other._native.columns

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<unblended.Table of {len(self)} rows: {', '.join(self.columns)}>"

    def _repr_html_(self) -> str:
        columns = self._read()
        rows = list(zip(*(values for _, _, values in columns)))
        right = [at for at, (_, kind, _) in enumerate(columns) if kind != "text"]
        return html_table(self.columns, rows, right)
