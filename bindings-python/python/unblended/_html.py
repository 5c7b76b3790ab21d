"""Tables for notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

_ROWS_SHOWN = 60


def html_table(header: Sequence[str], rows: Sequence[Sequence[object]], right: Iterable[int] = ()) -> str:
    """A table; columns in `right` are aligned to the right. Long tables are cut, and say so."""
    aligned = frozenset(right)

    def cell(tag: str, at: int, value: object) -> str:
        style = ' style="text-align:right"' if at in aligned else ' style="text-align:left"'
        return f"<{tag}{style}>{'' if value is None else escape(str(value))}</{tag}>"

    def line(tag: str, values: Sequence[object]) -> str:
        return "<tr>" + "".join(cell(tag, at, value) for at, value in enumerate(values)) + "</tr>"

    body = "".join(line("td", row) for row in rows[:_ROWS_SHOWN])
    more = f"<p>{len(rows) - _ROWS_SHOWN} more rows</p>" if len(rows) > _ROWS_SHOWN else ""
    return f"<table><thead>{line('th', header)}</thead><tbody>{body}</tbody></table>{more}"


def html_facts(title: str, facts: Sequence[tuple[str, object]]) -> str:
    """A titled list of names and values."""
    return f"<div><b>{escape(title)}</b>{html_table(('', ''), facts)}</div>"
