"""The embedded server starts, keeps its data, and survives what machines and people do to it."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import asyncpg

from deploy.dev import postgres, processes


async def query(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_a_second_start_finds_its_data_port_and_password_again(folder: Path):
    with postgres.start(folder, durable=True) as first:
        await query(first.admin_url, "CREATE TABLE kept AS SELECT 42 AS answer")
        assert await query(first.socket_admin_url, "SHOW fsync") == "on"
    assert not postgres.is_running(first)

    with postgres.start(folder, durable=True) as second:
        assert (second.port, second.password) == (first.port, first.password)
        assert await query(second.socket_admin_url, "SELECT answer FROM kept") == 42
    assert stat.S_IMODE((folder / "password").stat().st_mode) == 0o600


async def test_passwords_are_asked_for_over_tcp_and_over_the_socket(cluster: postgres.Cluster):
    for url in (cluster.admin_url, cluster.socket_admin_url):
        try:
            await query(url.replace(cluster.password, "guess"), "SELECT 1")
        except asyncpg.InvalidPasswordError:
            continue
        raise AssertionError(url)


async def test_two_folders_have_two_servers(folder: Path, cluster: postgres.Cluster):
    with postgres.start(folder, durable=False) as other:
        assert (other.pid, other.port, other.socket_dir) != (cluster.pid, cluster.port, cluster.socket_dir)
        assert await query(other.admin_url, "SELECT 1") == await query(cluster.admin_url, "SELECT 1")


async def test_a_killed_server_starts_again_with_what_was_committed(folder: Path):
    cluster = postgres.start(folder, durable=True)
    await query(cluster.admin_url, "CREATE TABLE kept AS SELECT 42 AS answer")
    os.kill(cluster.pid, signal.SIGKILL)
    assert cluster.process is not None
    await asyncio.to_thread(cluster.process.wait, 5)
    assert not postgres.is_running(cluster)
    postgres.stop(cluster)

    with postgres.start(folder, durable=True) as again:
        assert await query(again.admin_url, "SELECT answer FROM kept") == 42


async def test_lock_files_left_by_a_reboot_do_not_prevent_the_start(folder: Path):
    cluster = postgres.start(folder, durable=False)
    pid_file = folder / "data" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    postgres.stop(cluster)
    # After a reboot the recorded number may belong to anybody: to us, for example.
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    lock = cluster.socket_dir / f".s.PGSQL.{cluster.port}.lock"
    lock.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")

    with postgres.start(folder, durable=False) as again:
        assert await query(again.admin_url, "SELECT 1") == 1


async def test_a_port_taken_meanwhile_is_replaced(folder: Path, cluster: postgres.Cluster):
    (folder / "port").write_text(str(cluster.port))
    with postgres.start(folder, durable=False) as other:
        assert other.port != cluster.port
        assert (folder / "port").read_text() == str(other.port)


async def test_a_path_too_long_for_a_socket_is_avoided(folder: Path):
    with postgres.start(folder / ("deep" * 20), durable=False) as cluster:
        assert await query(cluster.socket_admin_url, "SELECT 1") == 1
        assert len(str(cluster.socket_dir)) < 80
    assert not cluster.socket_dir.exists()


def test_a_server_is_shared_while_its_starter_lives_and_not_stopped_by_the_guest(folder: Path):
    with postgres.start(folder, durable=False) as host:
        guest = postgres.start(folder, durable=False)
        assert (guest.pid, guest.owned) == (host.pid, False)
        postgres.stop(guest)
        assert postgres.is_running(host)


def test_a_server_ends_when_its_starter_is_killed(folder: Path):
    program = (
        "import sys, time; from pathlib import Path; from deploy.dev import postgres;"
        "print(postgres.start(Path(sys.argv[1]), durable=False).pid, flush=True); time.sleep(60)"
    )
    starter = subprocess.Popen([sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    with starter.stdout:
        pid = int(starter.stdout.readline())
    assert processes.alive(pid)
    starter.kill()
    starter.wait()
    deadline = time.monotonic() + 10
    while processes.alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not processes.alive(pid)
