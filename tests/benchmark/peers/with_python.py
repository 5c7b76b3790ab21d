"""Python's standard library alone."""

import csv
import json
import sys
from collections import defaultdict
from decimal import Decimal

job = json.loads(sys.argv[1])
number = Decimal if job["mode"] == "exact" else float
sums = defaultdict(number)
for path in job["files"]:
    with open(path, newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        header = next(rows)
        account, product, tag, cost = (header.index(job[key]) for key in ("account", "product", "tag", "cost"))
        month = header.index(job["month"]) if job["month"] else None
        kind = header.index(job["skip"]["column"]) if job["skip"] else None
        skipped = set(job["skip"]["values"]) if job["skip"] else set()
        for row in rows:
            if kind is None or row[kind] not in skipped:
                when = job["period"] if month is None else row[month][:7]
                sums[when, row[account], row[product], row[tag]] += number(row[cost])
out = csv.writer(sys.stdout)
out.writerow(["month", "account", "product", "tag", "cost"])
out.writerows((*key, format(cost, "f") if job["mode"] == "exact" else cost) for key, cost in sums.items())
