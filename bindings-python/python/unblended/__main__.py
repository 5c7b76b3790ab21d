"""`python -m unblended` and the console script `unblended`: the same program as that of the Rust crate."""

from __future__ import annotations

import signal
import sys

from ._catalogue import run_cli


def main() -> None:
    """Runs the command line program with the arguments of the process and exits with its status."""
    # Nothing of Python is at work while the program runs: Ctrl-C and a closed pipe end it as they end any program.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(run_cli())


if __name__ == "__main__":
    main()
