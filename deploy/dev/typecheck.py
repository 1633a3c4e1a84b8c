"""`mypy` over everything; where a folder's name is no module's name, its tests are a run of their own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("shared", "services/contracts", "services/promotions", "services/store-ops", "services/receivables")
APART = ("shared", "services/store-ops")  # `shared.tests` would be part of the package, `store-ops` has a hyphen.


def main() -> int:
    """Return 0 when every run is clean."""
    tests = [package for package in PACKAGES if any((ROOT / package / "tests").rglob("*.py"))]
    together = [f"{package}/tests" for package in tests if package not in APART]
    runs = [([*(f"{package}/src" for package in PACKAGES), *together, "deploy", "tests"], ".")]
    runs += [([f"{package}/tests"], package) for package in tests if package in APART]
    failed = False
    for paths, base in runs:
        print(f"mypy {' '.join(paths)}", flush=True)
        environment = {**os.environ, "MYPYPATH": str(ROOT / base)}
        cache = f".mypy_cache/{base.replace('/', '-')}"
        command = [sys.executable, "-m", "mypy", "--cache-dir", cache, *paths]
        failed |= subprocess.run(command, check=False, cwd=ROOT, env=environment).returncode != 0
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
