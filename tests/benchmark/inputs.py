"""What is measured: bills, and who reads them."""

import json
import shlex
from dataclasses import dataclass, field

from . import data as bills
from .measure import Contestant

PERIOD = "2016-06"
TAG = "product_area"
TOTALS = {"column": "RecordType", "values": ["InvoiceTotal", "StatementTotal", "AccountTotal"]}
DBR = {
    "format": "csv",
    "period": PERIOD,
    "month": None,
    "account": "LinkedAccountId",
    "product": "ProductName",
    "tag": f"user:{TAG}",
    "cost": "UnBlendedCost",
    "skip": TOTALS,
}
CUR = {
    "format": "csv",
    "period": PERIOD,
    "month": "bill/BillingPeriodStartDate",
    "account": "lineItem/UsageAccountId",
    "product": "product/ProductName",
    "tag": f"resourceTags/user:{TAG}",
    "cost": "lineItem/UnblendedCost",
    "skip": None,
}
CUR_PARQUET = {
    "format": "parquet",
    "period": PERIOD,
    "month": "bill_billing_period_start_date",
    "account": "line_item_usage_account_id",
    "product": "product_product_name",
    "tag": f"resource_tags_user_{TAG}",
    "cost": "line_item_unblended_cost",
    "skip": None,
}

# The whole program: scan, attribution, reconciliation, three tables. What the gates are about.
ROLLUP = "unblended rollup"
# The same question as the peers answer.
SUMS = "unblended, the same groups"


@dataclass
class Input:
    """One bill and its contestants."""

    name: str
    title: str
    files: list
    contestants: list = field(default_factory=list)

    def of(self, name, mode="exact"):
        """A contestant by name."""
        return next((it for it in self.contestants if it.name == name and it.mode == mode), None)

    def size(self):
        """Bytes as they are stored."""
        return sum(path.stat().st_size for path in self.files)


class Inputs:
    """Makes inputs of data, our programs and the peers that are there."""

    def __init__(self, data, program, examples, peers):
        self.data, self.program, self.examples, self.peers = data, program, examples, peers

    def ours(self, files):
        """Both ways to ask us."""
        options = ["--tag", TAG, "--output", "json", "--no-progress"]
        return [
            Contestant(ROLLUP, [self.program, "rollup", *files, *options]),
            Contestant(SUMS, [self.examples / "sums", TAG, *files]),
        ]

    def _input(self, name, title, files, job, peers, floats=()):
        job = {**job, "files": files}
        if job["format"] == "csv" and peers:
            job["columns"] = bills.header(files[0])
        found = Input(name, title, files, self.ours(files))
        for peer in peers:
            modes = ["exact", "float"] if peer in floats else ["exact"]
            if peer == "datafusion" and job["format"] == "parquet":
                # Its cast from text refuses exponents, and its cast from doubles rounds.
                modes = ["float"]
            for mode in modes:
                slow = peer in ("pandas", "python", "papaparse", "csv-parse")
                found.contestants.append(Contestant(peer, self.peers.command(peer, job, mode), mode, slow))
        return found

    def _there(self, *names):
        return [name for name in names if name in self.peers.wanted]

    def dbr(self, rows, everyone):
        """A plain Detailed Billing Report."""
        names = ["polars", "duckdb", "chdb", "datafusion", "pyarrow"]
        if everyone:
            names += ["pandas", "python", "papaparse", "csv-parse"]
        floats = ("polars", "duckdb", "pandas", "papaparse", "csv-parse")
        files = self.data.dbr_csv(rows)
        return self._input(f"dbr-{rows}", f"DBR CSV, {rows:,} rows", files, DBR, self._there(*names), floats)

    def dbr_zip(self, rows):
        """As AWS delivers it: no engine reads it itself."""
        files = self.data.dbr_zip(rows)
        found = Input("dbr-zip", f"DBR csv.zip, {rows:,} rows", files, self.ours(files))
        found.contestants.append(Contestant("a lone inflate", [self.examples / "inflate", *files], ""))
        if "duckdb" in self.peers.wanted:
            command = self.peers.command("duckdb", {**DBR, "files": ["/dev/stdin"]}, "exact")
            said = " ".join(shlex.quote(str(word)) for word in command)
            piped = ["sh", "-c", f"unzip -p {shlex.quote(str(files[0]))} | {said}"]
            found.contestants.append(Contestant("unzip -p into duckdb", piped))
        return found

    def cur(self, rows):
        """A plain Cost and Usage Report."""
        peers = self._there("polars", "duckdb", "chdb", "datafusion", "pyarrow")
        return self._input("cur", f"CUR CSV, {rows:,} rows", self.data.cur_csv(rows), CUR, peers)

    def cur_gz(self, rows):
        """The same in compressed parts."""
        peers = self._there("polars", "duckdb", "chdb", "datafusion", "pyarrow")
        title = f"CUR csv.gz × {bills.CHUNKS}, {rows:,} rows"
        return self._input("cur-gz", title, self.data.cur_gz(rows), CUR, peers)

    def cur_parquet(self, rows):
        """A Cost and Usage Report for Athena."""
        peers = self._there("polars", "duckdb", "chdb", "datafusion", "pyarrow")
        title = f"CUR Parquet, {rows:,} rows"
        return self._input("cur-parquet", title, self.data.cur_parquet(rows), CUR_PARQUET, peers, ("polars", "duckdb"))

    def pipeline(self, rows, instances):
        """A rollup with all evidence beside the bare scan of the same bill."""
        folder = self.data.large_month(rows, instances)
        files = sorted(folder.glob("*line-items*"))
        options = ["--policy", folder / "unblended.toml", "--tasks", folder / "tasks.jsonl"]
        options += ["--instances", folder / "instances.json", "--volumes", folder / "volumes.jsonl"]
        options += ["--services", folder / "services.json", "--output", "json", "--no-progress"]
        title = f"DBR, {rows:,} rows, {instances:,} instances with ECS and volume events"
        found = Input("pipeline", title, files, self.ours(files))
        found.contestants.append(Contestant(PIPELINE, [self.program, "rollup", *files, *options], ""))
        return found


PIPELINE = "unblended rollup with evidence"


def billed(rollup_json):
    """What a rollup says was billed, as text of a decimal. Its tables are more: fees are spread over their terms."""
    return json.loads(rollup_json)["totals"]["billed"]
