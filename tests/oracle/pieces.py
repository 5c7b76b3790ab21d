"""What attribution is made of."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field

# What the pieces that are made now come from: `charge`, `instance`, `rule`, `pool`, `provider`, `commitment`.
SOURCE = {}


@contextmanager
def made_of(**source):
    """Pieces made inside come from this, and from what pieces outside come from."""
    before = dict(SOURCE)
    SOURCE.update(source)
    try:
        yield
    finally:
        SOURCE.clear()
        SOURCE.update(before)


@dataclass
class Piece:
    """An amount with its owner: one cell of the result before summing."""

    product: str
    account: str
    row_kind: str
    area: str | None
    mechanism: str
    amount: int
    service: tuple | None = None  # (cluster, service) for service_costs
    pool: str | None = None  # of a row that a shared pool keeps
    reason: str | None = None  # of an idle row
    source: dict = field(default_factory=lambda: dict(SOURCE))  # for allocated charges alone

    @property
    def owner(self) -> tuple:
        """What fees and pools are shared among (R23, R44, R66)."""
        return (self.area, self.row_kind, self.reason)
