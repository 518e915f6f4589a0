"""Settings: three layers, every fault at once, and no secret in sight."""

from pathlib import Path

import pytest

from chassis.config import (
    COMMON,
    Choice,
    ConfigurationFaults,
    Host,
    Listed,
    Setting,
    Settings,
    Switch,
    Text,
    Whole,
    configuration_page,
    load_settings,
    settings_for,
)

PASSWORD = "p8-very-secret"
URL = f"postgresql://ada:{PASSWORD}@db.example:5432/store"
OWN = [
    Setting("greetings", Listed(Text()), ["hello"], "What is said."),
    Setting("api_token", Text(), None, "What the gateway asks for.", secret=True),
]


def load(
    service: str = "north", *, file: Path | None = None, extra: list[Setting] | None = None, **variables: str
) -> Settings:
    return load_settings(service, extra or [], file=file, environ=variables, neighbours=["north", "south"])


def faults_of(*, file: Path | None = None, extra: list[Setting] | None = None, **variables: str) -> str:
    with pytest.raises(ConfigurationFaults) as caught:
        load(file=file, extra=extra, **variables)
    return str(caught.value)


@pytest.fixture
def write(tmp_path):
    def written(text: str) -> Path:
        file = tmp_path / "piaojue.yaml"
        file.write_text(text, encoding="utf-8")
        return file

    return written


def test_settings_without_any_configuration_are_the_defaults():
    settings = load()
    assert settings.service == "north"
    assert settings.region == "demo"
    assert settings.store_url == "sqlite:///piaojue-data/north.db"
    assert settings.jwks == "piaojue-data/jwks.json"
    assert settings.broker_url == "memory://"
    assert settings.http_address == Host("127.0.0.1", 8000)
    assert settings.retry_pauses == (1.0, 2.0, 5.0, 15.0, 60.0)
    assert settings.compare_interval == 15.0


def test_every_common_setting_is_declared_as_a_typed_attribute():
    assert set(Settings.__annotations__) - {"service"} == {setting.key for setting in COMMON}


def test_later_layers_win(write):
    file = write(
        "relay_batch: 10\ninbox_batch: 10\nfeed_page: 10\nnorth:\n  inbox_batch: 20\n  feed_page: 20\n"
    )
    settings = load(file=file, PIAOJUE_FEED_PAGE="30", PIAOJUE_WORKERS="30", PIAOJUE_NORTH_WORKERS="40")
    assert (settings.relay_batch, settings.inbox_batch) == (10, 20)
    assert (settings.feed_page, settings.workers) == (30, 40)


def test_a_setting_for_one_service_does_not_touch_another(write):
    file = write("south:\n  inbox_batch: 20\n")
    assert load("north", file=file, PIAOJUE_SOUTH_WORKERS="3").inbox_batch == 200
    assert load("south", file=file, PIAOJUE_SOUTH_WORKERS="3").workers == 3


def test_derived_defaults_follow_what_they_derive_from():
    assert load(PIAOJUE_DATA_FOLDER="/srv/p").store_url == "sqlite:////srv/p/north.db"


def test_a_data_folder_may_have_any_name():
    settings = load(PIAOJUE_DATA_FOLDER="/srv/my data@home")
    assert settings.store_url == "sqlite:////srv/my data@home/north.db"
    assert settings.jwks == "/srv/my data@home/jwks.json"


def test_the_file_can_be_named_by_a_variable(write):
    assert load(PIAOJUE_CONFIG=str(write("region: yongan"))).region == "yongan"


@pytest.mark.parametrize("named", ["", " "])
def test_a_variable_for_the_file_that_is_empty_is_a_fault_and_starts_no_empty_suite(named):
    assert "PIAOJUE_CONFIG (environment): must name a file, or not be set" in faults_of(PIAOJUE_CONFIG=named)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_a_store_that_would_be_forgotten_is_a_fault(url):
    assert "store_url (environment PIAOJUE_STORE_URL): must be" in faults_of(PIAOJUE_STORE_URL=url)


def test_own_settings_are_attributes_like_the_common_ones(write):
    settings = load(file=write("north:\n  greetings: [a, b]\n"), extra=OWN)
    assert settings.greetings == ("a", "b")
    assert settings.api_token is None
    assert load(extra=OWN, PIAOJUE_NORTH_GREETINGS="a, b").greetings == ("a", "b")


def test_settings_are_frozen():
    settings = load()
    with pytest.raises(AttributeError, match="never changed"):
        settings.region = "other"
    with pytest.raises(AttributeError, match="there is no setting 'regoin'"):
        _ = settings.regoin


def test_every_fault_is_listed_at_once_with_its_source_and_rule(write):
    file = write("region: Yong An\nrelay_batches: 5\nnorth:\n  inbox_batch: 0\n  sotre_url: x\n")
    text = faults_of(
        file=file, PIAOJUE_HTTP_ADDRESS="here", PIAOJUE_NORTH_DRAIN="soon", PIAOJUE_LOG_LEVL="INFO"
    )
    assert text.splitlines() == [
        "the configuration of north cannot be used:",
        f"  relay_batches (file {file}): there is no such setting; did you mean relay_batch?",
        f"  north.sotre_url (file {file}): there is no such setting; did you mean store_url?",
        "  PIAOJUE_LOG_LEVL (environment): there is no such setting; did you mean PIAOJUE_LOG_LEVEL?",
        f"  region (file {file}): must be lower case letters, digits and hyphens, at most 63",
        "  drain (environment PIAOJUE_NORTH_DRAIN): must be a number from 0 to 600",
        "  http_address (environment PIAOJUE_HTTP_ADDRESS): must be host:port, an IPv6 host in brackets",
        f"  inbox_batch (file {file}): must be a whole number from 1 to 10000",
    ]


def test_an_own_setting_outside_its_section_is_a_fault_that_says_where_it_belongs(write):
    assert "write north: greetings: …" in faults_of(file=write("greetings: [a]"), extra=OWN)
    assert "write PIAOJUE_NORTH_GREETINGS" in faults_of(extra=OWN, PIAOJUE_GREETINGS="a")


@pytest.mark.parametrize("text", ["- a\n- b\n", "north: 5\n", "region: [\n", "just words"])
def test_a_file_that_is_no_mapping_is_a_fault(write, text):
    assert "piaojue.yaml" in faults_of(file=write(text))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("region: a\nworkers: 3\nregion: b\n", "line 3): is there twice"),
        ("region: 2022-13-45\n", "has a date or number that does not exist"),
        ("[" * 5000, "is nested too deeply"),
    ],
)
def test_what_cannot_be_read_in_one_way_is_a_fault(write, text, told):
    assert told in faults_of(file=write(text))


def test_a_file_that_is_not_there_is_a_fault(tmp_path):
    assert "No such file" in faults_of(file=tmp_path / "none.yaml")


def test_an_empty_file_is_none(write):
    assert load(file=write("# nothing yet\n")).region == "demo"


def test_a_secret_is_read_from_a_file(tmp_path, write):
    secret = tmp_path / "url"
    secret.write_text(URL + "\n", encoding="utf-8")
    assert load(PIAOJUE_NORTH_STORE_URL_FILE=str(secret)).store_url == URL
    assert load(file=write(f"north:\n  store_url_file: {secret}\n")).store_url == URL


def test_paths_in_a_file_are_relative_to_its_folder_and_those_in_variables_are_not(tmp_path, write):
    (tmp_path / "url").write_text(URL)
    file = write("store_url_file: url\ndata_folder: data\nstore_ca: ca.pem\njwks: keys.json\n")
    settings = load(file=file)
    assert settings.store_url == URL
    assert settings.data_folder == tmp_path / "data"
    assert settings.store_ca == tmp_path / "ca.pem"
    assert settings.jwks == str(tmp_path / "keys.json")
    settings = load(file=file, PIAOJUE_DATA_FOLDER="elsewhere", PIAOJUE_JWKS="https://issuer.example/keys")
    assert settings.data_folder == Path("elsewhere")
    assert settings.jwks == "https://issuer.example/keys"
    absolute = load(file=write("data_folder: /srv/piaojue\njwks: https://issuer.example/keys\n"))
    assert absolute.data_folder == Path("/srv/piaojue")
    assert absolute.jwks == "https://issuer.example/keys"


def test_a_secret_given_twice_or_unreadable_is_a_fault(tmp_path):
    text = faults_of(PIAOJUE_STORE_URL=URL, PIAOJUE_STORE_URL_FILE=str(tmp_path / "none"))
    assert "not both" in text
    assert "No such file" in text
    assert PASSWORD not in text


def test_what_is_no_secret_is_not_read_from_a_file():
    assert "there is no such setting" in faults_of(PIAOJUE_REGION_FILE="/etc/hostname")


def test_secrets_are_masked_wherever_settings_are_shown():
    settings = load(
        extra=OWN, PIAOJUE_STORE_URL=f"{URL}?password={PASSWORD}", PIAOJUE_NORTH_API_TOKEN=PASSWORD
    )
    shown = {key: (value, source) for key, value, source in settings.describe()}
    assert shown["store_url"] == (
        "postgresql://ada:***@db.example:5432/store",
        "environment PIAOJUE_STORE_URL",
    )
    assert shown["api_token"][0] == "***"
    assert PASSWORD not in f"{settings!r} {settings}"


@pytest.mark.parametrize(
    "broken",
    [
        f"postgres://ada:{PASSWORD}@h/n",
        f"postgresql://ada:{PASSWORD}/@h/n",
        f"ada:{PASSWORD}@h",
        f"{URL} {PASSWORD}",
    ],
)
def test_a_secret_is_in_no_fault(broken, write):
    assert PASSWORD not in faults_of(PIAOJUE_STORE_URL=broken)
    assert PASSWORD not in faults_of(file=write(f"store_url: {broken}\n\tx: ["))


@pytest.mark.parametrize(
    ("value", "meant"),
    [("0.0.0.0:80", ("0.0.0.0", 80)), ("[::1]:0", ("::1", 0)), ("a.example:65535", ("a.example", 65535))],
)
def test_an_address_is_host_and_port(value, meant):
    assert load(PIAOJUE_HTTP_ADDRESS=value).http_address == meant
    assert str(load(PIAOJUE_HTTP_ADDRESS=value).http_address) == value


@pytest.mark.parametrize("value", ["8000", "host", "host:", "host:65536", "::1:80", "a b:80", "http://h:80"])
def test_an_address_of_another_form_is_refused(value):
    assert "http_address" in faults_of(PIAOJUE_HTTP_ADDRESS=value)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("region: 0431", "region"),
        ("migrate: 1", "migrate"),
        ("workers: true", "workers"),
        ("workers: 1.5", "workers"),
        ("retry_pauses: []", "retry_pauses"),
        ("drain: .nan", "drain"),
        ("log_format: xml", "log_format"),
    ],
)
def test_values_of_another_type_are_refused_rather_than_guessed(write, text, key):
    assert key in faults_of(file=write(text))


def test_own_settings_cannot_take_a_common_key():
    with pytest.raises(ValueError, match="declared twice: region"):
        settings_for("north", [Setting("region", Text(), "x", "Another region.")])


def test_the_page_shows_every_setting_and_no_value_of_a_secret():
    settings_for("north", [Setting("loud", Switch(), False, "Whether | it shouts.", unit="decibel")])
    page = configuration_page()
    assert all(f"`{setting.key}`" in page for setting in COMMON)
    assert (
        "| `loud` | `PIAOJUE_NORTH_LOUD` | true or false, decibel | `false` | Whether \\| it shouts. |"
        in page
    )
    settings_for("north")


@pytest.mark.parametrize("setting", COMMON, ids=lambda setting: setting.key)
def test_a_common_setting_says_what_it_is(setting):
    assert setting.doc.endswith(".")
    assert isinstance(setting.field, Text | Choice | Whole) or setting.field.rule
