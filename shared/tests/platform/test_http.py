"""The way of a request: who may, what is one effect, what an error looks like."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest
from alembic.script import ScriptDirectory

from shared.platform.auth import Role
from shared.platform.db import Connection
from shared.platform.ids import new_id
from shared.platform.revisions import head_revision
from shared.platform.service import Service
from shared.platform.settings import ServiceSettings
from shared.testing import Api

HERE, THERE = UUID(int=1), UUID(int=2)


def a_thing(**changes: object) -> dict[str, object]:
    return {"account_id": str(HERE), "name": "lamp", "price": "12.50"} | changes


@pytest.fixture
async def accounts(database: Connection) -> None:
    await database.execute("INSERT INTO accounts VALUES ($1, 'north', 1), ($2, 'south', 1)", HERE, THERE)


async def test_a_command_is_stored_with_its_event(api: Api, emitted) -> None:
    answer = await api.as_(Role.KA_MANAGER).post("/v1/things", json=a_thing())
    assert answer.status_code == 201, answer.text
    assert answer.json()["price"] == "12.50"
    (event,) = await emitted("thing_made")
    assert (event.subject, event.version, event.data["price"]) == (f"thing/{answer.json()['id']}", 1, "12.50")


async def test_a_defect_leaves_nothing_behind_and_names_no_internals(api: Api, emitted) -> None:
    answer = await api.as_(Role.KA_MANAGER).post("/v1/things", json=a_thing(name="defect"))
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "on purpose" not in answer.text
    assert len(answer.json()["trace_id"]) == 32
    assert await emitted() == []
    assert (await api.as_(Role.KA_MANAGER).get("/v1/things")).json() == {"items": [], "next": None}


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "unauthenticated"),
        ({"Authorization": "Basic abc"}, 401, "unauthenticated"),
        ({"Authorization": "Bearer abc"}, 401, "unauthenticated"),
        ({"Authorization": "Bearer a.b.c"}, 401, "unauthenticated"),
    ],
)
async def test_without_an_acceptable_token_nobody_gets_in(api: Api, headers, status, code) -> None:
    answer = await api.get("/v1/things", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_role_outside_the_policy_is_403(api: Api) -> None:
    answer = await api.as_(Role.FIELD_REP).post("/v1/things", json=a_thing())
    assert (answer.status_code, answer.json()["code"]) == (403, "role_not_allowed")


async def test_rows_of_other_accounts_do_not_exist(api: Api, accounts) -> None:
    everyone = api.as_(Role.KA_MANAGER)
    for account, name in ((HERE, "lamp"), (THERE, "desk")):
        assert (await everyone.post("/v1/things", json=a_thing(account_id=str(account), name=name))).status_code == 201
    names = lambda answer: [item["name"] for item in answer.json()["items"]]  # noqa: E731
    assert names(await everyone.get("/v1/things")) == ["desk", "lamp"]
    assert names(await api.as_(Role.KA_MANAGER, accounts=[HERE]).get("/v1/things")) == ["lamp"]
    assert names(await api.as_(Role.KA_MANAGER, regions=["south"]).get("/v1/things")) == ["desk"]
    assert names(await api.as_(Role.KA_MANAGER, accounts=[]).get("/v1/things")) == []
    foreign = await api.as_(Role.KA_MANAGER, accounts=[HERE]).post(
        "/v1/things", json=a_thing(account_id=str(THERE), name="x")
    )
    assert foreign.status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        (b"{", 400, None),
        (b'{"a":1,"a":2}', 400, None),
        (b'{"a":NaN}', 400, None),
        (b'{"a":"\\u0000"}', 400, None),
        (b'{"a":"\\ud800"}', 400, None),
        (b"[" * 65 + b"]" * 65, 400, None),
        (b"[" * 100_000, 400, None),
        (b'{"a":1e999999}', 400, None),
        (b"\xff", 400, None),
        (b'{"account_id":"x","name":"lamp","price":"1.00"}', 422, "/account_id"),
        (b'{"account_id":"00000000-0000-0000-0000-000000000001","name":"lamp","price":1.5}', 422, "/price"),
        (b'{"account_id":"00000000-0000-0000-0000-000000000001","name":"lamp","price":"1.005"}', 422, "/price"),
        (b'{"account_id":"00000000-0000-0000-0000-000000000001","name":"lamp","price":"1","x":1}', 422, "/x"),
        (b"", 422, "/"),
    ],
)  # fmt: skip
async def test_bad_input_gets_a_problem_and_changes_nothing(api: Api, emitted, body, status, pointer) -> None:
    answer = await api.as_(Role.KA_MANAGER).post(
        "/v1/things", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code == status, answer.text
    assert pointer is None or [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert await emitted() == []


async def test_a_body_over_its_limit_is_413(api: Api) -> None:
    manager = api.as_(Role.KA_MANAGER)
    answer = await manager.post("/v1/things", content=b" " * (1 << 20) + b"{}")
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")

    async def chunks():
        for _ in range(40):
            yield b" " * (1 << 16)

    content = f"/v1/things/{new_id()}/content"
    assert (await manager.put(content, content=b"x" * (3 << 19))).json() == {"bytes": 3 << 19}
    assert (await manager.put(content, content=chunks())).status_code == 413


async def test_a_known_constraint_is_its_domain_error(api: Api) -> None:
    manager = api.as_(Role.KA_MANAGER)
    await manager.post("/v1/things", json=a_thing())
    answer = await manager.post("/v1/things", json=a_thing())
    assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")


async def test_the_same_key_is_one_effect_with_one_answer(api: Api, emitted) -> None:
    manager, key = api.as_(Role.KA_MANAGER), {"Idempotency-Key": "k-1"}
    answers = await asyncio.gather(*(manager.post("/v1/things", json=a_thing(), headers=key) for _ in range(20)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"request_in_flight"}
    again = await manager.post("/v1/things", json=a_thing(), headers=key)
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert len(await emitted("thing_made")) == 1
    other = await manager.post("/v1/things", json=a_thing(name="desk"), headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    stranger = await api.as_(Role.KA_MANAGER, subject="somebody-else").post(
        "/v1/things", json=a_thing(name="desk"), headers=key
    )
    assert stranger.status_code == 201


async def test_a_failed_request_does_not_use_its_key_up(api: Api) -> None:
    manager, key = api.as_(Role.KA_MANAGER), {"Idempotency-Key": "k-2"}
    assert (await manager.post("/v1/things", json=a_thing(name="defect"), headers=key)).status_code == 500
    assert (await manager.post("/v1/things", json=a_thing(name="lamp"), headers=key)).status_code == 201


async def test_an_operation_may_insist_on_a_key_and_a_value_object_may_refuse(api: Api) -> None:
    thing = (await api.as_(Role.KA_MANAGER).post("/v1/things", json=a_thing())).json()["id"]
    finance = api.as_(Role.FINANCE)
    assert (await finance.post(f"/v1/things/{thing}:share")).json()["code"] == "idempotency_key_missing"
    refused = await finance.post(f"/v1/things/{thing}:share", headers={"Idempotency-Key": "k"})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_value")


async def test_a_change_needs_the_version_that_was_read(api: Api) -> None:
    manager = api.as_(Role.KA_MANAGER)
    path = f"/v1/things/{(await manager.post('/v1/things', json=a_thing())).json()['id']}"
    assert (await manager.put(path, json=a_thing(name="desk"))).status_code == 428
    changed = await manager.put(path, json=a_thing(name="desk"), headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    stale = await manager.put(path, json=a_thing(name="sofa"), headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")


async def test_pages_follow_one_another_while_rows_are_added(api: Api) -> None:
    manager = api.as_(Role.KA_MANAGER)
    for number in range(0, 10, 2):
        await manager.post("/v1/things", json=a_thing(name=f"n{number}"))
    first = await manager.get("/v1/things?limit=2")
    assert 'rel="next"' in first.headers["link"]
    await manager.post("/v1/things", json=a_thing(name="n1"))
    names, after = [item["name"] for item in first.json()["items"]], first.json()["next"]
    while after:
        page = (await manager.get("/v1/things", params={"limit": 2, "after": after})).json()
        names += [item["name"] for item in page["items"]]
        after = page["next"]
    assert names == ["n0", "n2", "n4", "n6", "n8"]
    for cursor in ("x", "W10", "%00", "WyJzIl0"):
        assert (await manager.get("/v1/things", params={"after": cursor})).status_code == 400


async def test_unknown_paths_and_methods_are_problems_too(api: Api) -> None:
    assert (await api.get("/v1/nothing")).json()["code"] == "no_such_path"
    assert (await api.delete("/v1/things")).json()["code"] == "method_not_allowed"
    chinese = await api.get("/v1/things", headers={"Accept-Language": "zh-CN"})
    assert chinese.json()["title"] == "未认证"


async def test_health_and_pages_are_open(api: Api) -> None:
    assert (await api.get("/readyz")).text == "ready\n"
    assert (await api.get("/healthz")).status_code == 200
    metrics = (await api.get("/metrics")).text
    assert "gondola_requests_total" in metrics
    assert 'gondola_events{place="inbox_dead"} 0.0' in metrics
    assert "swagger-ui-bundle.js" in (await api.get("/docs")).text
    document = (await api.get("/openapi.json")).json()
    assert document["paths"]["/v1/things"]["post"]["x-roles"] == ["ka_manager"]
    assert document["paths"]["/v1/things"]["post"]["security"] == [{"token": []}]


async def test_the_documents_say_what_if_match_and_a_file_answer(api: Api) -> None:
    paths = (await api.get("/openapi.json")).json()["paths"]
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    renamed = paths["/v1/things/{thing_id}"]["put"]["responses"]
    assert [renamed[status]["content"] for status in ("404", "412", "428")] == [problem] * 3
    assert not {"412", "428"} & paths["/v1/things"]["post"]["responses"].keys()
    content = paths["/v1/things/{thing_id}/content"]["get"]["responses"]["200"]["content"]
    assert content == {"text/csv": {"schema": {"type": "string", "format": "binary"}}}


async def test_the_head_revision_is_alembics(service: Service, settings: ServiceSettings, tmp_path: Path) -> None:
    scripts = ScriptDirectory.from_config(service.migrations(settings).config)
    assert head_revision(service.migrations_folder) == scripts.get_current_head()
    (tmp_path / "versions").mkdir()
    with pytest.raises(ValueError, match="0 newest"):
        head_revision(tmp_path)


async def test_a_request_is_one_line_of_the_log_and_cannot_forge_another(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    await api.as_(Role.KA_MANAGER).get("/v1/things/%0A2026-01-01T00:00:00.000Z%20PUT")
    (line,) = capsys.readouterr().err.splitlines()
    assert "GET /v1/things/%0A2026" in line
    assert " 405 " in line or " 404 " in line
    assert len(line.rpartition("trace=")[2]) == 32
