"""Every setting as a field of a model: name, type, default, help. Channels bring models of their own."""

from __future__ import annotations

from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from heliograph.config.area import Area as Area
from heliograph.config.quotas import QuotaSettings


class ServerSettings(Area):
    """Where and how the gateway listens."""

    host: str = Field("127.0.0.1", description="Address to bind. Loopback unless you say otherwise.")
    port: int = Field(8025, ge=0, le=65535, description="Port to bind; 0 takes any free one.")
    tls_cert: Path | None = Field(None, description="Certificate chain (PEM). With tls_key: serve HTTPS.")
    tls_key: Path | None = Field(None, description="Private key (PEM) of tls_cert.")
    public_url: str = Field("", description="The address clients use, when a proxy stands in front.")
    trusted_proxies: list[str] = Field([], description="Proxy addresses whose X-Forwarded-* headers are believed.")
    body_limit: int = Field(4 * 1024 * 1024, ge=1024, description="Largest request body in bytes; above it: 413.")
    header_timeout: float = Field(10.0, gt=0, description="Seconds a client may take to send its headers.")
    body_timeout: float = Field(60.0, gt=0, description="Seconds a client may take to send its body.")
    body_rate: int = Field(
        1024, ge=0, description="Bytes a second that a body must come with, measured over five seconds; slower: 408."
    )
    handshake_timeout: float = Field(10.0, gt=0, description="Seconds a client may take for the TLS handshake.")
    max_connections: int = Field(10_000, ge=1, description="Connections open at once; more are closed at once.")
    max_connections_per_address: int = Field(
        2_000,
        ge=1,
        description="The same for one client address (of IPv6: one /64). Addresses in trusted_proxies are not limited by it.",
    )
    drain: float = Field(10.0, ge=0, description="Seconds that running requests and attempts get to finish on stop.")


class StoreSettings(Area):
    """The embedded store."""

    batch: int = Field(512, ge=1, description="Most operations that share one commit.")
    checkpoint_pages: int = Field(
        2000, ge=100, description="WAL pages after which a checkpoint runs in the background."
    )
    directory_cache: float = Field(
        1.0,
        ge=0,
        description="Seconds a user, company or ticket may be remembered; the longest a change made by another process goes unnoticed.",
    )


class DispatchSettings(Area):
    """How deliveries are tried."""

    enabled: bool = Field(True, description="False accepts and keeps messages without trying them.")
    lease: float = Field(
        60.0,
        gt=0,
        description="Seconds a dispatcher may hold a delivery before it is tried by another; added to the channel's own time limit.",
    )
    poll: float = Field(1.0, gt=0, description="Seconds between looks for due work that nobody announced.")
    batch: int = Field(512, ge=1, description="Most deliveries claimed at once on a channel.")
    rates: dict[str, float] = Field(
        {}, description="Most tries a second, by channel; a channel that is not named has no limit."
    )

    @field_validator("rates")
    @classmethod
    def _above_zero(cls, value: dict[str, float]) -> dict[str, float]:
        if not all(rate > 0 for rate in value.values()):
            raise ValueError("each rate must be above 0")
        return value


class RetentionSettings(Area):
    """How long finished things are kept."""

    messages_days: float = Field(
        30.0, gt=0, description="Days after which messages whose deliveries have settled are removed."
    )
    inbox_days: float = Field(30.0, gt=0, description="Days after which inbox items are removed.")
    devices_days: float = Field(
        270.0, gt=0, description="Days after which a device that has not registered again is removed."
    )
    interval: float = Field(60.0, gt=0, description="Seconds between sweeps.")


class MessagingSettings(Area):
    """SendMessages and its siblings."""

    wait: float = Field(10.0, ge=0, description="Seconds a call waits for the first attempts; 0 answers once stored.")
    default_plugin: str = Field("", description="Channel used when Plugin is empty; none set: the call is refused.")
    default_ttl: float = Field(3 * 86400.0, gt=0, description="Seconds a message may wait before it expires.")
    reply_window: float = Field(
        7 * 86400.0,
        ge=0,
        description="Seconds after a text in which a text from the number it went to counts as the answer to it; 0: never.",
    )


class IdempotencySettings(Area):
    """Calls that carry an Idempotency-Key."""

    window: float = Field(
        86400.0, gt=0, description="Seconds for which a repeated call gets the first answer and sends nothing."
    )


class PushSettings(Area):
    """SendPushNotification and POST /api/v2/push."""

    default_ttl: float = Field(
        28 * 86400.0, gt=0, description="Seconds a push lives when the caller gives no TimeToLive."
    )
    answer_time: float = Field(
        7 * 86400.0, gt=0, description="Seconds after it was sent in which a YesNoQuestion may be answered."
    )
    answers: str = Field(
        "", description="The channel, usually a webhook, that is told each answer to a YesNoQuestion; empty: none."
    )
    answers_to: str = Field(
        "answers", description="To of what `answers` is told: any text for a webhook with a `url`, else the URL."
    )
    inbox: str = Field("inbox", description="The channel that reaches every user.")
    routes: dict[str, str] = Field(
        {},
        description="Device platform (Apple, Google, WebPush, ...) to channel name; platform:app for one app of several.",
    )


class SoapErrors(StrEnum):
    """How an operation's failure is told over SOAP."""

    WRAPPED = "wrapped"
    FAULT = "fault"


class ApplicationTokens(StrEnum):
    """Whether client programs must be registered."""

    OFF = "off"
    REQUIRED = "required"


class SoapSettings(Area):
    """The SOAP agents."""

    errors: SoapErrors = Field(
        SoapErrors.WRAPPED,
        description="wrapped: HTTP 200, Succeeded false and ExceptionInfo; fault: HTTP 500 and a Fault.",
    )
    application_tokens: ApplicationTokens = Field(
        ApplicationTokens.OFF,
        description="required: only registered applications may call, and only the agents granted to them.",
    )
    time_zones: dict[str, str] = Field(
        {}, description="Time zone ids and location codes of your clients' that are not known here, to IANA names."
    )
    idempotency_from_message_id: bool = Field(
        False, description="A WS-Addressing MessageID counts as the Idempotency-Key of a call that carries none."
    )
    default_company: int = Field(0, ge=0, description="The company of /Remote/...; 0 is the one with the lowest id.")


class RestSettings(Area):
    """The REST push family."""

    require_xmlns_i: bool = Field(False, description="Refuse XML bodies whose root does not declare xmlns:i.")
    manage_by_key: bool = Field(
        True,
        description="Whether the integration key alone may look after users, groups and the company; else administrators.",
    )


class TicketSettings(Area):
    """Sign-in tickets."""

    lifetime: float = Field(6 * 3600.0, gt=0, description="Seconds a ticket lives after its last use.")
    absolute: float = Field(
        0.0, ge=0, description="Seconds after sign-in at which a ticket ends whatever its use; 0 is never."
    )
    stay: float = Field(
        30 * 86400.0,
        ge=0,
        description="Seconds a ticket of the inbox page lives for those who ask to stay signed in; 0 does not offer it.",
    )


class SignInSettings(Area):
    """How many wrong passwords are borne. Each limit counts failures that grow old over the window."""

    failures_per_account: int = Field(
        10, ge=1, description="Failed sign-ins of one user name from one address; from all addresses ten times as many."
    )
    failures_per_address: int = Field(100, ge=1, description="Failed sign-ins from one address, whatever the names.")
    window: float = Field(300.0, gt=0, description="Seconds over which failures are forgotten again.")


class OutboundSettings(Area):
    """What outgoing HTTP may reach."""

    allow: list[IPv4Network | IPv6Network] = Field(
        [], description="Networks that may be reached although they are not public."
    )
    ports: list[int] = Field(
        [80, 443], description="Ports that may be reached; networks in `allow` may be reached on any."
    )
    ca_file: Path | None = Field(
        None, description="Certificate authorities (PEM) to trust beside the system's, for servers of your own."
    )
    timeout: float = Field(15.0, gt=0, description="Seconds for one request.")
    max_reply: int = Field(64 * 1024, ge=1024, description="Bytes of an answer that are read.")


class ScriptErrors(StrEnum):
    """What a failing Before script means for the call."""

    CONTINUE = "continue"
    REJECT = "reject"


class ScriptSettings(Area):
    """The operator's scripts around every service method."""

    enabled: bool = Field(True, description="False runs no script.")
    folder: Path | None = Field(None, description="Where scripts are; without it, `scripts` in data_dir.")
    time_limit: float = Field(20.0, gt=0, description="Seconds a Before or After handler may take.")
    async_time_limit: float = Field(300.0, gt=0, description="Seconds an AfterAsync handler may take.")
    max_breaches: int = Field(
        5, ge=1, description="Broken limits (time, or a crash) after which a script is disabled until it changes."
    )
    memory: int = Field(512 * 1024 * 1024, ge=128 * 1024 * 1024, description="Bytes of memory a worker may have.")
    workers: int = Field(2, ge=1, le=64, description="Processes that run Before and After handlers.")
    queue: int = Field(10_000, ge=1, description="Calls with scripts that may be under way at once; above it: 503.")
    on_error: ScriptErrors = Field(
        ScriptErrors.CONTINUE,
        description="continue: a call goes on when a Before handler fails; reject: it is refused.",
    )
    sandbox: bool = Field(
        False, description="Scripts may not write files, connect out or start programs. A fence, not a jail."
    )
    values: dict[str, str] = Field({}, description="Settings of the scripts' own; no secrets.")


class ConsoleReach(StrEnum):
    """What administrators who sign in to the console see."""

    OFF = "off"
    COMPANY = "company"
    GATEWAY = "gateway"


class ConsoleSettings(Area):
    """The operators' pages at /console."""

    enabled: bool = Field(True, description="False: there is no console.")
    administrators: ConsoleReach = Field(
        ConsoleReach.COMPANY,
        description="Users who are administrators may sign in and see: company, their own company's messages; gateway, everything, as who has a link of the command line does; off: they may not.",
    )
    idle: float = Field(1800.0, gt=0, description="Seconds without use after which a sign-in ends.")
    lifetime: float = Field(12 * 3600.0, gt=0, description="Seconds after which a sign-in ends whatever its use.")
    plain_http: bool = Field(
        False,
        description="Let people on other machines sign in without HTTPS, so that passwords can be read on the way.",
    )


class MetricsAccess(StrEnum):
    """Who may read /metrics."""

    AUTO = "auto"
    OPEN = "open"
    TOKEN = "token"
    OFF = "off"


class MetricsSettings(Area):
    """The numbers at /metrics."""

    access: MetricsAccess = Field(
        MetricsAccess.AUTO,
        description="auto: anybody on this machine while the gateway listens on loopback with no proxy in front, else as token; open: anybody; token: access tokens with the scope metrics; off: there is no such address.",
    )


class EventSettings(Area):
    """Event notifications: endpoints of companies that are told what becomes of their messages."""

    timeout: float = Field(15.0, gt=0, le=60, description="Seconds an endpoint may take to answer.")
    concurrency: int = Field(64, ge=1, le=1024, description="Requests under way at once, to all endpoints together.")
    allow_http: bool = Field(False, description="Whether an endpoint's URL may begin with http://.")
    endpoints: int = Field(20, ge=1, le=1000, description="Most endpoints a company may have.")
    rotation_hours: float = Field(
        24.0, ge=0, description="Hours for which the old secret signs beside the new one after a rotation."
    )
    disable_after_days: float = Field(
        5.0, gt=0, description="Days without a single success after which a failing endpoint is disabled."
    )


class LogSettings(Area):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least that is logged.")
    format: Literal["auto", "text", "json"] = Field("auto", description="auto: text on a terminal, json elsewhere.")


class Settings(Area):
    """All of them. `channels` holds one table per channel; its `kind` names the plugin that reads the rest."""

    data_dir: Path = Field(Path("data"), description="Folder of the database, keys and scripts.")
    server: ServerSettings = ServerSettings()
    store: StoreSettings = StoreSettings()
    dispatch: DispatchSettings = DispatchSettings()
    retention: RetentionSettings = RetentionSettings()
    messaging: MessagingSettings = MessagingSettings()
    quotas: QuotaSettings = QuotaSettings()
    push: PushSettings = PushSettings()
    idempotency: IdempotencySettings = IdempotencySettings()
    soap: SoapSettings = SoapSettings()
    rest: RestSettings = RestSettings()
    tickets: TicketSettings = TicketSettings()
    sign_in: SignInSettings = SignInSettings()
    outbound: OutboundSettings = OutboundSettings()
    scripts: ScriptSettings = ScriptSettings()
    console: ConsoleSettings = ConsoleSettings()
    metrics: MetricsSettings = MetricsSettings()
    webhooks: EventSettings = EventSettings()
    log: LogSettings = LogSettings()
    channels: dict[str, dict[str, Any]] = Field({"inbox": {"kind": "inbox"}}, description="One table per channel.")
