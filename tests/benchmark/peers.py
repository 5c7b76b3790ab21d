"""The other engines: installing them, and how each is started."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROGRAMS = HERE / "peers"
# Engines that read a bill of six million rows in seconds; name → the packages it needs.
FAST = {
    "polars": ["polars"],
    "duckdb": ["duckdb"],
    "chdb": ["chdb"],
    "datafusion": ["datafusion", "pyarrow"],
    "pyarrow": ["pyarrow"],
}
SLOW = {"pandas": ["pandas", "pyarrow"], "python": [], "papaparse": ["papaparse"], "csv-parse": ["csv-parse"]}
IN_NODE = ("papaparse", "csv-parse")


class Peers:
    """The engines that are there, by name."""

    def __init__(self, folder, wanted, say):
        self.venv, self.node, self.wanted, self.say = folder / "venv", folder / "node", wanted, say
        self.python = self.venv / "bin" / "python"

    def install(self):
        """Installs what is missing; says what cannot be installed and goes on."""
        requirements = (HERE / "requirements.txt").read_text().split()
        self.say(f"installing into {self.venv}: {', '.join(requirements)}")
        try:
            if not self.python.exists():
                subprocess.run([sys.executable, "-m", "venv", self.venv], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            self.say(f"  no virtual environment: {error}")
            return
        pip = [self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        if subprocess.run([*pip, *requirements], check=False).returncode != 0:
            for requirement in requirements:
                if subprocess.run([*pip, requirement], check=False).returncode != 0:
                    self.say(f"  {requirement} cannot be installed")
        self.say(f"installing into {self.node}: {', '.join(IN_NODE)}")
        self.node.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "package.json", self.node)
        try:
            subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund"], cwd=self.node, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            self.say(f"  npm packages cannot be installed: {error}")

    def prepare(self):
        """What is installed of what is wanted, and their versions."""
        if self.node.exists():
            # A module resolves its packages from the folder it lies in.
            for path in PROGRAMS.glob("*.mjs"):
                shutil.copy(path, self.node)
        versions = {}
        for name, packages in (FAST | SLOW).items():
            if name in self.wanted:
                version = self._version(name, packages)
                if version is None:
                    self.say(f"  {name} is not installed and left out")
                else:
                    versions[name] = version
        self.wanted = [name for name in self.wanted if name in versions]
        return {name: version for name, version in versions.items() if version}

    def _version(self, name, packages):
        if name == "python":
            return ""
        if name in IN_NODE:
            path = self.node / "node_modules" / name / "package.json"
            return json.loads(path.read_text())["version"] if path.exists() else None
        code = "import sys; from importlib import metadata as m; print(*(m.version(name) for name in sys.argv[1:]))"
        try:
            done = subprocess.run([self.python, "-c", code, *packages], capture_output=True, text=True, check=False)
        except OSError:
            return None
        return done.stdout.split()[0] if done.returncode == 0 else None

    def command(self, name, job, mode):
        """The command that does a job with an engine."""
        said = json.dumps({**job, "mode": mode, "files": [str(path) for path in job["files"]]})
        if name in IN_NODE:
            return ["node", self.node / f"with_{name}.mjs", said]
        python = sys.executable if name == "python" else self.python
        return [python, PROGRAMS / f"with_{name}.py", said]
