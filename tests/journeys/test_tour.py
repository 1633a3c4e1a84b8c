"""The tour in the README: every command is run as it stands there, and shows what is printed there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.dev import session
from deploy.dev.run import ROOT, Stack

BLOCK = re.compile(r"```bash\n(?P<commands>.*?)```\n(?:```text\n(?P<shown>.*?)```\n)?", re.DOTALL)
TOUR = (ROOT / "README.md").read_text(encoding="utf-8").partition("## A tour in ten minutes")[2].partition("\n## ")[0]
END = "--- end of block ---"


@pytest.mark.journey
@pytest.mark.xdist_group("stack")
def test_every_command_of_the_tour_works_and_shows_what_the_readme_says(stack: Stack) -> None:
    blocks = [match.groupdict() for match in BLOCK.finditer(TOUR)]
    assert len(blocks) == 9
    session.write(stack, sys.executable)
    script = "set -euo pipefail\n" + "".join(f"{block['commands']}\necho '{END}'\n" for block in blocks)
    done = subprocess.run(
        ["bash", "-c", script], cwd=stack.folder.parent, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    for block, output in zip(blocks, done.stdout.split(END), strict=False):
        for line in (block["shown"] or "").splitlines():
            assert line in output.splitlines(), f"{line!r} is not in:\n{output}"


def test_the_tour_has_no_command_outside_its_blocks() -> None:
    assert Path(ROOT / "README.md").is_file()
    outside = BLOCK.sub("", TOUR)
    assert "curl -" not in outside
