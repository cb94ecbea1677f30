"""Everything an operator can set, read once from INLET_* variables; unknown names are refused."""

import difflib
import os
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

import models
from app.errors import ConfigError
from app.setting_types import DatabaseUrl, Folder, Issuer, Names, Networks, PublicUrl, Roles

PREFIX = "INLET_"
SOURCES = (  # in the path of their webhook; app.inbound.sources has each
    *("postmark", "sendgrid", "mailgun", "ses", "resend", "mailersend", "brevo", "mailjet"),
    *("mandrill", "sparkpost", "postal", "chatwoot", "slack", "twilio", "intercom", "zendesk"),
    *("rasa", "dialogflow", "botpress"),
)
_KEY = re.compile(rf"{PREFIX}({'|'.join(SOURCES).upper()})_(SECRET|AUTH|TOPICS)")
_OF_CLIENTS = f"{PREFIX}API_KEY"  # read by commands that call a service: none of its settings
_SHOWN_DEFAULTS = {"data_dir": "~/.local/share/inlet", "artifacts": "the shipped folder"}
_OF_OIDC = ("oidc_issuer", "oidc_client_id", "oidc_client_secret")  # all of them, or none
_PASSWORDS = re.compile(r"(?<=://)([^:/?#]*):.*@|((?:ssl)?password)=[^&]*", re.IGNORECASE)


def _data_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Follow the XDG base directory specification, so that every folder finds the same data."""
    given = Path(environ.get("XDG_DATA_HOME", ""))
    if given.is_absolute():  # the specification: ignore a relative one
        return given / "inlet"
    try:
        return Path.home() / ".local" / "share" / "inlet"
    except RuntimeError:
        raise ConfigError(f"this user has no home folder: set {PREFIX}DATA_DIR") from None


class SourceKeys(BaseModel):
    """What a provider's or a chat platform's requests are proved by; unset ones are not asked."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    secret: str | None = Field(None, repr=False)
    auth: str | None = Field(None, repr=False, pattern=r"^[^:]+:.+$")  # user:password
    topics: Names = ()


class Settings(BaseSettings):
    """How the service runs; an operator's are read by `load_settings`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True
    )

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on.")
    data_dir: Folder = Field(
        default_factory=_data_dir, description="Folder of the SQLite database and its lock file."
    )
    database_url: DatabaseUrl | None = Field(
        None,
        repr=False,  # it may hold a password
        description="SQLAlchemy URL, e.g. postgresql+psycopg://…; unset: SQLite in data_dir.",
    )
    artifacts: Folder = Field(
        Path(models.__file__).parent / "artifacts", description="Folder of the model versions."
    )
    policy: Folder | None = Field(
        None, description="Routing policy (YAML); unset: the shipped one."
    )
    threads: int = Field(
        0,
        ge=0,
        le=256,
        description="Passes through the network at a time, one thread each; 0: one for each core.",
    )
    max_batch: int = Field(8, ge=1, le=1024, description="Messages in one forward pass, at most.")
    max_waiting: int = Field(
        512, ge=1, le=100_000, description="Messages waiting for the model before 503 is answered."
    )
    max_wait_s: float = Field(
        0.4, gt=0, le=300, description="Seconds of waiting for the model before 503 is answered."
    )
    predict_timeout_s: float = Field(
        10.0, gt=0, le=300, description="Seconds a request waits for the model, at most."
    )
    max_body_bytes: int = Field(
        1_048_576, ge=1_024, description="Largest request body; more is answered 413."
    )
    max_text_chars: int = Field(
        100_000, ge=1, description="Longest message text; more is answered 422."
    )
    run_worker: bool = Field(
        True, description="Deliver from inside the service; false where `inlet worker` runs."
    )
    delivery_timeout_s: float = Field(
        15.0, gt=0, le=60, description="Seconds for one delivery attempt, from DNS to last byte."
    )
    egress_allow_hosts: Names = Field(
        (), description="Host names that webhooks may reach although they resolve inward."
    )
    egress_allow_cidrs: Networks = Field(
        (), description="Networks that webhooks may reach although they are not public."
    )
    egress_allow_http: bool = Field(
        False, description="Allow http:// endpoints beyond the allow-lists."
    )
    webhook_personal_data: bool = Field(
        True, description="Put sender, subject and text into webhooks; false: ids and labels only."
    )
    idempotency_hours: int = Field(
        72, ge=1, le=720, description="Hours for which an Idempotency-Key is remembered."
    )
    public_url: PublicUrl | None = Field(
        None,
        description="Address where providers, who may sign it, and the links of alerts reach us. "
        "Unset: as called, and alerts have no links.",
    )
    oidc_issuer: Issuer | None = Field(
        None,
        description="Issuer of OpenID Connect that people may sign in by; needs the extra `oidc`.",
    )
    oidc_client_id: str | None = Field(None, description="What the issuer calls this service.")
    oidc_client_secret: SecretStr | None = Field(
        None, description="What this service proves itself by to the issuer."
    )
    oidc_roles: Roles = Field(
        {},
        description="Who gets in by the issuer, as viewer, agent or admin: "
        "`@example.com=viewer, ana@example.com=admin, sales=agent`. Nobody else does.",
    )
    oidc_claim: str = Field(
        "groups", description="Claim of the ID token whose values INLET_OIDC_ROLES may name."
    )
    phone_region: str | None = Field(
        None,
        pattern="^[A-Z]{2}$",
        description="Country whose national phone numbers are read in signatures, such as DE.",
    )
    own_addresses: Names = Field(
        (), description="Our own mail addresses: what they send is automated."
    )
    raw_days: int = Field(
        30, ge=1, le=3_650, description="Days for which what a provider sent is kept as it came."
    )
    chat_window_s: int = Field(
        300, ge=0, le=86_400, description="Seconds in which fragments of a chat are read together."
    )
    sources: Mapping[str, SourceKeys] = Field(
        default_factory=dict,
        description="Those switched on by their `INLET_<SOURCE>_SECRET`, `_AUTH` or `_TOPICS`.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="debug, info, warning or error."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take only what is passed, so that a test's settings do not depend on the machine."""
        return (init_settings,)

    @property
    def effective_database_url(self) -> str:
        """The database that is used: the one named, or a SQLite file in the data folder."""
        if self.database_url is not None:
            return self.database_url
        return "sqlite:///" + quote(str(self.data_dir.absolute() / "inlet.db"))

    def masked(self) -> dict[str, str]:
        """Give each variable's value in words, for `inlet doctor`, with passwords masked."""
        return {_variable(field): _shown(value) for field, value in self}


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the operator's settings; an empty variable counts as unset.

    Raises:
        ConfigError: A variable has an unknown name or a bad value; each is named, no value is.
    """
    environ = os.environ if environ is None else environ
    given = {name.upper(): value.strip() for name, value in environ.items()}
    given = {name: value for name, value in given.items() if name.startswith(PREFIX)}
    given.pop(_OF_CLIENTS, None)
    known = {_variable(field): field for field in Settings.model_fields if field != "sources"}
    values: dict[str, Any] = {known[name]: given[name] for name in known if given.get(name)}
    if "data_dir" not in values:
        values["data_dir"] = _data_dir(environ)
    values["sources"], used = _source_keys(given)
    problems = [_unknown(name, known) for name in sorted(given.keys() - known.keys() - used)]
    try:
        settings = Settings(**values)
        problems += _gaps(settings)
    except ValidationError as error:
        problems += [f"{_place(e['loc'])} {_sentence(e['msg'])}" for e in error.errors()]
    if problems:
        raise ConfigError("; ".join(problems))
    return settings


def _gaps(settings: Settings) -> list[str]:
    """Name what the sign-in by OpenID Connect lacks, where a part of it is set."""
    if not any((settings.oidc_roles, *(getattr(settings, name) for name in _OF_OIDC))):
        return []
    needed = (*_OF_OIDC, "public_url")
    return [
        f"{_variable(name)} is needed to sign in by OpenID Connect"
        for name in needed
        if not getattr(settings, name)
    ]


def settings_table() -> str:
    """Render every variable with default and meaning as a Markdown table, for the README."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        if name == "sources":
            rows.append(f"| `{PREFIX}<SOURCE>_…` | empty | {field.description} |")
            continue
        default = _SHOWN_DEFAULTS.get(name) or _shown(field.default)
        rows.append(f"| `{_variable(name)}` | {default} | {field.description} |")
    return "\n".join(rows)


def _source_keys(given: Mapping[str, str]) -> tuple[dict[str, dict[str, str]], set[str]]:
    """Gather the keys of each source, and the names of the variables that hold them."""
    keys: dict[str, dict[str, str]] = {}
    used = {name for name in given if _KEY.fullmatch(name)}
    for name in sorted(used):
        source, key = name.removeprefix(PREFIX).lower().rsplit("_", 1)
        if given[name]:
            keys.setdefault(source, {})[key] = given[name]
    return keys, used


def _place(location: Sequence[int | str]) -> str:
    """Name the variable that a value came from."""
    if location[0] == "sources":
        return PREFIX + "_".join(map(str, location[1:3])).upper()
    return _variable(location[0])


def _variable(field: int | str) -> str:
    return PREFIX + str(field).upper()


def _unknown(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"{name} is not a setting" + (f": did you mean {near[0]}?" if near else "")


def _sentence(pydantic_says: str) -> str:
    """Turn pydantic's `Input should be …` into the end of a sentence about a variable."""
    return re.sub(r"^(Input|Value error,) ", "", pydantic_says)


def _shown(value: object) -> str:
    if value is None:
        return "unset"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping | tuple):
        return ", ".join(value) or "empty"
    return _PASSWORDS.sub(_without_password, str(value))


def _without_password(found: re.Match[str]) -> str:
    user, key = found.groups()
    return f"{key}=***" if key else f"{user}:***@"


def overridden(settings: Settings, **flags: str | int | None) -> Settings:
    """Let flags win over variables."""
    given = {name: value for name, value in flags.items() if value is not None}
    return Settings(**(settings.model_dump() | given))
