"""pandas, its usual reader; exact with Python's decimals in an object column."""

import json
import sys
from decimal import Decimal

import pandas as pd

job = json.loads(sys.argv[1])
exact = job["mode"] == "exact"
keys = [job[key] for key in ("account", "product", "tag")]
wanted = [*keys, job["cost"], *([job["month"]] if job["month"] else []), *([job["skip"]["column"]] if job["skip"] else [])]
if job["format"] == "csv":
    types = {column: str for column in wanted}
    types[job["cost"]] = str if exact else float
    frames = [pd.read_csv(path, usecols=wanted, dtype=types, keep_default_na=False) for path in job["files"]]
else:
    frames = [pd.read_parquet(path, columns=wanted) for path in job["files"]]
frame = pd.concat(frames)
if job["skip"]:
    frame = frame[~frame[job["skip"]["column"]].isin(job["skip"]["values"])]
month = frame[job["month"]].astype(str).str[:7] if job["month"] else job["period"]
if exact:
    frame[job["cost"]] = frame[job["cost"]].map(lambda cost: Decimal(str(cost)))
sums = frame.assign(month=month).groupby(["month", *keys], dropna=False)[job["cost"]].sum().reset_index()
sums.columns = ["month", "account", "product", "tag", "cost"]
sums.to_csv(sys.stdout, index=False)
