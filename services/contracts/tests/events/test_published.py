"""What contracts publishes is what is committed, and each example is a fair one."""

from contracts.events.examples import EXAMPLES
from shared.platform.catalogue import invalid_examples
from shared.platform.service import Service

NAMES = (
    "account_changed",
    "contract_activated",
    "contract_amended",
    "contract_ended",
    "contract_signed",
    "product_changed",
    "settlement_entity_changed",
)


def test_each_event_is_published_once() -> None:
    assert sorted(each.event_type for each in EXAMPLES) == [f"gondola.contracts.{name}.v1" for name in NAMES]


def test_the_committed_schemas_are_those_of_the_code(service: Service) -> None:
    assert service.catalogue.drift() == []


def test_each_example_fits_its_schema(service: Service) -> None:
    assert invalid_examples(service.catalogue.entries()) == []
