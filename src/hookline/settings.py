"""Every setting, with its default and unit: `HOOKLINE_*` in the environment, or `hookline.toml`.

The reference page is generated from this class. Every bound of the program is here.
"""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

Network = IPv4Network | IPv6Network


class Settings(BaseSettings):
    """The configuration of one process."""

    model_config = SettingsConfigDict(
        env_prefix="HOOKLINE_", toml_file="hookline.toml", extra="forbid", frozen=True
    )

    data_dir: Path = Field(Path("data"), description="Folder of the embedded database and the key.")
    database_url: str = Field(
        "", description="postgresql://user:password@host/name; empty: SQLite in the data folder."
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    secret_key: Annotated[list[SecretStr], NoDecode] = Field(
        default_factory=list,
        description="Keys that encrypt secrets in the database, newest first, comma separated. "
        "Empty: made and kept in the data folder.",
    )
    admin_email: str = Field(
        "admin@example.com", description="First administrator; first start only."
    )
    admin_password: SecretStr | None = Field(
        None, description="Their password, first start only; empty: generated and printed."
    )
    public_url: str = Field("", description="How browsers and carriers reach this server.")
    allowed_hosts: Annotated[list[str], NoDecode] = Field(
        default_factory=list,
        description="Host names that requests may name, comma separated; loopback and the public "
        "URL's host always may.",
    )
    trusted_proxies: Annotated[list[Network], NoDecode] = Field(
        default_factory=list, description="CIDRs whose X-Forwarded-For is believed."
    )
    allow_targets: Annotated[list[Network], NoDecode] = Field(
        default_factory=list, description="Private CIDRs that webhooks may reach all the same."
    )
    metrics_token: SecretStr | None = Field(
        None, description="Bearer token for /metrics from elsewhere than loopback."
    )
    leak_reports_per_minute: int = Field(
        10, ge=1, description="Reports of leaked tokens that one address may make on one node."
    )
    smtp_host: str = Field("", description="Mail server for notices; empty: no e-mail is sent.")
    smtp_port: int = Field(587, ge=1, le=65535, description="Its port.")
    smtp_security: str = Field(
        "starttls", pattern="^(starttls|tls|none)$", description="How the connection is encrypted."
    )
    smtp_user: str = Field("", description="Who signs in to the mail server; empty: nobody.")
    smtp_password: SecretStr | None = Field(None, description="Their password.")
    smtp_from: str = Field("", description="Sender's address of e-mails; empty: the user.")
    smtp_timeout_s: float = Field(
        15.0, gt=0, description="Longest wait for the mail server at each step, seconds."
    )
    smtp_attempts_max: int = Field(
        8, ge=1, description="Attempts to hand an e-mail over, over about a day."
    )
    log_level: str = Field(
        "info", pattern="^(debug|info|warning|error)$", description="Least level."
    )
    log_format: str = Field(
        "auto", pattern="^(auto|json|console)$", description="auto: by terminal."
    )

    body_bytes_max: int = Field(2 * 2**20, description="Largest request body, bytes.")
    body_timeout_s: float = Field(
        30.0, gt=0, description="Longest wait for more of a request's body, seconds."
    )
    head_bytes_max: int = Field(65_536, ge=1, description="Largest request head, bytes.")
    head_timeout_s: float = Field(
        30.0, gt=0, description="Longest wait for a request's whole head, seconds."
    )
    rate_limit_per_s: int = Field(
        10_000, ge=1, description="Requests a second that one credential may make on one node."
    )
    shutdown_timeout_s: float = Field(4.0, description="Longest clean stop, seconds.")

    writer_queue_max: int = Field(
        10_000, description="Units that may wait to be committed; then 503."
    )
    writer_batch_max: int = Field(1_000, description="Units that are committed at once.")
    database_timeout_s: float = Field(15.0, description="Longest wait for the database, seconds.")
    database_pool_size: int = Field(5, description="Connections a process reads with.")
    lease_ttl_s: float = Field(
        7.0, description="How long a node owns what it does not renew, seconds."
    )
    poll_interval_s: float = Field(
        0.25, description="How often another process's changes are looked for, seconds."
    )

    session_hours: int = Field(
        12, description="A console session's life after its last use, hours."
    )
    reauthentication_minutes: int = Field(
        10,
        ge=0,
        le=1_440,
        description="How long after signing in a person may touch secrets, roles and their own way "
        "in without giving their password again, minutes; 0: they are asked each time.",
    )
    invitation_days: int = Field(
        7, ge=1, le=90, description="How long the link of an invitation works, days."
    )
    sign_in_attempts: int = Field(
        10, description="Failed sign-ins per address and user in 15 minutes."
    )
    idempotency_hours: int = Field(
        24, description="How long an Idempotency-Key is remembered, hours."
    )
    secret_answer_minutes: int = Field(
        10, description="How long a repeated answer with a secret can be had, minutes."
    )
    request_log_days: int = Field(
        30, ge=0, description="How long the request log is kept, days; 0: nothing is."
    )
    request_log_rows_max: int = Field(
        1_000_000, ge=1_000, description="Newest requests of an account that are kept."
    )
    request_log_per_s: int = Field(
        100, ge=0, description="Requests a second that one node keeps; more are only counted."
    )
    request_log_errors_per_s: int = Field(
        100, ge=0, description="The same for requests that were answered with 4xx or 5xx."
    )
    request_log_buffer_max: int = Field(
        2_000, ge=1, description="Requests held in memory until they are in the log."
    )
    event_retention_days: int = Field(
        30,
        ge=1,
        description="How long events and deliveries are kept, days; accounts may say less.",
    )
    event_retention_days_max: int = Field(
        400, ge=1, description="The longest that an account may say, days."
    )

    sandbox_receipt_delay_s: float = Field(
        0.05, ge=0, le=1, description="How soon the sandbox reports a delivery, seconds."
    )
    sandbox_window: int = Field(500, ge=1, description="Messages the sandbox takes at once.")
    sandbox_legs_max: int = Field(
        1_000, ge=1, description="Legs of calls that one sandbox holds at once on a node."
    )
    dispatch_queue_max: int = Field(20_000, description="Messages held in memory per carrier.")
    receipt_timeout_hours: int = Field(72, description="Wait for a carrier's receipt, hours.")
    ambiguous_match_after_s: float = Field(
        60.0,
        ge=0,
        description="Wait of a receipt that matches nothing, before it may be that of a message to "
        "the same recipient whose submit got no answer; longer than any answer takes, seconds.",
    )
    inbound_reassembly_minutes: int = Field(
        60, ge=1, description="Wait for the missing segments of an inbound message, minutes."
    )
    message_validity_hours: int = Field(48, description="Default validity of a message, hours.")

    webhook_in_flight_max: int = Field(10, description="Attempts at once per endpoint.")
    webhook_workers_max: int = Field(1_000, ge=1, description="Attempts at once on one node.")
    webhook_queue_max: int = Field(10_000, description="Deliveries held in memory per endpoint.")
    webhook_connect_timeout_s: float = Field(5.0, description="Longest connect, seconds.")
    webhook_timeout_s: float = Field(15.0, description="Longest attempt, body included, seconds.")
    webhook_response_read_max: int = Field(65_536, description="Bytes read of an answer.")
    webhook_replay_rate_min: float = Field(
        10.0,
        gt=0,
        description="Deliveries a second that a replay makes due, at least; otherwise twice what the "
        "endpoint gets normally.",
    )
    webhook_response_kept_max: int = Field(16_384, description="Bytes kept of an answer.")

    speech_language: str = Field(
        "en-US", description="Language (BCP 47) that is spoken where a call names none."
    )
    speech_text_max: int = Field(
        4_000, ge=1, description="Longest text that is spoken in one go, characters."
    )
    speech_timeout_s: float = Field(
        10.0, gt=0, description="Longest that speaking a text may take, seconds."
    )
    speech_processes_max: int = Field(2, ge=1, description="Texts spoken at once on one node.")
    speech_cache_bytes_max: int = Field(
        256 * 2**20, ge=0, description="Room for spoken texts in the data folder, bytes."
    )

    recording_retention_days: int = Field(
        0,
        ge=0,
        le=36_500,
        description="How long recordings are kept, days; 0: until they are deleted by hand. How long "
        "they may or must be kept is for your law and trade to say, so nothing goes unasked.",
    )

    calls_max: int = Field(1_000, ge=1, description="Calls that run at once on one node.")
    call_queue_timeout_s: float = Field(
        30.0, gt=0, description="Longest wait of a call for its carrier, seconds."
    )
    answer_url_timeout_s: float = Field(
        5.0, gt=0, description="Longest answer of an answer URL, seconds."
    )
    media_timeout_s: float = Field(
        10.0, gt=0, description="Longest fetch of a file to play, seconds."
    )
    media_bytes_max: int = Field(
        10 * 2**20, ge=1, description="Largest file that is fetched to be played, bytes."
    )
    media_cache_bytes_max: int = Field(
        256 * 2**20, ge=0, description="Room for fetched files in the data folder, bytes."
    )

    stream_subscribers_max: int = Field(200, description="Open event streams per process.")

    @field_validator(
        "secret_key", "allowed_hosts", "trusted_proxies", "allow_targets", mode="before"
    )
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @property
    def is_sqlite(self) -> bool:
        return not self.database_url or self.database_url.startswith("sqlite")

    @property
    def sqlite_path(self) -> Path:
        """The embedded database's file."""
        if self.database_url.startswith("sqlite:///"):
            return Path(self.database_url.removeprefix("sqlite:///"))
        return self.data_dir / "hookline.db"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)
