"""A service of a few lines, started by the runner's tests as a process: api, worker, migrate or an issuer."""

import asyncio
import os
import sys
import time

import asyncpg
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


async def ready(_: Request) -> JSONResponse:
    connection = await asyncpg.connect(os.environ["CONTRACTS_DATABASE_URL"])
    try:
        return JSONResponse(await connection.fetchval("SELECT count(*) FROM migrated"))
    finally:
        await connection.close()


async def keys(_: Request) -> JSONResponse:
    return JSONResponse({"keys": []})


async def migrate() -> None:
    connection = await asyncpg.connect(os.environ["CONTRACTS_OWNER_DATABASE_URL"])
    await connection.execute("CREATE TABLE IF NOT EXISTS migrated (id int)")
    await connection.close()


def main() -> None:
    match sys.argv[1:]:
        case ["api", port]:
            app = Starlette(routes=[Route("/readyz", ready), Route("/jwks.json", keys)])
            uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning")
        case ["worker"]:
            time.sleep(600)
        case ["migrate"]:
            asyncio.run(migrate())
        case _:
            sys.exit("this cannot be migrated")


main()
