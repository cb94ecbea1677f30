from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import make_url

from app.domain import Role
from app.errors import ConfigError
from app.settings import Settings, load_settings, settings_table


def problems(**environ):
    with pytest.raises(ConfigError) as caught:
        load_settings(environ)
    return caught.value.detail


def test_without_variables_the_defaults_stand():
    actual = load_settings({"HOME": "/home/ada", "PATH": "/bin"})

    assert actual == Settings()


def test_every_kind_of_value_is_read():
    actual = load_settings(
        {
            "INLET_PORT": "9000",
            "INLET_RUN_WORKER": "false",
            "INLET_PREDICT_TIMEOUT_S": "2.5",
            "INLET_POLICY": "/etc/inlet/policy.yaml",
            "INLET_EGRESS_ALLOW_HOSTS": "crm.internal, hooks.internal,",
            "INLET_EGRESS_ALLOW_CIDRS": "10.1.0.0/16,fd00::/8",
            "INLET_LOG_LEVEL": "debug",
        }
    )

    assert actual == Settings(
        port=9000,
        run_worker=False,
        predict_timeout_s=2.5,
        policy=Path("/etc/inlet/policy.yaml"),
        egress_allow_hosts=("crm.internal", "hooks.internal"),
        egress_allow_cidrs=("10.1.0.0/16", "fd00::/8"),
        log_level="debug",
    )


def test_what_the_process_has_does_not_reach_settings_made_from_values(monkeypatch):
    monkeypatch.setenv("INLET_PORT", "9000")

    assert (Settings().port, load_settings({}).port, load_settings().port) == (8080, 8080, 9000)


def test_an_empty_variable_counts_as_unset():
    assert load_settings({"INLET_DATABASE_URL": "", "INLET_PORT": " "}) == Settings()


def test_settings_cannot_be_changed():
    with pytest.raises(ValidationError):
        Settings().port = 1


@pytest.mark.parametrize("value", ["1", ""])
def test_an_unknown_name_is_refused_with_the_nearest_one(value):
    assert problems(INLET_PROT=value) == "INLET_PROT is not a setting: did you mean INLET_PORT?"


def test_an_unknown_name_that_is_like_no_other_is_refused_all_the_same():
    assert problems(INLET_6666666="1") == "INLET_6666666 is not a setting"


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("INLET_PORT", "70000", "INLET_PORT should be less than or equal to 65535"),
        (
            "INLET_PORT",
            "http",
            "INLET_PORT should be a valid integer, unable to parse string as an integer",
        ),
        ("INLET_PREDICT_TIMEOUT_S", "0", "INLET_PREDICT_TIMEOUT_S should be greater than 0"),
        (
            "INLET_PREDICT_TIMEOUT_S",
            "nan",
            "INLET_PREDICT_TIMEOUT_S should be less than or equal to 300",
        ),
        (
            "INLET_RUN_WORKER",
            "perhaps",
            "INLET_RUN_WORKER should be a valid boolean, unable to interpret input",
        ),
        (
            "INLET_LOG_LEVEL",
            "loud",
            "INLET_LOG_LEVEL should be 'debug', 'info', 'warning' or 'error'",
        ),
        (
            "INLET_EGRESS_ALLOW_CIDRS",
            "10.0.0.0/8, 10.0.0.1/8",
            "INLET_EGRESS_ALLOW_CIDRS entry 2 is not a network such as 10.1.0.0/16",
        ),
        (
            "INLET_DATABASE_URL",
            "mysql://ada:hunter2@db/inlet",
            "INLET_DATABASE_URL must begin with sqlite:/// or postgresql+psycopg://",
        ),
    ],
)
def test_a_bad_value_is_refused_by_name_and_never_shown(variable, value, expected):
    assert problems(**{variable: value}) == expected


def test_all_problems_are_told_at_once():
    actual = problems(INLET_PORT="-1", INLET_TREADS="2")

    assert actual == (
        "INLET_TREADS is not a setting: did you mean INLET_THREADS?; "
        "INLET_PORT should be greater than or equal to 0"
    )


def test_the_data_folder_follows_xdg_and_expands_the_home_folder(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")

    assert [
        load_settings(environ).data_dir
        for environ in (
            {},
            {"XDG_DATA_HOME": "/srv/share"},
            {"XDG_DATA_HOME": "relative"},
            {"INLET_DATA_DIR": "~/inlet"},
        )
    ] == [
        Path("/home/ada/.local/share/inlet"),
        Path("/srv/share/inlet"),
        Path("/home/ada/.local/share/inlet"),
        Path("/home/ada/inlet"),
    ]


def test_a_user_without_home_folder_is_told_to_name_a_data_folder(monkeypatch):
    def no_home():
        raise RuntimeError

    monkeypatch.setattr(Path, "home", no_home)

    assert problems() == "this user has no home folder: set INLET_DATA_DIR"
    assert load_settings({"INLET_DATA_DIR": "/srv"}).data_dir == Path("/srv")


def test_a_home_folder_that_is_not_there_is_told():
    actual = problems(INLET_ARTIFACTS="~nobody-of-this-name/x")

    assert actual == "INLET_ARTIFACTS begins with ~, but that user has no home folder"


@pytest.mark.parametrize("folder", ["/srv/inlet", "/srv/a b?c%20d#é"])
def test_the_default_database_is_a_file_in_the_data_folder(folder):
    url = make_url(Settings(data_dir=Path(folder)).effective_database_url)

    assert (url.drivername, url.database) == ("sqlite", f"{folder}/inlet.db")


def test_the_database_that_is_named_is_used():
    url = "postgresql+psycopg://ada:hunter2@db/inlet"

    assert load_settings({"INLET_DATABASE_URL": url}).effective_database_url == url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://ada:hunter2@db:5432/inlet", "postgresql://ada:***@db:5432/inlet"),
        ("postgresql://ada:hun/t:er@2@db/inlet", "postgresql://ada:***@db/inlet"),
        ("postgresql://db/inlet?password=hunter2&a=b", "postgresql://db/inlet?password=***&a=b"),
        ("postgresql://db/inlet?sslpassword=hunter2", "postgresql://db/inlet?sslpassword=***"),
        ("postgresql://ada@db:5432/inlet", "postgresql://ada@db:5432/inlet"),
        ("sqlite:////srv/inlet.db", "sqlite:////srv/inlet.db"),
    ],
)
def test_masked_values_hold_no_password(url, expected):
    assert Settings(database_url=url).masked()["INLET_DATABASE_URL"] == expected


def test_masked_values_are_words():
    masked = Settings(egress_allow_hosts=("a", "b")).masked()

    assert {
        name: masked[f"INLET_{name}"]
        for name in ("PORT", "RUN_WORKER", "POLICY", "EGRESS_ALLOW_HOSTS", "EGRESS_ALLOW_CIDRS")
    } == {
        "PORT": "8080",
        "RUN_WORKER": "true",
        "POLICY": "unset",
        "EGRESS_ALLOW_HOSTS": "a, b",
        "EGRESS_ALLOW_CIDRS": "empty",
    }


def test_a_printed_settings_object_shows_no_database_url():
    assert "hunter2" not in repr(Settings(database_url="postgresql://ada:hunter2@db/inlet"))


def test_the_table_has_a_row_for_each_variable_and_is_the_same_on_every_machine(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    rows = settings_table().splitlines()

    assert len(rows) == 2 + len(Settings.model_fields)
    assert rows[:5] == [
        "| variable | default | meaning |",
        "|---|---|---|",
        "| `INLET_HOST` | 127.0.0.1 | Address to listen on. |",
        "| `INLET_PORT` | 8080 | Port to listen on. |",
        "| `INLET_DATA_DIR` | ~/.local/share/inlet"
        " | Folder of the SQLite database and its lock file. |",
    ]
    assert "| `INLET_ARTIFACTS` | the shipped folder | Folder of the model versions. |" in rows
    assert [row for row in rows if "None" in row or "/home" in row] == []


def test_the_keys_of_a_source_have_variables_of_their_own():
    actual = load_settings(
        {
            "INLET_MAILGUN_SECRET": "key-1",
            "INLET_POSTMARK_AUTH": "post:mark",
            "INLET_SES_TOPICS": "arn:aws:sns:eu-west-1:1:in, arn:aws:sns:eu-west-1:1:two",
            "INLET_SLACK_SECRET": "",
        }
    )

    assert set(actual.sources) == {"mailgun", "postmark", "ses"}
    assert actual.sources["mailgun"].secret == "key-1"
    assert actual.sources["postmark"].auth == "post:mark"
    assert len(actual.sources["ses"].topics) == 2


def test_a_password_without_a_user_is_named_and_not_shown():
    found = problems(INLET_BREVO_AUTH="onlyapassword")

    assert found.startswith("INLET_BREVO_AUTH ")
    assert "onlyapassword" not in found


def test_no_secret_of_a_source_is_shown():
    settings = load_settings({"INLET_MAILGUN_SECRET": "key-1"})

    assert "key-1" not in repr(settings) + str(settings.masked())
    assert settings.masked()["INLET_SOURCES"] == "mailgun"


@pytest.mark.parametrize("url", ["inlet.example.com", "ftp://x", "https://x/?a=b", "https:// x"])
def test_a_public_address_must_be_one(url):
    assert problems(INLET_PUBLIC_URL=url).startswith("INLET_PUBLIC_URL must be an address")


OIDC = {
    "INLET_OIDC_ISSUER": "https://accounts.example.com/",
    "INLET_OIDC_CLIENT_ID": "inlet",
    "INLET_OIDC_CLIENT_SECRET": "hunter2",
    "INLET_PUBLIC_URL": "https://inlet.example.com",
}


def test_roles_are_read_by_address_domain_and_value():
    actual = load_settings(
        OIDC | {"INLET_OIDC_ROLES": "@Example.com=viewer, Ana@example.com = admin,ou=Sales=agent,"}
    )

    assert actual.oidc_roles == {
        "@example.com": Role.VIEWER,
        "ana@example.com": Role.ADMIN,
        "ou=Sales": Role.AGENT,
    }
    assert actual.oidc_issuer == "https://accounts.example.com/"


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        ("a=agent, b=owner", "entry 2 is not like @example.com=agent (viewer, agent or admin)"),
        ("sales", "entry 1 is not like @example.com=agent (viewer, agent or admin)"),
        ("=agent", "entry 1 is not like @example.com=agent (viewer, agent or admin)"),
        ("a@b.c=agent, A@b.c=admin", "entry 2 names somebody again"),
    ],
)
def test_a_bad_role_is_refused_by_its_place(roles, expected):
    assert problems(**OIDC, INLET_OIDC_ROLES=roles) == f"INLET_OIDC_ROLES {expected}"


@pytest.mark.parametrize("missing", OIDC)
def test_what_the_sign_in_lacks_is_named(missing):
    given = {name: value for name, value in OIDC.items() if name != missing}

    assert problems(**given) == f"{missing} is needed to sign in by OpenID Connect"


def test_roles_without_an_issuer_are_a_slip():
    found = problems(INLET_OIDC_ROLES="@example.com=viewer").split("; ")

    assert found == [f"{name} is needed to sign in by OpenID Connect" for name in OIDC]


def test_the_secret_of_the_sign_in_is_not_shown():
    settings = load_settings(OIDC)

    assert "hunter2" not in repr(settings) + str(settings.masked())
    assert settings.oidc_client_secret.get_secret_value() == "hunter2"


@pytest.mark.parametrize("url", ["accounts.example.com", "https://x/?a=b", "https://x/#a"])
def test_an_issuer_must_be_an_address(url):
    assert problems(**OIDC | {"INLET_OIDC_ISSUER": url}).startswith("INLET_OIDC_ISSUER must be")
