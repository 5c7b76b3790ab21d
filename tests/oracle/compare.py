"""The program under test against the oracle, over many random months.

    python3 tests/oracle/compare.py --binary PATH --months 120 --others 40 --crossed 10 [--seed 1] [--keep DIR]

`--months` DBR months, `--others` of each other form (`--forms` names some), `--crossed` months written in every form.
Everything but `run_id` and `diagnostics` is compared: values and order. The folder of a month that differs is kept,
with the command line in `command.txt`. `--oracle-only` runs no program: it checks the oracle's own sums.
Exit status 1 on any failure, if fewer months ran than asked, or if a run of 200 or more of all forms missed a feature.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections import Counter
from multiprocessing import Pool

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import allocated  # noqa: E402
import money  # noqa: E402
import months  # noqa: E402
import oracle  # noqa: E402

SCALARS = ("period", "status", "basis", "currency")
TABLES = {
    "area_costs": ("product_area", "row_kind", "pool", "reason"),
    "service_costs": ("cluster", "service", "product_area"),
    "product_area_costs": ("product", "product_area", "row_kind", "pool", "reason"),
    "mechanisms": ("mechanism",),
    "reallocations": ("provider", "consumer"),
    "split_check": ("cluster", "service"),
    "commitments": ("payer", "product", "usage_account", "commitment", "covers"),
    "bridge": ("kind", "rows", "unblended", "difference"),
}
SHOWN = 12  # differences printed per month

# What a run of 200 months must have exercised: group -> names, as the generator and the oracle report them.
REQUIRED = {
    "mechanism": "rule ecs ecs_idle volume tag cost_category account reservation shared reallocated idle unused_commitment "
    "unattributed",
    "row_kind": "area idle shared unused_commitment unattributed",
    "reason": "detached empty_host unreserved",
    "form": "dbr cur athena cur2 focus-1.0 focus-1.2",
    "kind": "Usage DiscountedUsage UpfrontFee RecurringFee Tax Refund Credit Rounding Discount CbRounding Fee "
    "SavingsPlanCoveredUsage SavingsPlanNegation SavingsPlanRecurringFee SavingsPlanUpfrontFee EdpDiscount "
    "RiVolumeDiscount PrivateRateDiscount BundledDiscount SppDiscount DistributorDiscount UnusedCommitment Purchase "
    "Adjustment Other",
    "status": "open estimated unknown invoiced",
    "bill": "several payers|several currencies|another currency|excluded split cost|correction",
    "line_items": "kinds|strict",
    "row": "InvoiceTotal|AccountTotal|StatementTotal|negative|conflicting tags|same charge twice|odd interval"
    "|ARN resource|Fargate task|fee-like text with a resource|credit positive|tax word|no record type"
    "|Marketplace|unknown type|split cost|looks like split cost|tag with and without prefix",
    "amount": "exponent|plus sign|more than 18 decimals|half unit",
    "file": "csv|csv.gz|csv.zip|quoted|unquoted|single account|consolidated|named all|named none|named some"
    "|of another month|zip of two entries|tag keys that differ by case"
    "|optional column missing|without period columns|rows of another month|shuffled columns|NULL text|CR LF|LF"
    "|byte order mark|quoted newline|cost categories",
    "period": "given|found",
    "areas": "accounts|aliases|case_insensitive|cost_categories|account_map",
    "rule": "account|product|usage_type|operation|region|resource|tag|cost_category|kind|area|split|dates|list",
    "containers": "window usage|window period|idle spread|idle separate|idle proportional|memory weight|default_cpu|capacity by id"
    "|capacity by type|scad|empty_host owner|empty_host separate|empty_host proportional",
    "volumes": "follow True|follow False|detached owner|detached separate|detached proportional",
    "commitments": "among all|among areas|spread|share auto|share cost|share usage|unused central|unused owner"
    "|unused proportional|by usage|purchased|covered by id|covered by zone|covered by family|told by its id|spread by its id|spread by its payer|used by hours|used by cost|used as billed",
    "task": "across month border|without stop|no startedAt (pull)|no startedAt (created)|no startedAt (pending)"
    "|TaskFailedToStart|custom group|standalone|cpu 0 or missing|own tags|equal versions that differ",
    "instance": "terminated|deregistered|capacity changes",
    "volume": "move|missed detach|missed attach|snapshot|multi|terminated|deleted|table|none|failed call"
    "|detached for a while|snapshot beside events|attach of an attached pair|known as available",
    "shape": "lines|array|pretty|concatenated|one|gzip|duplicate event|mixed evidence in one file|task events"
    "|describe-tasks|describe-container-instances|container instance events|short container instance ARN"
    "|container instance without cluster|CloudTrail calls|EBS notification|describe-volumes|describe-instances"
    "|tasks table csv|tasks table json|instances table csv|volumes table csv",
    "map": "plain|base64|json|array|csv|toml|cluster|account|cluster and account|dates",
    "fee": "upfront|recurring|unknown term|inclusive end|odd term|negative|equal keys",
    "book": "other period|this period's own entry|what is covered",
    "option": "tag",
    "providers": "one|several|dates",
    "split": "row|fair",
    "allocated": "commitment-fees ecs-cpu-and-memory-seconds ecs-cpu-seconds ecs-split-cost-allocation-data ecs-task "
    "provider-keys rule-percentages shared-pool volume-attachments whole hours split-hours",
    "split_check": "rounding|only_ours|only_scad|basis|idle|host_hours_without_tasks|instance_cost|memory|shares"
    "|beside scad",
    "basis": "net_unblended|amortized|net_amortized|net columns",
}


def required_features() -> list[str]:
    """REQUIRED as full names."""
    names = []
    for group, text in REQUIRED.items():
        parts = text.split("|") if "|" in text or group in ("option",) else text.split()
        names += [f"{group}:{part}" for part in parts]
    return names


def features_of(options: dict, rollup) -> set:
    """What a month exercised: what the generator wrote and what the oracle made of it."""
    found = set(options["features"])
    found |= {f"kind:{'Other' if row.unknown else row.kind}" for row in rollup.rows}
    found |= {f"mechanism:{piece.mechanism}" for piece in rollup.pieces}
    found |= {f"row_kind:{piece.row_kind}" for piece in rollup.pieces}
    found |= {f"reason:{piece.reason}" for piece in rollup.pieces if piece.reason}
    found |= {f"commitments:{name}" for name in rollup.commitment_features()}
    found.add(f"status:{rollup.status}")
    found |= {f"split_check:{why}" for row in rollup.result.get("split_check", []) for why in row["why"] or ["equal"]}
    found |= {"split_check:beside scad" for _ in rollup.result.get("split_check", []) if rollup.split == "scad"}
    found |= {"volume:known as available" for _ in rollup.unattached}
    found |= {"bill:correction" for row in rollup.rows if row.correction}
    found |= {"bill:excluded split cost" for row in rollup.excluded if row.dialect != "dbr"}
    found |= {"bill:another currency" for _ in rollup.rows[:1] if rollup.currency != "USD"}
    return found


def broken_sums(result: dict) -> list[str]:
    """The identities of spec 0.1 and 7.1 that a result does not keep."""
    totals = {name: money.parse(text) for name, text in result["totals"].items()}

    def total(table: str, wanted=lambda row: True) -> int:
        return sum(money.parse(row["cost"]) for row in result[table] if wanted(row))

    due = totals["billed"] + totals["carried_in"] - totals["deferred"]
    kinds = ("areas", "idle", "unused_commitment", "shared", "unattributed")
    ecs = total("mechanisms", lambda row: row["mechanism"] == "ecs")
    sums = {
        "totals": sum(totals[name] for name in kinds),
        "area_costs": total("area_costs"),
        "product_area_costs": total("product_area_costs"),
        "mechanisms": total("mechanisms"),
    }
    broken = [
        f"sum of {name} is {money.text(cost)}, not {money.text(due)}" for name, cost in sums.items() if cost != due
    ]
    mapped = total("service_costs", lambda row: row["product_area"] is not None)
    if mapped != ecs:
        broken.append(f"mapped service_costs are {money.text(mapped)}, mechanism ecs is {money.text(ecs)}")
    return broken


def name_of(row: dict, keys: tuple) -> tuple:
    """The key of a row."""
    return tuple(row.get(key) for key in keys)


def table_differences(name: str, keys: tuple, expected: list, got: list) -> list[str]:
    """How one table differs: rows missing, rows too many, rows with another cost, another order."""
    if expected == got:
        return []
    found = []
    wanted = {name_of(row, keys): row for row in expected}
    actual = {name_of(row, keys): row for row in got}
    for key, row in wanted.items():
        if key not in actual:
            found.append(f"{name} {key}: missing, the oracle has {row}")
        elif actual[key] != row:
            found.append(f"{name} {key}: oracle {row}, program {actual[key]}")
    for key, row in actual.items():
        if key not in wanted:
            found.append(f"{name} {key}: not in the oracle, the program has {row}")
    return found or [f"{name}: the same rows in another order, or a row twice"]


def differences(expected: dict, got: dict) -> list[str]:
    """All differences between two results, `run_id` and `diagnostics` left out."""
    found = []
    for name in SCALARS:
        if expected[name] != got.get(name):
            found.append(f"{name}: oracle {expected[name]!r}, program {got.get(name)!r}")
    for name in sorted({*expected["totals"], *got.get("totals", {})}):
        one, other = expected["totals"].get(name), got.get("totals", {}).get(name)
        if one != other:
            found.append(f"totals.{name}: oracle {one}, program {other}")
    for name, keys in TABLES.items():
        found += table_differences(name, keys, expected.get(name, []), got.get(name, []))
    extra = set(got) - set(expected) - {"run_id", "diagnostics"}
    return found + [f"{name}: not in spec 11.2" for name in sorted(extra)]


def run_program(binary: str, options: dict, seed: int, folder: str) -> dict:
    """The program's result for a month."""
    threads = str(1 + seed % 2)
    command = [binary, "rollup", *months.arguments(options)]
    command += ["--output", "json", "--threads", threads, "--no-progress"]
    command += ["--allocated-charges", os.path.join(folder, "allocated.csv")]
    with open(os.path.join(folder, "command.txt"), "w", encoding="utf-8") as file:
        file.write(shlex.join(command) + "\n")
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"exit status {done.returncode}: {done.stderr.decode('utf-8', 'replace')[-1500:]}")
    return json.loads(done.stdout)


def check(binary: str | None, options: dict, seed: int, folder: str) -> tuple[dict, list[str], set]:
    """One written month through oracle and program: (the oracle's result, differences, features)."""
    rollup = oracle.Rollup(options)
    problems = [f"the oracle itself: {text}" for text in broken_sums(rollup.result)]
    with open(os.path.join(folder, "oracle.json"), "w", encoding="utf-8") as file:
        json.dump(rollup.result, file, indent=1, ensure_ascii=False)
    found = features_of(options, rollup)
    if binary:
        got = run_program(binary, options, seed, folder)
        with open(os.path.join(folder, "program.json"), "w", encoding="utf-8") as file:
            json.dump(got, file, indent=1, ensure_ascii=False)
        problems += differences(rollup.result, got)
        totals = {name: money.parse(text) for name, text in rollup.result["totals"].items()}
        due = totals["billed"] + totals["carried_in"] - totals["deferred"]
        parts = rollup.allocated()
        problems += allocated.differences(parts, os.path.join(folder, "allocated.csv"), due)
        found |= allocated.features(parts)
    return rollup.result, problems, found


def check_crossed(binary: str | None, seed: int, folder: str) -> tuple[list[str], set]:
    """One month in every form: each through the program, and all equal but for the status.

    Where no fees are set aside, all forms but the DBR tell the same of commitments by their rows (R98).
    """
    problems, found, first, told = [], set(), None, None
    for form, options in months.make_crossed(seed, folder).items():
        result, wrong, features = check(binary, options, seed, os.path.join(folder, form))
        found |= features
        expected = {**(first or result), "status": result["status"]}
        if first and "commitments" not in first:
            told = result.get("commitments", []) if told is None else told
            expected |= {"commitments": told} if told else {}
            wrong += [f"not as billed: {use}" for use in told if use["unused_cost"] is not None]
        first = first or result
        wrong += [f"unlike dbr: {text}" for text in differences(expected, result)]
        problems += [f"{form}: {text}" for text in wrong]
    return problems, found


def one_month(job: tuple) -> tuple[str, list[str], set]:
    """Make, run and compare one month: (name, differences, features)."""
    form, seed, binary, keep = job
    name = f"{form}-{seed}"
    folder = os.path.join(keep, name)
    shutil.rmtree(folder, ignore_errors=True)
    found = set()
    try:
        if form == "crossed":
            problems, found = check_crossed(binary, seed, folder)
        else:
            _, problems, found = check(binary, months.make(seed, folder, form), seed, folder)
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        problems = [str(error)]
    except Exception:  # a fault of generator or oracle must not end the run
        problems = [traceback.format_exc()]
    if not problems:
        shutil.rmtree(folder, ignore_errors=True)
    return name, problems, found


def report_features(counts: Counter, is_full_run: bool, verbose: bool) -> list[str]:
    """Print how many months exercised each feature; the required ones that never occurred."""
    missing = [name for name in required_features() if counts[name] == 0]
    if verbose:
        for name in sorted(counts):
            print(f"  {counts[name]:5d}  {name}")
    else:
        rare = sorted((counts[name], name) for name in required_features())[:5]
        print(f"{len(counts)} features; rarest: " + ", ".join(f"{name} {count}" for count, name in rare))
    return missing if is_full_run else []


def main() -> int:
    """Run it."""
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--binary")
    options.add_argument("--oracle-only", action="store_true")
    options.add_argument("--months", type=int, default=200)
    options.add_argument("--others", type=int, default=0)
    options.add_argument("--crossed", type=int, default=0)
    options.add_argument("--forms", nargs="+", default=list(months.FORMS[1:]), choices=months.FORMS[1:])
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--keep", help="folder for the months that differ")
    options.add_argument("--features", action="store_true", help="print the count of every feature")
    given = options.parse_args()
    if bool(given.binary) == given.oracle_only:
        options.error("give --binary PATH or --oracle-only")
    keep = os.path.abspath(given.keep) if given.keep else tempfile.mkdtemp(prefix="oracle-months-")
    os.makedirs(keep, exist_ok=True)
    binary = os.path.abspath(given.binary) if given.binary else None
    wanted = [("dbr", given.months), *((form, given.others) for form in given.forms), ("crossed", given.crossed)]
    jobs = [
        (form, seed, binary, keep) for form, count in wanted for seed in range(given.seed, given.seed + count)
    ]
    counts = Counter()
    passed = failed = 0
    with Pool(2) as pool:
        for name, problems, found in pool.imap_unordered(one_month, jobs):
            counts.update(found)
            passed += not problems
            failed += bool(problems)
            if problems:
                print(f"month {name}: {len(problems)} differences, kept in {keep}/{name}")
                print("\n".join(f"    {text}" for text in problems[:SHOWN]), flush=True)
    is_full_run = passed + failed >= 200 and given.others > 0 and len(given.forms) == len(months.FORMS) - 1
    missing = report_features(counts, is_full_run, given.features)
    for name in missing:
        print(f"never exercised: {name}")
    if not failed and not os.listdir(keep):
        os.rmdir(keep)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or missing or passed + failed < len(jobs) else 0


if __name__ == "__main__":
    sys.exit(main())
