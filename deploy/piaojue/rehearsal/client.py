"""A suite as a rehearsal sees it: by HTTP alone."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import requests

from piaojue_contracts import Event

T = TypeVar("T")

ANSWER_SECONDS: Final = 30.0
ARRIVAL_SECONDS: Final = 20.0
"""How long an event may take to be heard by another service, until we say that it did not."""
LIFETIME_HOURS: Final = 6
PAGE: Final = 500


class TokenFor(Protocol):
    """From a role, and where it matters whose, a person's id, to a token. Raises RehearsalFailed."""

    def __call__(self, role: str, person: str | None = None) -> str: ...


class RehearsalFailed(Exception):
    """The rehearsal cannot go on; the text says why, and what to do where that is known."""


class SuiteRefused(RehearsalFailed):
    """The suite refused a request: ``slug`` says which rule it breaks, as in its documentation."""

    def __init__(self, status: int, slug: str, detail: str, request: str) -> None:
        self.status = status
        self.slug = slug
        super().__init__(f"{detail or 'refused'} ({slug}, {status}, {request})")


class Suite:
    """Connections that are kept alive. ``own``: where each service answers, if not all of them at ``url``."""

    def __init__(self, url: str, token_for: TokenFor, own: Mapping[str, str] | None = None) -> None:
        self.url = url.rstrip("/")
        self._own = own or {}
        self._token_for = token_for
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy, and no other credentials than the token
        self._session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True

    def ask(
        self, method: str, path: str, body: Any = None, *, role: str | None = None, person: str | None = None
    ) -> Any:
        """The answer's content; None for an empty one. Raises SuiteRefused, RehearsalFailed."""
        answer = self._answer(method, path, role, person, json=body)
        try:
            return answer.json() if answer.content else None
        except ValueError:
            raise RehearsalFailed(f"{answer.url}: what answers there is not Piaojue") from None

    def fetch(self, method: str, path: str, body: Any = None, *, role: str | None = None) -> bytes:
        """As :meth:`ask`, of what is not JSON, or to be kept as it came."""
        return self._answer(method, path, role, json=body).content

    def send(self, path: str, octets: bytes, media_type: str, *, role: str) -> Any:
        """Posts a file."""
        return self._answer("POST", path, role, data=octets, headers={"Content-Type": media_type}).json()

    def check_token(self, role: str, person: str) -> None:
        """That a token for this person can be had. Raises RehearsalFailed."""
        self._token_for(role, person)

    def _answer(
        self, method: str, path: str, role: str | None, person: str | None = None, **sent: Any
    ) -> requests.Response:
        headers = dict(sent.pop("headers", {}))
        if role:
            headers["Authorization"] = f"Bearer {self._token_for(role, person)}"
        try:
            base = self._own.get(path.split("/")[1], self.url)
            answer = self._session.request(
                method,
                base + path,
                headers=headers,
                timeout=ANSWER_SECONDS,
                allow_redirects=False,
                **sent,
            )
        except requests.RequestException as error:
            raise RehearsalFailed(f"{base}: {_reason(error)}") from error
        _check(answer, f"{method} {path}")
        return answer

    def get(self, path: str, *, role: str | None = None, person: str | None = None) -> Any:
        return self.ask("GET", path, role=role, person=person)

    def post(self, path: str, body: Any = None, *, role: str | None = None, person: str | None = None) -> Any:
        return self.ask("POST", path, body, role=role, person=person)

    def put(self, path: str, body: Any = None, *, role: str | None = None) -> Any:
        return self.ask("PUT", path, body, role=role)

    def find(self, path: str, *, role: str | None = None) -> Any:
        """As :meth:`get`; None for what is not there."""
        try:
            return self.get(path, role=role)
        except SuiteRefused as refusal:
            if refusal.status != 404:
                raise
            return None

    def log(self, service: str) -> Iterator[Event]:
        """The whole log of a service's events, page by page."""
        after = 0
        while True:
            page = self.get(f"/{service}/events?after={after}&limit={PAGE}", role="clerk")
            events = [Event.from_json(each) for each in page["events"]]
            yield from events
            if not events or events[-1].sequence >= page["tip"]["sequence"]:
                return
            after = events[-1].sequence

    def close(self) -> None:
        self._session.close()


def _reason(error: requests.RequestException) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted; its CA can be named with REQUESTS_CA_BUNDLE=FILE"
    return "no answer in time" if isinstance(error, requests.Timeout) else "no suite answers there"


def until(what: str, question: Callable[[], T | None], within: float = ARRIVAL_SECONDS) -> T:
    """The first answer that is not None; asks more and more rarely. RehearsalFailed: none in time."""
    end, pause = time.monotonic() + within, 0.01
    while (answer := question()) is None:
        if time.monotonic() >= end:
            raise RehearsalFailed(f"{what}: not within {within:g} s")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.25)
    return answer


def profiles_of(suite: Suite) -> dict[str, Any]:
    """The rule profiles of a suite, by name. Raises RehearsalFailed."""
    from ballots.domain import Profile

    shown = suite.get("/ballots/profiles")["profiles"]
    plain = ({key: each for key, each in profile.items() if key != "hash"} for profile in shown)
    return {profile["name"]: Profile.restored(profile) for profile in plain}


def _check(answer: requests.Response, request: str) -> None:
    if answer.ok:
        return
    try:
        content = answer.json()
    except ValueError:
        content = None
    told = content if isinstance(content, dict) else {}
    raise SuiteRefused(answer.status_code, told.get("slug", "no-reason"), told.get("detail", ""), request)


def one_token(token: str) -> TokenFor:
    """One token for all that is done."""

    def token_for(role: str, person: str | None = None) -> str:
        if person is not None:
            raise RehearsalFailed(
                f"{person} acts as {role} with a token of their own, and one token is one person: give the "
                "suite's key (--key FILE) instead of --token."
            )
        return token

    return token_for


def tokens_of(key_file: Path, issuer: str = "piaojue", audience: str = "piaojue") -> TokenFor:
    """Tokens for each role, signed with the key of a suite. Raises RehearsalFailed."""
    from datetime import timedelta

    from chassis.auth import EVERY_BODY, issue_token, load_key

    try:
        key = load_key(key_file)
    except (OSError, ValueError, TypeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not a signing key"
        raise RehearsalFailed(f"{key_file}: {reason}") from error
    made: dict[tuple[str, str | None], str] = {}

    def token_for(role: str, person: str | None = None) -> str:
        if (role, person) not in made:
            made[role, person] = issue_token(
                key,
                issuer=issuer,
                audience=audience,
                subject=person or f"rehearsal-{role}",
                roles=[role],
                bodies=[EVERY_BODY],
                lifetime=timedelta(hours=LIFETIME_HOURS),
            )
        return made[role, person]

    return token_for
