"""Create `.venv` and install the pinned requirements and the five editable packages into it; standard library only."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
REQUIREMENTS = ROOT / "requirements" / "dev.txt"
PACKAGES = ("shared", "services/contracts", "services/promotions", "services/store-ops", "services/receivables")
PYTHON = VENV / "bin" / "python"


def say(text: str) -> None:
    """Print one line of progress at once."""
    print(f"setup: {text}", flush=True)


def foundation() -> str:
    """Return what the environment stands on: when that changes it is made afresh, else brought up to date."""
    return f"{sys.version.split()[0]} {sysconfig.get_platform()} {ROOT}"


def fingerprint() -> str:
    """Return what is installed: the pinned requirements and our packaging files, as a digest."""
    digest = hashlib.sha256()
    for path in (REQUIREMENTS, *(ROOT / package / "pyproject.toml" for package in PACKAGES)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def has_pip(python: Path) -> bool:
    """Say whether ``python -m pip`` works."""
    return subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0


def create_environment() -> list[str]:
    """Create the virtual environment afresh and return the command that is pip for it.

    Debian has no `ensurepip` without python3-venv; then the pip outside serves the environment.
    """
    if VENV.exists():
        say("removing the previous .venv")
        shutil.rmtree(VENV)
    say(f"creating .venv with Python {sys.version.split()[0]}")
    made = subprocess.run([sys.executable, "-m", "venv", VENV], capture_output=True, text=True, check=False)
    if made.returncode == 0 and has_pip(PYTHON):
        return [str(PYTHON), "-m", "pip"]
    subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", VENV], check=True)
    if not has_pip(Path(sys.executable)):
        raise SystemExit("setup: this Python has neither ensurepip nor pip; install python3-venv or python3-pip first")
    say("ensurepip is absent: using the pip outside the environment")
    return [sys.executable, "-m", "pip", "--python", str(PYTHON)]


def run_pip(command: list[str], total: int) -> None:
    """Run pip with its long output replaced by a count now and then; show all of it if it fails."""
    environment = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    lines: list[str] = []
    seen = 0
    with subprocess.Popen(
        [*command, "--no-input", "--progress-bar", "off"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    ) as process:
        for line in process.stdout or ():
            lines.append(line)
            if line.startswith(("Collecting ", "Obtaining ")):
                seen += 1
                if seen % 20 == 0:
                    say(f"{seen} of {total} packages fetched")
            elif line.startswith("Installing collected"):
                say("unpacking")
    if process.returncode:
        raise SystemExit(f"{''.join(lines[-60:])}\nsetup: pip failed, see above: {' '.join(map(str, command))}")


def install(pip: list[str]) -> None:
    """Install exactly what is pinned, checked by hash, then our own packages without asking any index for them."""
    total = sum("==" in line and not line.startswith((" ", "#")) for line in REQUIREMENTS.read_text().splitlines())
    say(f"installing {total} pinned requirements (the first time about 150 MB, a minute or two)")
    run_pip([*pip, "install", "--require-hashes", "-r", str(REQUIREMENTS)], total)
    say("installing shared and the four services (editable)")
    own = [argument for package in PACKAGES for argument in ("-e", str(ROOT / package))]
    run_pip(
        [str(PYTHON), "-m", "pip", "install", "--no-deps", "--no-build-isolation", "--no-index", *own], len(PACKAGES)
    )


def set_up() -> None:
    """Make the environment, or bring it up to date, unless the stamp says that nothing changed."""
    stamp = VENV / "made-from"
    base, wanted = foundation(), fingerprint()
    was = stamp.read_text().splitlines() if stamp.exists() and PYTHON.exists() else []
    if was == [base, wanted]:
        say(".venv is up to date")
        return
    keep = was[:1] == [base] and has_pip(PYTHON)
    install([str(PYTHON), "-m", "pip"] if keep else create_environment())
    stamp.write_text(f"{base}\n{wanted}\n")
    say("done: .venv is ready")


def main() -> None:
    """Set up, one at a time."""
    with REQUIREMENTS.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        set_up()


if __name__ == "__main__":
    main()
