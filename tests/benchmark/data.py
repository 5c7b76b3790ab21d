"""The bills that are measured, all written by `unblended demo`, and reused where they lie already."""

import gzip
import shutil
import subprocess
from pathlib import Path

# Files the Cost and Usage Report is cut into.
CHUNKS = 4
DBR_NAME = "111111111111-aws-billing-detailed-line-items-with-resources-and-tags-2016-06.csv"


class Data:
    """A folder of bills; each is made when it is asked for."""

    def __init__(self, folder, program, examples, say):
        self.folder, self.program, self.examples, self.say = folder, program, examples, say

    def _make(self, name, write):
        """The folder `name`; complete or not there."""
        folder = self.folder / name
        if not folder.exists():
            self.say(f"writing {folder}")
            part = self.folder / f"{name}.part"
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            write(part)
            part.rename(folder)
        return folder

    def _demo(self, folder, rows, dialect):
        command = [self.program, "demo", folder, "--rows", str(rows), "--dialect", dialect]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def dbr_zip(self, rows):
        """A Detailed Billing Report as AWS delivers it. The demo zips up to a million rows."""
        folder = self._make(f"dbr-zip-{rows}", lambda folder: self._demo(folder, rows, "dbr"))
        return [folder / f"{DBR_NAME}.zip"]

    def dbr_csv(self, rows):
        """A Detailed Billing Report, plain. The demo writes more than a million rows so."""

        def write(folder):
            if rows > 1_000_000:
                self._demo(folder, rows, "dbr")
            else:
                shutil.unpack_archive(self.dbr_zip(rows)[0], folder, "zip")

        return [self._make(f"dbr-{rows}", write) / DBR_NAME]

    def cur_gz(self, rows):
        """A Cost and Usage Report in as many gzip files as there are chunks."""

        def write(folder):
            whole = folder / "whole"
            self._demo(whole, rows, "cur")
            cut = sorted(whole.glob("cur/**/demo-[0-9]*.csv.gz"))
            with gzip.open(cut[0], "rb") as file:
                header = file.readline()
            chunks = [gzip.open(folder / f"cur-{at + 1}.csv.gz", "wb", compresslevel=6) for at in range(CHUNKS)]
            for chunk in chunks:
                chunk.write(header)
            at = 0
            for path in cut:
                with gzip.open(path, "rb") as file:
                    file.readline()
                    for line in file:
                        chunks[at * CHUNKS // rows if at < rows else CHUNKS - 1].write(line)
                        at += 1
            for chunk in chunks:
                chunk.close()
            shutil.rmtree(whole)

        return sorted(self._make(f"cur-gz-{rows}", write).glob("*.gz"))

    def cur_csv(self, rows):
        """The same in one plain file."""

        def write(folder):
            with open(folder / "cur.csv", "wb") as to:
                for at, path in enumerate(self.cur_gz(rows)):
                    with gzip.open(path, "rb") as file:
                        header = file.readline()
                        if at == 0:
                            to.write(header)
                        shutil.copyfileobj(file, to, 1 << 20)

        return [self._make(f"cur-{rows}", write) / "cur.csv"]

    def cur_parquet(self, rows):
        """A Cost and Usage Report for Athena: costs are doubles."""
        folder = self._make(f"cur-parquet-{rows}", lambda folder: self._demo(folder, rows, "cur-parquet"))
        return sorted(folder.glob("cur-parquet/**/*.parquet"))

    def large_month(self, rows, instances):
        """A month of many instances with its events, for the whole pipeline."""

        def write(folder):
            subprocess.run([self.examples / "large_month", folder, str(rows), str(instances)], check=True)

        return self._make(f"month-{rows}-{instances}", write)


def header(path):
    """The column names of a plain or gzip CSV."""
    import csv
    import io

    opened = gzip.open(path, "rb") if Path(path).suffix == ".gz" else open(path, "rb")
    with opened as file:
        return next(csv.reader(io.StringIO(file.readline().decode())))
