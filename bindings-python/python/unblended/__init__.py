"""Who spent the AWS bill, exact to the last digit.

Scan once, ask many times::

    import unblended

    bill = unblended.scan("bills/*.csv.zip")
    report = bill.attribute(unblended.Policy({"areas": {"tag_keys": ["product_area"]}}))
    report.area_costs.to_dicts()

Every attributed, idle, unused and unattributed amount sums back to the bill exactly, or the run fails and says where.
Amounts are `decimal.Decimal`; floats are refused. pandas, polars and pyarrow are imported only when asked for.
"""

from __future__ import annotations

from ._bill import Bill
from ._catalogue import DemoFiles, ErrorInfo, demo, error_codes, run_cli, schemas
from ._errors import (
    ConfigError,
    ErrorCause,
    InputError,
    InternalError,
    IoError,
    LimitError,
    StateError,
    UnblendedError,
)
from ._evidence import EcsUsage, Evidence, Reservations, ServiceMap, VolumeAttachments
from ._native import version as _version
from ._policy import Policy
from ._pure import Finality, allocate_cpu, amortize, is_final, new_run_id, split, split_cost
from ._report import Report, Totals
from ._scan import scan, tag_keys
from ._store import Store
from ._table import Table

__version__: str = _version()

__all__ = [
    "Bill",
    "ConfigError",
    "DemoFiles",
    "EcsUsage",
    "ErrorCause",
    "ErrorInfo",
    "Evidence",
    "Finality",
    "InputError",
    "InternalError",
    "IoError",
    "LimitError",
    "Policy",
    "Report",
    "Reservations",
    "ServiceMap",
    "StateError",
    "Store",
    "Table",
    "Totals",
    "UnblendedError",
    "VolumeAttachments",
    "__version__",
    "allocate_cpu",
    "amortize",
    "demo",
    "error_codes",
    "is_final",
    "new_run_id",
    "run_cli",
    "scan",
    "schemas",
    "split",
    "split_cost",
    "tag_keys",
]

# Pickles and tracebacks name the public place of a class, so that private modules can move.
for _name in __all__:
    if isinstance(globals()[_name], type):
        globals()[_name].__module__ = __name__
del _name
