"""A file for a shell: where the services are, and `as ROLE curl-arguments` to call them with a token of that role."""

import os
from pathlib import Path

from deploy.dev.stack import Stack
from deploy.dev.table import SERVICES

NAME = "session.sh"
FUNCTIONS = """
token() { # ROLE: a token of that role for all accounts, from the local issuer
  curl -sS --fail-with-body "$ISSUER/token" -H 'Content-Type: application/json' \\
    -d "{\\"grant_type\\": \\"client_credentials\\", \\"client_id\\": \\"$1\\",
         \\"client_secret\\": \\"$CLIENT_SECRET\\"}" |
    "$GONDOLA_PYTHON" -c 'import json, sys; print(json.load(sys.stdin)["access_token"])'
}
as() { # ROLE, then what curl takes: call as that role and show the answer's JSON
  local role=$1 kind=application/json; shift
  case "$*" in *Content-Type:*) kind=;; esac
  curl -sS --fail-with-body -H "Authorization: Bearer $(token "$role")" ${kind:+-H "Content-Type: $kind"} "$@" |
    "$GONDOLA_PYTHON" -c 'import json, sys; print(json.dumps(json.load(sys.stdin), indent=1, ensure_ascii=False))'
}
"""


def write(stack: Stack, python: str) -> Path:
    """Write the file, readable by its owner only: it holds the local issuer's secret. ``python`` pretty-prints."""
    lines = [f"{package.upper()}={stack.url(name)}" for name, package, _ in SERVICES]
    lines += [f"ISSUER={stack.url('issuer')}", f"CLIENT_SECRET={stack.settings()['GONDOLA_CLIENT_SECRET']}"]
    lines += [f"GONDOLA_PYTHON={python}"]
    path = stack.folder / NAME
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write("\n".join(f"export {line}" for line in lines) + "\n" + FUNCTIONS)
    return path
