"""Create `.venv` and install the pinned requirements and the five editable packages into it; standard library only."""

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


def fingerprint() -> str:
    """Return what the environment was made from: interpreter, place, pinned requirements and packaging files."""
    digest = hashlib.sha256(f"{sys.version}\n{sysconfig.get_platform()}\n{ROOT}\n".encode())
    for path in (REQUIREMENTS, Path(__file__), *(ROOT / package / "pyproject.toml" for package in PACKAGES)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def has_pip(python: Path) -> bool:
    """Say whether ``python -m pip`` works."""
    return subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0


def create_environment() -> list[str]:
    """Create the virtual environment afresh and return the command that is pip for it.

    Debian ships Python without `ensurepip` unless python3-venv is installed; then the pip outside serves the environment.
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


def main() -> None:
    """Make the environment unless the stamp says that it is up to date."""
    stamp = VENV / "made-from"
    wanted = fingerprint()
    if stamp.exists() and stamp.read_text() == wanted and PYTHON.exists():
        say(".venv is up to date")
        return
    install(create_environment())
    stamp.write_text(wanted)
    say("done: .venv is ready")


if __name__ == "__main__":
    main()
