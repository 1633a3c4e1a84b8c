"""Every setting says what it is for, and the operations manual shows them all."""

import pytest
from pydantic_settings import SettingsConfigDict

from shared.platform.service import Service
from shared.platform.settings import ServiceSettings
from tests.architecture import settings_table
from tests.architecture.discovery import listed, name_of, services


@pytest.mark.parametrize("service", services(), ids=name_of)
def test_every_setting_is_described(service: Service):
    found = settings_table.undescribed(service.settings)
    assert not found, listed(found)


@pytest.mark.parametrize("service", services(), ids=name_of)
def test_a_service_reads_its_own_variables_first(service: Service, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GONDOLA_ENVIRONMENT", "development")
    monkeypatch.setenv("GONDOLA_AUDIENCE", "all")
    assert service.settings().audience == "all"
    monkeypatch.setenv(f"{service.package.upper()}_AUDIENCE", "one")
    assert service.settings().audience == "one"


def test_the_manual_shows_all_settings():
    shown, expected = settings_table.shown(), settings_table.table()
    missing = set(expected.splitlines()) ^ set(shown.splitlines())
    assert shown == expected, listed([*missing, "run: python -m tests.architecture.settings_table"])


def test_a_setting_without_description_is_found():
    class Settings(ServiceSettings):
        model_config = SettingsConfigDict(env_prefix="THINGS_")

        size: int = 3

    assert settings_table.undescribed(Settings) == ["size"]
