"""What attribution is made of."""

from __future__ import annotations

from dataclasses import dataclass


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

    @property
    def owner(self) -> tuple:
        """What fees and pools are shared among (R23, R44, R66)."""
        return (self.area, self.row_kind, self.reason)
