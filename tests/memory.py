"""Peak memory of the program: it grows with charges and kept usage intervals, not with rows.

    python3 tests/memory.py --binary PATH [--rows 100000 600000]

Rolls up generated bills of so many rows with the same charges, from standard input and from a file that two threads
read in chunks, then bills of more charges and with evidence. Exit status 1 where a promise does not hold. Linux only.

The peak is the program's own (`VmHWM`), read when its work is done and it waits for the rest of its result to be read:
what the kernel reports of a program that has ended counts the memory of whoever started it as well.
"""

import argparse
import fcntl
import json
import os
import select
import subprocess
import sys
import tempfile
import threading

MIB = 1 << 20
# What rows may add: less than five bytes a row between the sizes of the quick form.
SLACK = 2 * MIB
PIPE = 4096
HEADER = (
    b"InvoiceID,PayerAccountId,LinkedAccountId,RecordType,ProductName,UsageType,Operation,AvailabilityZone,"
    b"ReservedInstance,ItemDescription,UsageStartDate,UsageEndDate,UsageQuantity,UnBlendedCost,ResourceId,user:team\n"
)


def hours(charges, count, start=0):
    """The rows of so many hours, one of each charge an hour."""
    rows = []
    for hour in range(start, start + count):
        begin, end = (f"2016-06-{1 + at // 24:02} {at % 24:02}:00:00" for at in (hour, hour + 1))
        for charge in range(charges):
            rows.append(
                f'"81234567","111111111111","111111111111","LineItem","Amazon Elastic Compute Cloud","EBS:VolumeUsage",'
                f'"CreateVolume","us-west-2a","N","$0.1 per GB-month, gp2","{begin}","{end}","1.5","0.00{charge % 97}1",'
                f'"vol-{charge:08x}","team-{charge % 40}"\n'
            )
    return "".join(rows).encode()


def parts(rows, charges):
    """The header, and so many rows of so many charges; the hours repeat."""
    block_hours = 100
    assert rows % (charges * block_hours) == 0, f"{rows} rows are not whole blocks"
    block = hours(charges, block_hours)
    yield HEADER
    for _ in range(rows // (charges * block_hours)):
        yield block


def peak(command, stdin=()):
    """The peak of a command in bytes; `stdin` is what it reads."""
    out, into = os.pipe()
    fcntl.fcntl(into, fcntl.F_SETPIPE_SZ, PIPE)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=into, stderr=subprocess.PIPE) as process:
        os.close(into)

        def feed():
            try:
                for part in stdin:
                    process.stdin.write(part)
                process.stdin.close()
            except BrokenPipeError:
                pass

        feeder = threading.Thread(target=feed)
        feeder.start()
        select.select([out], [], [])
        with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
            lines = [line.split() for line in status if line.startswith("VmHWM:")]
        with open(out, "rb") as pipe:
            said = pipe.read()
        feeder.join()
        errors = process.stderr.read()
    if process.returncode != 0:
        raise SystemExit(f"{command} failed: {errors.decode(errors='replace')}")
    assert len(said) > PIPE and lines, "the program did not wait for its result to be read"
    return int(lines[0][1]) * 1024, json.loads(said)


class Promises:
    """What is promised, and whether it held."""

    def __init__(self):
        self.failed = 0

    def check(self, what, measured, allowed):
        is_met = measured <= allowed
        self.failed += not is_met
        print(f"{'ok' if is_met else 'FAILED'}: {what}: {measured / MIB:.2f} MiB, allowed {allowed / MIB:.2f} MiB")


def rollup(binary, *more):
    return [binary, "rollup", *more, "--tag", "team", "--output", "json", "--no-progress"]


def check_rows(promises, binary, sizes, folder):
    """Without evidence the same peak whatever the number of rows, and under the bound."""
    charges = 200
    for name, threads in [("standard input", "1"), ("a file, 2 threads", "2")]:
        peaks = []
        for rows in sizes:
            path, content = "-", parts(rows, charges)
            if threads != "1":
                path = os.path.join(folder, "bill.csv")
                with open(path, "wb") as file:
                    file.writelines(content)
                content = ()
            found, _ = peak(rollup(binary, path, "--threads", threads), content)
            peaks.append(found)
            promises.check(f"{name}, {rows:,} rows, {charges} charges", found, 24 * MIB + 1024 * charges)
        promises.check(f"{name}: from {sizes[0]:,} to {sizes[-1]:,} rows", peaks[-1] - peaks[0], SLACK)


def check_charges(promises, binary):
    """1 KiB a charge."""
    few, many = 100, 10_000
    small, _ = peak(rollup(binary, "-"), [HEADER, hours(few, 1)])
    large, _ = peak(rollup(binary, "-"), [HEADER, hours(many, 1)])
    promises.check(f"{many - few:,} more charges", large - small, 1024 * (many - few) + SLACK)


def check_intervals(promises, binary, folder):
    """32 bytes an interval that is kept, however many threads read."""
    volumes, count = 200, 600
    evidence, bill = os.path.join(folder, "volumes.csv"), os.path.join(folder, "bill.csv")
    with open(evidence, "w", encoding="ascii") as file:
        file.write("volume,instance,attached,detached\n")
        file.writelines(f"vol-{at:08x},i-1,2016-06-01T00:00:00Z,2016-07-01T00:00:00Z\n" for at in range(volumes))
    # Hour by hour, so that no row can be added to an interval that is there.
    content = [HEADER, *(hours(volumes, 10, start) for start in range(0, count, 10))]
    with open(bill, "wb") as file:
        file.writelines(content)
    intervals = volumes * count
    for name, command, stdin in [
        ("standard input", rollup(binary, "-"), content),
        ("a file, 2 threads", rollup(binary, bill, "--threads", "2"), ()),
    ]:
        without, _ = peak(command, stdin)
        kept, said = peak([*command, "--volumes", evidence], stdin)
        assert any(found["mechanism"] == "volume" for found in said["mechanisms"]), said["mechanisms"]
        promises.check(f"{name}, {intervals:,} intervals kept", kept - without, 32 * intervals + SLACK)
        allowed = 24 * MIB + 1024 * volumes + 32 * intervals
        promises.check(f"{name}, {intervals:,} intervals, {volumes} charges", kept, allowed)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--rows", type=int, nargs=2, default=[100_000, 600_000])
    arguments = parser.parse_args()
    if not os.path.exists("/proc/self/status"):
        print("skipped: only Linux tells the peak of a program while it runs")
        return 0
    promises = Promises()
    with tempfile.TemporaryDirectory() as folder:
        check_rows(promises, arguments.binary, arguments.rows, folder)
        check_charges(promises, arguments.binary)
        check_intervals(promises, arguments.binary, folder)
    return 1 if promises.failed else 0


if __name__ == "__main__":
    sys.exit(main())
