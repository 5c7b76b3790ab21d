"""chDB, the ClickHouse engine in a process: one SQL query."""

import json
import os
import sys

import chdb

job = json.loads(sys.argv[1])


def name(column):
    return "`" + column + "`"


exact = job["mode"] == "exact"
is_csv = job["format"] == "csv"
if is_csv:
    kind = "Decimal(38, 18)" if exact else "Float64"
    of = {job["cost"]: kind}
    structure = ", ".join(f"{name(column)} {of.get(column, 'String')}" for column in job["columns"])
    source = "file('{path}', 'CSVWithNames', '" + structure + "')"
    cost = name(job["cost"])
else:
    source = "file('{path}', 'Parquet')"
    # Through the shortest text, as people see it: a cast of the double itself shows its binary tail or cuts digits off.
    cost = f"toDecimal128(toString({name(job['cost'])}), 18)" if exact else name(job["cost"])
month = f"substring(toString({name(job['month'])}), 1, 7)" if job["month"] else f"'{job['period']}'"
where = "1"
if job["skip"]:
    values = ", ".join(f"'{value}'" for value in job["skip"]["values"])
    where = f"{name(job['skip']['column'])} NOT IN ({values})"

# Several files are named by a pattern, whose braces may hold names but no paths.
folder, names = os.path.dirname(job["files"][0]), [os.path.basename(path) for path in job["files"]]
path = job["files"][0] if len(names) == 1 else f"{folder}/{{{','.join(names)}}}"
query = f"""
    SELECT {month} AS month, {name(job['account'])} AS account, {name(job['product'])} AS product,
           ifNull({name(job['tag'])}, '') AS tag, sum({cost}) AS cost
    FROM {source.replace('{path}', path)} WHERE {where} GROUP BY month, account, product, tag
"""
print(chdb.query(query, "CSVWithNames"), end="")
