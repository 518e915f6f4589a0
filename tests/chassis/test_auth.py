"""Who calls: tokens that are good, and each way in which one is not."""

import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from chassis import auth
from chassis.auth import (
    Authenticator,
    FileKeys,
    UrlKeys,
    issue_token,
    jwks,
    keys,
    load_key,
    new_key,
    save_key,
)
from chassis.errors import Refused
from tests.support.http_server import AUDIENCE, ISSUER, serving

KEY = new_key()
KID = jwks(KEY)["keys"][0]["kid"]
PUBLIC_PEM = KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


def claims(**changes):
    made = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "someone",
        "exp": time.time() + 60,
        "roles": ["clerk"],
        "bodies": ["yongan"],
        **changes,
    }
    return {name: value for name, value in made.items() if value is not None}


def token(key=KEY, algorithm="EdDSA", kid=KID, **changes):
    return jwt.encode(claims(**changes), key, algorithm, headers={"kid": kid} if kid is not None else {})


def encoded(data):
    return urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()


def unsigned(alg):
    return f"{encoded({'alg': alg, 'kid': KID})}.{encoded(claims())}."


def with_shared_secret():
    """The classic: signed by HMAC, with the public key, which everybody has, as the secret."""
    import hmac

    signed = f"{encoded({'alg': 'HS256', 'kid': KID})}.{encoded(claims())}"
    mac = hmac.digest(PUBLIC_PEM, signed.encode(), "sha256")
    return f"{signed}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def altered(good, **changes):
    """Other claims under the signature of a good token."""
    head, payload, signature = good.split(".")
    data = json.loads(urlsafe_b64decode(payload + "=="))
    return f"{head}.{encoded({**data, **changes})}.{signature}"


@pytest.fixture
def jwks_file(tmp_path):
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(jwks(KEY)))
    return path


@pytest.fixture
def authenticator(jwks_file):
    return Authenticator(ISSUER, AUDIENCE, FileKeys(jwks_file))


def refusal(authenticator, given):
    with pytest.raises(Refused) as refused:
        authenticator.caller(given)
    assert isinstance(refused.value, auth.REFUSALS_401)
    return refused.value.slug


def test_a_good_token_tells_who_calls(authenticator):
    caller = authenticator.caller(f"Bearer {token(roles=['clerk', 'chef'], bodies=['yongan'])}")
    assert caller == auth.Caller("someone", frozenset({"clerk"}), frozenset({"yongan"}))
    assert caller.may_act_for("yongan")
    assert not caller.may_act_for("yong")


def test_a_token_may_be_good_for_every_body(authenticator):
    assert authenticator.caller(f"bearer {token(bodies=['*'])}").may_act_for("any")


def test_a_token_without_roles_and_bodies_may_do_nothing(authenticator):
    caller = authenticator.caller(f"Bearer {token(roles=None, bodies=None)}")
    assert (caller.roles, caller.bodies) == (frozenset(), frozenset())


OTHER = new_key()
RSA_KEY = rsa.generate_private_key(65537, 2048)
NOT_GOOD = {
    "expired": (lambda: token(exp=time.time() - 11), "token-expired"),
    "not yet valid": (lambda: token(nbf=time.time() + 60), "token-not-yet-valid"),
    "wrong issuer": (lambda: token(iss="another"), "token-wrong-issuer"),
    "wrong audience": (lambda: token(aud="another"), "token-wrong-audience"),
    "no algorithm": (lambda: unsigned("none"), "token-wrong-algorithm"),
    "None, however it is written": (lambda: unsigned("NoNe"), "token-wrong-algorithm"),
    "the public key as a shared secret": (with_shared_secret, "token-wrong-algorithm"),
    "rsa": (lambda: token(RSA_KEY, "RS256"), "token-wrong-algorithm"),
    "eddsa without signature": (lambda: unsigned("EdDSA"), "token-bad-signature"),
    "unknown key": (lambda: token(kid="unknown"), "token-unknown-key"),
    "no key named": (lambda: token(kid=None), "token-unknown-key"),
    "signed by another": (lambda: token(OTHER), "token-bad-signature"),
    "altered": (lambda: altered(token(), roles=["operator"]), "token-bad-signature"),
    "no issuer": (lambda: token(iss=None), "token-malformed"),
    "no audience": (lambda: token(aud=None), "token-malformed"),
    "no end": (lambda: token(exp=None), "token-malformed"),
    "no subject": (lambda: token(sub=None), "token-malformed"),
    "empty subject": (lambda: token(sub=""), "token-malformed"),
    "a subject with NUL": (lambda: token(sub="a\0"), "token-malformed"),
    "a subject of two lines": (lambda: token(sub="a\nb"), "token-malformed"),
    "a subject that reads backwards": (lambda: token(sub="a\u202eb"), "token-malformed"),
    "a subject with half a character": (lambda: token(sub="\ud800"), "token-malformed"),
    "a long subject": (lambda: token(sub="a" * 256), "token-malformed"),
    "a number as subject": (lambda: token(sub=7), "token-malformed"),
    "roles that are no list": (lambda: token(roles="clerk"), "token-malformed"),
    "bodies that are no texts": (lambda: token(bodies=[1]), "token-malformed"),
    "an end that is no time": (lambda: token(exp="soon"), "token-malformed"),
    "an end in a text": (lambda: token(exp="9999999999"), "token-malformed"),
    "an end that never comes": (lambda: token(exp=float("inf")), "token-malformed"),
    "garbage": (lambda: "garbage", "token-malformed"),
    "dots": (lambda: "..", "token-malformed"),
    "huge": (lambda: "a" * 8193, "token-malformed"),
    "not ASCII": (lambda: "é.é.é", "token-malformed"),
}


@pytest.mark.parametrize("case", NOT_GOOD)
def test_a_token_that_is_not_good_is_refused_and_told_why(authenticator, case):
    make, slug = NOT_GOOD[case]
    assert refusal(authenticator, f"Bearer {make()}") == slug


@pytest.mark.parametrize("given", [None, "", "Bearer", "Bearer ", "Basic dTpw", "token"])
def test_without_a_token_it_is_said_that_one_is_missing(authenticator, given):
    assert refusal(authenticator, given) == "token-missing"


def test_a_remembered_token_expires_all_the_same(authenticator, monkeypatch):
    good = f"Bearer {token()}"
    authenticator.caller(good)
    later = time.time() + 3600
    monkeypatch.setattr(time, "time", lambda: later)
    monkeypatch.setattr(jwt.api_jwt, "datetime", FrozenLater)
    assert refusal(authenticator, good) == "token-expired"


class FrozenLater(jwt.api_jwt.datetime):
    @classmethod
    def now(cls, tz=None):
        return super().now(tz) + timedelta(hours=1)


def test_a_remembered_token_does_not_outlive_its_key(authenticator, jwks_file, monkeypatch):
    good = f"Bearer {token()}"
    authenticator.caller(good)
    jwks_file.write_text(json.dumps(jwks(OTHER)))
    monkeypatch.setattr(keys, "FILE_CHECKED_SECONDS", 0.0)
    assert refusal(authenticator, good) == "token-unknown-key"


def test_a_new_key_is_found_without_a_restart(authenticator, jwks_file):
    jwks_file.write_text(json.dumps(jwks(KEY, OTHER)))
    other_kid = jwks(OTHER)["keys"][0]["kid"]
    assert authenticator.caller(f"Bearer {token(OTHER, kid=other_kid)}").subject == "someone"


def test_a_key_file_amid_a_change_leaves_the_keys_as_they_were(authenticator, jwks_file, monkeypatch):
    monkeypatch.setattr(keys, "FILE_CHECKED_SECONDS", 0.0)
    for broken in ("", "{", "[]", '{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "!"}]}'):
        jwks_file.write_text(broken)
        assert authenticator.caller(f"Bearer {token()}").subject == "someone"


def test_a_key_set_that_cannot_be_read_stops_the_start(tmp_path):
    with pytest.raises(auth.KeysUnavailable):
        FileKeys(tmp_path / "absent")


def test_keys_of_other_kinds_are_passed_over(jwks_file):
    others = [{"kty": "RSA", "kid": "r"}, {**jwks(OTHER)["keys"][0], "use": "enc"}]
    jwks_file.write_text(json.dumps({"keys": [*others, *jwks(KEY)["keys"]]}))
    assert FileKeys(jwks_file).find(KID) is not None
    assert FileKeys(jwks_file).find(others[1]["kid"]) is None


def test_a_provider_is_asked_once_for_many_unknown_keys():
    asked = []

    def fetch(url):
        asked.append(url)
        return json.dumps(jwks(KEY)).encode()

    authenticator = Authenticator(ISSUER, AUDIENCE, UrlKeys("https://idp.example/jwks", fetch))
    assert authenticator.caller(f"Bearer {token()}").subject == "someone"
    for n in range(10):
        assert refusal(authenticator, f"Bearer {token(kid=str(n))}") == "token-unknown-key"
    assert asked == ["https://idp.example/jwks"]


def test_a_remembered_token_does_not_outlive_a_key_that_was_replaced_under_its_name(monkeypatch):
    shown = [jwks(KEY)]
    provider = UrlKeys("https://idp.example/jwks", lambda url: json.dumps(shown[-1]).encode())
    authenticator = Authenticator(ISSUER, AUDIENCE, provider)
    good = f"Bearer {token()}"
    authenticator.caller(good)
    shown.append({"keys": [{**jwks(OTHER)["keys"][0], "kid": KID}]})
    for name in ("KEYS_AGE_SECONDS", "FETCH_PAUSE_SECONDS"):
        monkeypatch.setattr(keys, name, 0.0)
    assert refusal(authenticator, good) == "token-bad-signature"


def test_a_provider_that_does_not_answer_makes_tokens_uncheckable():
    def fetch(url):
        raise OSError("no route")

    authenticator = Authenticator(ISSUER, AUDIENCE, UrlKeys("https://idp.example/jwks", fetch))
    with pytest.raises(auth.KeysUnavailable):
        authenticator.caller(f"Bearer {token()}")


class Provider(BaseHTTPRequestHandler):
    """Shows its keys at /jwks, and sends on to there from everywhere else."""

    def do_GET(self):
        self.send_response(200 if self.path == "/jwks" else 302)
        self.send_header("Location", "/jwks")
        self.end_headers()
        self.wfile.write(json.dumps(jwks(KEY)).encode())

    def log_message(self, *_):
        pass


def test_a_provider_that_sends_on_to_somebody_else_is_not_followed():
    with ThreadingHTTPServer(("127.0.0.1", 0), Provider) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        assert UrlKeys(f"{address}/jwks").find(KID) == KEY.public_key()
        with pytest.raises(auth.KeysUnavailable):
            UrlKeys(f"{address}/moved").find(KID)
        server.shutdown()


def test_a_key_is_kept_for_its_owner_alone(tmp_path):
    path = tmp_path / "key"
    save_key(KEY, path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_key(path).public_key() == KEY.public_key()
    with pytest.raises(FileExistsError):
        save_key(OTHER, path)
    path.chmod(0o640)
    with pytest.raises(ValueError, match="chmod"):
        load_key(path)


def test_a_key_that_is_somebody_elses_may_be_read_by_our_group_and_by_no_others(tmp_path, monkeypatch):
    """As where containers are given secrets: they are root's, and their group is that of the process."""
    path = tmp_path / "key"
    save_key(KEY, path)
    monkeypatch.setattr("os.geteuid", lambda: path.stat().st_uid + 1)
    path.chmod(0o440)
    assert load_key(path).public_key() == KEY.public_key()
    for mode in (0o444, 0o460):
        path.chmod(mode)
        with pytest.raises(ValueError, match="chmod"):
            load_key(path)


def test_a_key_of_another_kind_is_not_loaded(tmp_path):
    path = tmp_path / "key"
    path.touch(0o600)
    path.write_bytes(
        RSA_KEY.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    with pytest.raises(ValueError, match="Ed25519"):
        load_key(path)


def test_a_token_is_not_issued_for_a_role_that_does_not_exist():
    with pytest.raises(ValueError, match="king"):
        issue_token(
            KEY,
            issuer=ISSUER,
            audience=AUDIENCE,
            subject="s",
            roles=["king"],
            bodies=[],
            lifetime=timedelta(minutes=1),
        )


@pytest.mark.parametrize("lacking", ["ISSUER", "AUDIENCE", "JWKS"])
def test_configuration_that_lacks_something_is_refused_by_name(jwks_file, lacking):
    config = {"ISSUER": ISSUER, "AUDIENCE": AUDIENCE, "JWKS": str(jwks_file)}
    assert Authenticator.from_config(config)
    with pytest.raises(ValueError, match=lacking):
        Authenticator.from_config({**config, lacking: ""})


@pytest.fixture(scope="module")
def server():
    with serving() as running:
        yield running


THINGS = "/north/bodies/yongan/things"


def test_a_caller_with_the_role_and_the_body_is_let_in(server):
    answer = server.request("GET", THINGS, Authorization=server.token(roles=("clerk", "teller")))
    assert answer.json == {"subject": "someone", "roles": ["clerk", "teller"], "body": "yongan"}
    assert server.request("GET", THINGS, Authorization=server.token(bodies=("*",))).status == 200


def test_a_caller_without_a_token_is_401(server):
    answer = server.request("GET", THINGS)
    assert (answer.status, answer.slug) == (401, "token-missing")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_caller_with_a_token_of_somebody_else_is_401_and_told_why(server):
    answer = server.request("GET", THINGS, Authorization=f"Bearer {token()}")
    assert (answer.status, answer.slug) == (401, "token-unknown-key")
    assert answer.headers["www-authenticate"] == (
        'Bearer error="invalid_token", error_description="Token unknown key"'
    )


def test_a_caller_of_another_role_is_403(server):
    answer = server.request("GET", THINGS, Authorization=server.token(roles=("deputy",)))
    assert (answer.status, answer.slug) == (403, "role-not-allowed")


def test_a_caller_for_another_body_is_403(server):
    answer = server.request("GET", "/north/bodies/other/things", Authorization=server.token())
    assert (answer.status, answer.slug) == (403, "body-not-allowed")
    escaped = server.request("GET", "/north/bodies/yonga%6E/things", Authorization=server.token())
    assert escaped.json["body"] == "yongan"


def test_what_is_of_all_bodies_is_for_a_token_that_is_good_for_all(server):
    def asked(*bodies):
        return server.request(
            "GET", "/north/things/of/all", Authorization=server.token(roles=("operator",), bodies=bodies)
        )

    assert asked("*").status == 200
    assert (asked("yongan").status, asked("yongan").slug) == (403, "body-not-allowed")
    assert asked().status == 403


def test_a_route_for_everyone_knows_those_who_may_see_more_and_no_others(server):
    def known(**headers):
        return server.request("GET", "/north/bodies/yongan/more", **headers).json["known"]

    assert known() is False
    assert known(Authorization=server.token()) is True
    assert known(Authorization=server.token(roles=("deputy",))) is False
    assert known(Authorization=server.token(bodies=("other",))) is False
    forged = server.request("GET", "/north/bodies/yongan/more", Authorization=f"Bearer {token()}")
    assert (forged.status, forged.slug) == (401, "token-unknown-key")


def test_who_may_not_call_learns_nothing_about_the_body_sent(server):
    answer = server.request("GET", THINGS, b"not json", Authorization="Bearer x")
    assert answer.status == 401


def test_no_token_is_ever_logged(server):
    server.request("GET", THINGS, Authorization=server.token(roles=("deputy",)))
    assert server.log() == ""
