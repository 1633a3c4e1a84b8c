"""The source obeys what linters cannot say: who may commit and look at the world, and how much one has to read."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.architecture import source_rules
from tests.architecture.discovery import (
    ROOT,
    SHARED,
    listed,
    place,
    python_files,
    service_folders,
    source_of,
    text_of,
)

SHARED_LINES_MAX = 4000
Rule = Callable[[str], list[tuple[int, str]]]


def hold(rule: Rule, paths: list[Path]) -> None:
    found = [f"{place(path, line)}: {why}" for path in paths for line, why in rule(text_of(path))]
    assert not found, listed(found)


def service_sources() -> list[Path]:
    folders = [source_of(folder) for folder in service_folders()]
    return python_files(*folders) + sorted(
        path for folder in service_folders() for path in (folder / "migrations").rglob("*.py")
    )


def product_sources() -> list[Path]:
    return [*service_sources(), *python_files(SHARED / "kernel")]


def all_sources() -> list[Path]:
    return python_files(ROOT / "shared", ROOT / "services", ROOT / "deploy", ROOT / "tests", ROOT / "docs")


def test_nobody_but_the_platform_ends_a_transaction():
    hold(source_rules.ending_transactions, product_sources())


def test_nobody_but_the_platform_opens_sockets_reads_the_clock_or_is_random():
    hold(source_rules.world_uses, product_sources())


def test_sql_reads_neither_clock_nor_randomness():
    hold(source_rules.sql_uses, product_sources())


def test_a_file_is_read_at_one_sitting():
    hold(source_rules.long_file, all_sources())


def test_a_function_fits_a_screen():
    hold(source_rules.long_functions, all_sources())


def test_shared_stays_small():
    lines = {place(path): source_rules.code_lines(text_of(path)) for path in python_files(SHARED)}
    assert sum(lines.values()) <= SHARED_LINES_MAX, lines


@pytest.mark.parametrize(
    "source",
    [
        "async def f(session):\n    await session.commit()",
        "def f(connection):\n    connection.rollback()",
        "async def f(session):\n    async with session.begin():\n        pass",
        "async def f(connection):\n    await connection.execute('COMMIT')",
        "STATEMENT = 'UPDATE a SET b = 1; COMMIT'",
    ],
)
def test_an_ended_transaction_is_found(source: str):
    assert source_rules.ending_transactions(source)


@pytest.mark.parametrize(
    "source",
    [
        "def f(promotion, slots):\n    promotion.commit(slots)",
        "async def f(connection):\n    await connection.execute('ROLLBACK TO SAVEPOINT merge')",
        "async def f(connection):\n    async with connection.transaction():\n        pass",
        "S = 'CREATE TEMPORARY TABLE a (b int) ON COMMIT DROP'",
    ],
)
def test_savepoints_and_other_verbs_are_left_alone(source: str):
    assert not source_rules.ending_transactions(source)


@pytest.mark.parametrize(
    "source",
    [
        "import socket",
        "import httpx as h",
        "from urllib.request import urlopen",
        "import asyncpg\nc = asyncpg.connect('x')",
        "from asyncpg import create_pool as p",
        "from datetime import datetime as d\nx = d.now()",
        "import datetime as dt\nfactory = dt.datetime.now",
        "from datetime import date\nx = date.today()",
        "import time\ntime.time()",
        "from time import monotonic",
        "import random",
        "from uuid import uuid4",
        "import uuid\nx = uuid.uuid4()",
        "import os\nx = os.urandom(8)",
        "import sqlalchemy as sa\nx = sa.func.now()",
    ],
)
def test_a_look_at_the_world_is_found(source: str):
    assert source_rules.world_uses(source)


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import date, datetime\nx = date(2026, 1, 1)\ny = datetime.fromisoformat('2026-01-01')",
        "from uuid import UUID, uuid5\nx = uuid5(UUID(int=1), 'a')",
        "import asyncpg\ndef f(c: asyncpg.Connection): ...",
        "def time(): ...\ntime()",
        "class A:\n    def now(self): ...\nA().now()",
    ],
)
def test_what_only_looks_like_it_is_not_found(source: str):
    assert not source_rules.world_uses(source)


@pytest.mark.parametrize(
    "source",
    [
        "S = 'SELECT now()'",
        "S = '''\nINSERT INTO a (b)\nVALUES (CURRENT_TIMESTAMP)'''",
        "S = 'CREATE TABLE a (id uuid DEFAULT gen_random_uuid())'",
        "f = f'SELECT {x} WHERE day < current_date'",
    ],
)
def test_sql_that_reads_the_clock_is_found(source: str):
    assert source_rules.sql_uses(source)


def test_words_about_time_are_not_sql():
    assert not source_rules.sql_uses('"""SELECT is what now() would be in."""\nS = "SELECT known_at FROM a"')


def test_a_long_function_and_a_long_file_are_found():
    body = "\n".join(f"    x = {number}" for number in range(60))
    assert source_rules.long_functions(f"def f():\n{body}")
    assert not source_rules.long_functions(f"def f():\n{body}", lines_max=61)
    assert source_rules.long_file("x = 1\n" * 501)
    assert not source_rules.long_file("x = 1\n" * 500)


def test_lines_of_code_are_neither_blank_nor_comment_nor_docstring():
    source = (
        '"""What\n\nit is."""\n\n# Why.\nX = 1\n"""What X is."""\n\n\ndef f() -> str:\n    return """a\nb"""  # c\n'
    )
    assert source_rules.code_lines(source) == 4
