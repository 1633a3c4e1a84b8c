"""What field reps send: photos and audits, made from each store's own price, deal and flyer of the week."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from deploy.demo.bodies import item_id, money, store_id
from deploy.demo.constants import first_day
from deploy.demo.dataset import Dataset, Promotion
from deploy.demo.photos import photo, sha256
from deploy.demo.plan import Json

TEMPLATE: Final = "promotion-1"


def caption(store: int, week: int, kind: str) -> str:
    """Return what a visit's photo stands for."""
    return f"store {store}, week {week}, {kind}"


def visit_photo(store: int, week: int, kind: str = "visit") -> bytes:
    """Return a visit's photo."""
    return photo(caption(store, week, kind))


def visited_at(store: int, week: int, *, hours_earlier: int = 0) -> str:
    """Return when the visit took place: some day of the week, in working hours of Shanghai."""
    day = first_day(week) + timedelta(days=store * 31 % 6)
    instant = datetime.combine(day, time(2 + store % 7, 15), UTC) - timedelta(hours=hours_earlier)
    return instant.strftime("%Y-%m-%dT%H:%M:%S.000Z")


TaskIds = Mapping[tuple[str, str, str], str]
"""Promotion number, tactic and store id to task id."""


def audit(dataset: Dataset, key: tuple[int, int], due: Iterable[Promotion], tasks: TaskIds) -> Json:
    """What the visit to (store, week) found: the store's own price, deal and flyer of that week."""
    number, week = key
    findings = []
    for one in due:
        row = dataset.by_key[number, one.item, week]
        found: dict[str, dict[str, Any]] = {
            "price": {"is_present": True, "price_found": money(row.pack_price), "on_deal": row.deal},
            "dm": {"is_present": row.in_flyer},
            "endcap": {"is_present": row.deal, "count_found": int(row.deal)},
        }
        findings += [_finding(one, kind, number, tasks, what) for kind, what in found.items()]
    return {
        "store_id": store_id(number),
        "visited_at": visited_at(number, week),
        "template_version": TEMPLATE,
        "findings": findings,
        "photo_sha256s": [sha256(visit_photo(number, week))],
    }


def audit_before(dataset: Dataset, key: tuple[int, int], due: Iterable[Promotion], tasks: TaskIds) -> Json:
    """What an earlier visit of the same day found, before anything was put up: nothing."""
    del dataset
    number, week = key
    findings = [
        _finding(one, kind, number, tasks, {"is_present": False}) for one in due for kind in ("price", "dm", "endcap")
    ]
    return {
        "store_id": store_id(number),
        "visited_at": visited_at(number, week, hours_earlier=1),
        "template_version": TEMPLATE,
        "findings": findings,
        "photo_sha256s": [sha256(visit_photo(number, week, "before"))],
        "note": "Nothing is put up yet.",
    }


def _finding(one: Promotion, kind: str, store: int, tasks: TaskIds, found: dict[str, Any]) -> Json:
    task = {"task_id": tasks[one.number, kind, store_id(store)]}
    return {**task, "product_id": item_id(one.item), "kind": kind, **found}
