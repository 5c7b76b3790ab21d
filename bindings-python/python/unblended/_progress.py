"""How far a scan is: a built-in bar, a tqdm bar, or a function."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any, Protocol, Union

ProgressCallback = Callable[[int, int, int], object]


class ProgressBar(Protocol):
    """What a bar of tqdm has, as far as a scan needs it."""

    total: Any

    def update(self, n: int, /) -> object:
        """Moves the bar by so many bytes."""


Progress = Union[bool, None, ProgressCallback, ProgressBar, "type[ProgressBar]"]


class Watcher:
    """Calls what the caller gave as progress."""

    def __init__(self, progress: Progress) -> None:
        self._close: Callable[[], object] = _nothing
        self.callback: ProgressCallback | None = None
        if progress is None or progress is False:
            return
        if progress is True:
            bar = _Bar()
            self.callback, self._close = bar.show, bar.close
        elif isinstance(progress, type):
            made: Any = progress(unit="B", unit_scale=True)
            self.callback, self._close = _Updates(made).show, made.close
        elif hasattr(progress, "update"):
            self.callback = _Updates(progress).show
        elif callable(progress):
            self.callback = progress
        else:
            raise TypeError("progress is True, a function of three numbers, or a bar of tqdm")

    def close(self) -> None:
        """Ends what this object began."""
        self._close()


def _nothing() -> None:
    return None


class _Updates:
    """Differences for a bar that counts them."""

    def __init__(self, bar: Any) -> None:
        self._bar = bar
        self._done = 0

    def show(self, done: int, total: int, rows: int) -> None:
        if total and self._bar.total != total:
            self._bar.total = total
        self._bar.update(done - self._done)
        self._done = done
        if hasattr(self._bar, "set_postfix_str"):
            self._bar.set_postfix_str(f"{rows:,} rows")


class _Bar:
    """A line on standard error."""

    def __init__(self) -> None:
        self._shown = 0.0

    def show(self, done: int, total: int, rows: int) -> None:
        now = time.monotonic()
        is_last = bool(total) and done >= total
        if now - self._shown < 0.1 and not is_last:
            return
        self._shown = now
        full = 30 * done // total if total else 0
        bar = f"[{'#' * full}{' ' * (30 - full)}] " if total else ""
        sys.stderr.write(f"\r{bar}{done / 1e6:,.1f} MB, {rows:,} rows")
        sys.stderr.flush()

    def close(self) -> None:
        sys.stderr.write("\n")
        sys.stderr.flush()
