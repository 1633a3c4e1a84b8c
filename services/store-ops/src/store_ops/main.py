"""The store-ops service, declared; ``python -m store_ops.main api|worker|migrate|events|openapi``."""

from pathlib import Path

from shared.platform.service import Job, Service
from store_ops.api import audits, photos, settings_status, stores, tasks
from store_ops.app.verify import verify_job
from store_ops.db import tables
from store_ops.domain.store import StoreCodeTaken
from store_ops.events import inbound
from store_ops.events.published_examples import EXAMPLES
from store_ops.settings import Settings

service = Service(
    name="store-ops",
    title="Store operations",
    description=(
        "Stores 门店, tasks 任务 made from promotions, audits 门店检查 with findings and photos, "
        "and the verdict on what was executed 执行核验."
    ),
    settings=Settings,
    metadata=tables.metadata,
    # Routes are tried in this order: the one that is asked most comes first.
    routers=(audits.router, photos.router, tasks.router, stores.router, settings_status.router),
    examples=EXAMPLES,
    inbound=inbound.handlers,
    jobs=(Job(name="verify", every_seconds=1, run=verify_job),),
    constraints={
        "stores_account_id_code_key": StoreCodeTaken(
            "Another store of this account has the code. Correct the code, or put that store instead.",
            pointers=("/code",),
        )
    },
    folder=Path(__file__).parent,
)
create_app = service.create_app

if __name__ == "__main__":
    service.main()
