"""Whole processes: wall time, CPU time of all threads and children, peak memory."""

import os
import shutil
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass, field

# The kernel counts the memory of whoever started a program as the program's own (its peak is kept over `exec`), and a
# Python is larger than what is measured here. GNU time is small.
GNU_TIME = shutil.which("time")


@dataclass
class Run:
    """One run of a process."""

    wall: float
    cpu: float
    peak: int
    output: bytes
    errors: bytes


@dataclass
class Contestant:
    """A way to do a job, and its runs."""

    name: str
    command: list
    # "exact", "float", or "" where it sums nothing.
    mode: str = "exact"
    # Too slow to be measured more than once.
    slow: bool = False
    runs: list = field(default_factory=list)
    failure: str = ""

    def median(self, of):
        """The median of `wall`, `cpu` or `peak`; None where nothing ran."""
        return statistics.median(getattr(run, of) for run in self.runs) if self.runs else None

    def spread(self, of):
        """The least and the most."""
        values = [getattr(run, of) for run in self.runs]
        return min(values), max(values)


def run(command):
    """Runs a command to its end; raises RuntimeError with its last words where it fails."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.NamedTemporaryFile() as peak:
        timed = [GNU_TIME, "--quiet", "-f", "%M", "-o", peak.name, *command] if GNU_TIME else command
        started = time.perf_counter()
        process = subprocess.Popen(timed, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        errors = err.read()
        if process.returncode != 0:
            raise RuntimeError(errors.decode(errors="replace").strip()[-500:] or f"exit {process.returncode}")
        kib = int(peak.read().split()[-1]) if GNU_TIME else usage.ru_maxrss
        return Run(wall, usage.ru_utime + usage.ru_stime, kib * 1024, out.read(), errors)


def measure(contestants, runs, say):
    """Runs all contestants once, then all again: what else the machine does meets all of them."""
    for at in range(runs):
        for contestant in contestants:
            if contestant.failure or (contestant.slow and at > 0):
                continue
            try:
                contestant.runs.append(run(contestant.command))
            except (OSError, RuntimeError) as error:
                contestant.failure = str(error)
                say(f"    {contestant.name} failed: {error}")
                continue
            last = contestant.runs[-1]
            say(f"    {at + 1}: {contestant.name}: {last.cpu:.2f} s CPU, {last.wall:.2f} s, {last.peak >> 20} MiB")
