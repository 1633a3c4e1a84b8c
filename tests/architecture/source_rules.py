"""Rules over Python source that linters do not know; each returns what breaks it."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Mapping

from tests.architecture.discovery import functions

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 60

SOCKETS = (
    "socket", "ssl", "select", "selectors", "socketserver", "http.client", "http.server", "urllib.request", "urllib3",
    "httpx", "httpcore", "aiohttp", "requests", "websockets", "smtplib", "ftplib", "imaplib", "poplib", "telnetlib",
    "xmlrpc", "grpc", "asyncio.open_connection", "asyncio.start_server", "asyncio.open_unix_connection",
    "asyncpg.connect", "asyncpg.create_pool", "psycopg", "sqlalchemy.create_engine",
    "sqlalchemy.ext.asyncio.create_async_engine", "multiprocessing.connection",
)  # fmt: skip
CLOCK = (
    "time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime", "time.clock_gettime", "time.monotonic",
    "time.monotonic_ns", "time.perf_counter", "time.perf_counter_ns", "time.process_time", "time.sleep",
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today",
    "sqlalchemy.func.now", "sqlalchemy.func.current_timestamp", "sqlalchemy.func.current_date",
    "sqlalchemy.func.clock_timestamp",
)  # fmt: skip
RANDOM = (
    "random", "secrets", "os.urandom", "os.getrandom", "numpy.random", "uuid.uuid1", "uuid.uuid4", "uuid.uuid6",
    "uuid.uuid7", "uuid.uuid8", "sqlalchemy.func.random", "sqlalchemy.func.gen_random_uuid",
)  # fmt: skip
FORBIDDEN: Mapping[str, tuple[str, ...]] = {"opens sockets": SOCKETS, "reads the clock": CLOCK, "is random": RANDOM}

SQL_TRANSACTION = re.compile(r"(?:^|;)\s*(BEGIN|START TRANSACTION|COMMIT|ROLLBACK)\b(?!\s+(?:TO|ATOMIC))")
STATEMENT_LENGTH_MAX = 200
"""A longer text is a body of PL/pgSQL, with blocks of its own."""
SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|DEFAULT|VALUES|CREATE)\b")
SQL_FORBIDDEN = re.compile(
    r"\b(?:now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday|random|gen_random_uuid|uuidv4"
    r"|uuidv7|uuid_generate_v4)\s*\(|\b(?:CURRENT_DATE|CURRENT_TIMESTAMP|CURRENT_TIME|LOCALTIMESTAMP|LOCALTIME)\b",
    re.IGNORECASE,
)


def ending_transactions(source: str) -> list[tuple[int, str]]:
    """Return what begins or ends a transaction: only the platform does. Savepoints inside one are anybody's.

    A call with arguments is another verb of the same name: a promotion is committed as well.
    """
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not (node.args or node.keywords):
            if node.func.attr in {"commit", "rollback", "begin", "autocommit_block"}:
                found.append((node.lineno, f".{node.func.attr}()"))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < STATEMENT_LENGTH_MAX:
            found += [(node.lineno, statement) for statement in SQL_TRANSACTION.findall(node.value)]
    return sorted(found)


def world_uses(source: str) -> list[tuple[int, str]]:
    """Return uses of sockets, the clock and randomness, under whatever name they were imported."""
    tree = ast.parse(source)
    names = dict(_imports(tree))
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, _why(alias.name)) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [(node.lineno, _why(f"{node.module}.{alias.name}")) for alias in node.names]
        elif isinstance(node, ast.Attribute | ast.Name):
            found.append((node.lineno, _why(_dotted(node, names))))
    return sorted({(line, why) for line, why in found if why})


def sql_uses(source: str) -> list[tuple[int, str]]:
    """Return SQL texts that read the server's clock or randomness: times and ids come in as parameters."""
    tree = ast.parse(source)
    skipped = {id(node) for node in _docstrings(tree)}
    found = []
    for node in ast.walk(tree):  # Outer nodes come first: a template's parts are not looked at again.
        text = _template(node)
        if not text or id(node) in skipped:
            continue
        skipped.update(id(part) for part in ast.walk(node))
        match = SQL_FORBIDDEN.search(text) if SQL.search(text) else None
        if match is not None:
            line = getattr(node, "lineno", 1) + text[: match.start()].count("\n")
            found.append((line, f"SQL asks for {match.group().rstrip('( ')}"))
    return sorted(found)


def long_functions(source: str, lines_max: int = FUNCTION_LINES_MAX) -> list[tuple[int, str]]:
    """Return functions that do not fit a screen."""
    return [
        (node.lineno, f"{node.name} has {length} lines, at most {lines_max} are allowed")
        for node in functions(ast.parse(source))
        if (length := (node.end_lineno or node.lineno) - node.lineno + 1) > lines_max
    ]


def long_file(source: str, lines_max: int = FILE_LINES_MAX) -> list[tuple[int, str]]:
    """Return the file if it is too long to read at one sitting."""
    length = len(source.splitlines())
    return [(length, f"{length} lines, at most {lines_max} are allowed")] if length > lines_max else []


def code_lines(source: str) -> int:
    """Return the number of lines that hold code: neither blank, nor comment, nor docstring."""
    documented = {
        line
        for node in _docstrings(ast.parse(source))
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    idle = {
        tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING,
        tokenize.ENDMARKER,
    }  # fmt: skip
    busy: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in idle:
            busy.update(range(token.start[0], token.end[0] + 1))
    return len(busy - documented)


def words_of(identifier: str) -> set[str]:
    """Return the lower-case words of ``snake_case``, ``CamelCase`` and ``UPPER_CASE`` names."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", identifier)}


def identifiers(source: str) -> Iterator[tuple[int, str]]:
    """Yield the names that a module defines or uses, without those of modules that it imports."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.lineno, node.name
            case ast.Name(id=name) | ast.Attribute(attr=name):
                yield node.lineno, name
            case ast.arg(arg=name):
                yield node.lineno, name
            case ast.keyword(arg=str() as name):
                yield node.lineno, name
            case _:
                pass


def _imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (alias.asname, alias.name) if alias.asname else (alias.name.partition(".")[0],) * 2
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _dotted(node: ast.expr, names: Mapping[str, str]) -> str:
    """Return the full name of an expression like ``dt.datetime.now``; empty if it does not start at an import."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in names:
        return ""
    return ".".join([names[node.id], *reversed(parts)])


def _why(name: str) -> str:
    for reason, forbidden in FORBIDDEN.items():
        if any(name == each or name.startswith(f"{each}.") for each in forbidden):
            return f"{name} {reason}"
    return ""


def _template(node: ast.AST) -> str:
    """Return the text of a string or f-string, with an underscore for what is filled in; else nothing."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_template(part) or "_" for part in node.values)
    return ""


def _docstrings(tree: ast.AST) -> Iterator[ast.expr]:
    """Yield texts that stand for themselves: docstrings and the descriptions below fields and constants."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value
