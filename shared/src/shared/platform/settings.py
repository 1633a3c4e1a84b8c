"""Settings of a service: each is read from ``<SERVICE>_<FIELD>`` and, failing that, from ``GONDOLA_<FIELD>``."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]", "::1")


class ServiceSettings(BaseSettings):
    """What every service needs to know. A service subclasses it and sets ``env_prefix``."""

    model_config = SettingsConfigDict(use_attribute_docstrings=True, frozen=True, extra="ignore")

    environment: Literal["development", "test", "production"] = "production"
    """Production refuses local issuers, plain http and missing secrets."""
    database_url: SecretStr = SecretStr("")
    """``postgresql://`` URL of the restricted service role."""
    owner_database_url: SecretStr = SecretStr("")
    """``postgresql://`` URL of the owner role; needed by ``migrate`` only."""
    pool_size: int = Field(default=4, ge=1, le=32)
    """Connections per pool and process: 4 to 8 measured best."""
    issuer: str = ""
    """OpenID Connect issuer whose tokens are accepted."""
    jwks_url: str = ""
    """Where its keys are; ``<issuer>/jwks.json`` when empty."""
    token_url: str = ""
    """Where the worker gets its own tokens; ``<issuer>/token`` when empty."""
    audience: str = "gondola"
    """What a token's ``aud`` must name."""
    client_id: str = "service"
    """The worker's own client at the issuer, for pulling feeds."""
    client_secret: SecretStr = SecretStr("")
    """Its secret."""
    public_url: str = ""
    """Base URL under which others reach this service; part of every event's ``dataschema``."""
    data_dir: Path = Path("data")
    """Folder for blobs."""
    worker: Literal["separate", "inline"] = "separate"
    """Whether the API process also runs the worker's loops."""
    time_zone: str = "Asia/Shanghai"
    """IANA zone of business dates."""
    outgoing_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """Private networks that webhooks may reach, like the cluster's own."""
    requests_per_minute: int = Field(default=60_000, ge=1)
    """Rate limit per caller and process."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - Pydantic's signature
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the service's own variable first, then the one that all services share."""
        return init_settings, env_settings, EnvSettingsSource(settings_cls, env_prefix="GONDOLA_"), file_secret_settings

    @model_validator(mode="after")
    def _production_is_safe(self) -> Self:
        if self.environment != "production":
            return self
        for name in ("issuer", "jwks_url", "token_url", "public_url"):
            url = urlsplit(getattr(self, name))
            if url.netloc and (url.scheme != "https" or url.hostname in LOCAL_HOSTS):
                raise ValueError(f"{name} must be an https URL of another host in production, got {url.geturl()}")
        if not self.issuer or not self.public_url:
            raise ValueError("issuer and public_url must be set in production")
        return self

    @property
    def keys_url(self) -> str:
        """The issuer's JWKS."""
        return self.jwks_url or f"{self.issuer.rstrip('/')}/jwks.json"

    @property
    def tokens_url(self) -> str:
        """The issuer's token endpoint."""
        return self.token_url or f"{self.issuer.rstrip('/')}/token"
