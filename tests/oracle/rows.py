"""One input row of any dialect, and what reading rows of different dialects has in common (spec 2.9, 3.5, 3.7)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction

EC2_ARN = re.compile(r"arn:[^:]+:ec2:[^:]*:[^:]*:(?:instance/(m?i-[^:/]+)|volume/(vol-[^:/]+))\Z")


@dataclass
class Row:
    """One input row, amounts and times parsed, everything else as written."""

    dialect: str  # dbr, cur, cur2 or focus
    invoice: str | None  # None where the file has no invoice column
    payer: str
    account: str
    product: str
    usage_type: str
    operation: str
    region: str
    resource: str
    description: str
    start: int | None
    end: int | None
    quantity: Fraction
    amount: int
    commitment: str = ""  # subscription, reservation or savings plan id, whatever the kind
    zone: str = ""  # availability zone, of a DBR only
    entity: str = "AWS"
    currency: str | None = None  # None where the row names none
    period: str | None = None  # billing period the row itself names
    tags: list = field(default_factory=list)  # (tag key as the dialect keeps it, value), sorted
    folded: bool = False  # whether the dialect folds tag keys
    categories: list = field(default_factory=list)  # (name of a cost category as the file keeps it, value), sorted
    excluded: bool = False
    kind: str = ""
    unknown: str | None = None  # the type as written, where it is not known
    charged: int | None = None  # unblended (or billed) cost, where the amount is that of another basis
    line_item_kind: str = ""  # the kind before the policy maps it
    split_data: object = None  # what an excluded row says of a task
    correction: bool = False  # FOCUS: a correction of a period that is invoiced

    @property
    def unblended(self) -> int:
        """What was charged: finality goes by it, whatever the basis (R53)."""
        return self.amount if self.charged is None else self.charged


def bare_id(resource: str) -> str:
    """Exact EC2 instance and volume ARNs reduced to the bare id, anything else as written (spec 3.7)."""
    match = EC2_ARN.match(resource)
    return (match.group(1) or match.group(2)) if match else resource


def region_of(zone: str) -> str:
    """The availability zone without its final letter, otherwise as written (R1)."""
    return zone[:-1] if re.search(r"\d[a-z]\Z", zone) else zone


def fold_name(name: str) -> str:
    """A name as AWS folds it for Athena (domain 2.2).

    An underscore before each uppercase letter, lower case, anything but letters and digits an underscore, repeats
    collapsed, ends trimmed.
    """
    spaced = re.sub(r"([A-Z])", r"_\1", name).lower()
    return re.sub(r"_+", "_", re.sub(r"[^a-z0-9]", "_", spaced)).strip("_")


def folded_key(key: str) -> str:
    """A requested tag key as folding dialects name it: `cost-center` is `user_cost_center`, `aws:x` is `aws_x`."""
    return fold_name(key if key.startswith("aws:") else f"user:{key}")


class Cells:
    """The cells of one row by column name, without case; a column that is absent is empty."""

    def __init__(self, columns: dict, cells: list):
        self.columns = columns
        self.cells = cells

    def has(self, name: str) -> bool:
        """Whether the file has a column."""
        return name.lower() in self.columns

    def __call__(self, *names: str) -> str:
        """The first of some columns that is not empty."""
        for name in names:
            at = self.columns.get(name.lower())
            if at is not None and at < len(self.cells) and self.cells[at] != "":
                return self.cells[at]
        return ""
