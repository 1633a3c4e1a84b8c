"""Settings of contracts: the platform's are enough."""

from pydantic_settings import SettingsConfigDict

from shared.platform.settings import ServiceSettings


class Settings(ServiceSettings):
    """What contracts needs to know."""

    model_config = SettingsConfigDict(env_prefix="CONTRACTS_")
