"""What ran where."""

import os
import platform
import subprocess
import sys


def _first(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return (done.stdout.splitlines() or [""])[0].strip()


def _lines(path, key):
    try:
        with open(path, encoding="utf-8") as file:
            return [line.split(":", 1)[1].strip() for line in file if line.startswith(key)]
    except OSError:
        return []


def description():
    """Processor, memory, kernel and compiler, in one sentence."""
    model = (_lines("/proc/cpuinfo", "model name") or [platform.processor() or platform.machine()])[0]
    flags = (_lines("/proc/cpuinfo", "flags") or [""])[0].split()
    widest = next((flag for flag in ("avx512bw", "avx2", "sse2") if flag in flags), "")
    memory = (_lines("/proc/meminfo", "MemTotal") or ["0 kB"])[0].split()[0]
    cores = os.cpu_count()
    load = os.getloadavg()[0]
    return (
        f"{model} ({cores} cores{', ' + widest if widest else ''}), {int(memory) / 2**20:.0f} GiB, "
        f"{platform.system()} {platform.release()}, {_first(['rustc', '--version'])}, "
        f"Python {sys.version.split()[0]}, Node {_first(['node', '--version'])}; load {load:.1f} at the start; "
        "files in the page cache"
    )

