"""Every operation of every OpenAPI document, called in right and wrong ways by everybody, does what the
document says: no fault of ours, no status or content that is not documented, nothing for who may not.

``FUZZ_EXAMPLES`` and ``FUZZ_SEED`` in the environment make it longer, and another one: ``make fuzz``.
"""

import os
from functools import cache

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeding
from hypothesis import strategies as st

from tests.hostile.callers import CALLERS, refusal_of
from tests.hostile.cases import CHECKS, WITHOUT_PDF, cases, operations
from tests.hostile.seeded import PROPOSER, SUBJECTS, seed
from tests.support.region import SERVICES
from tests.support.running import running

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "20"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
OF_CALLERS = ("token-missing", "token-wrong-algorithm", "role-not-allowed", "body-not-allowed")
SHARING = 8
"""Operations that write to one body, before the next has a new one."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def region():
    with running(*SERVICES) as made:
        made.session = requests.Session()
        made.session.trust_env = False
        yield made


@pytest.fixture(scope="module")
def bodies(region):
    """Seeded ones, made when they are asked for."""

    @cache
    def body(name):
        return seed(region, name)

    return body


@pytest.fixture(params=operations(), ids=str)
def operation(request):
    return request.param


@pytest.fixture
def seeded(bodies, operation):
    """One for all operations that change nothing, and always new ones for those that write."""
    if not operation.writes:
        return bodies("shared")
    return bodies(f"b{operations().index(operation) // SHARING}")


def bounded(examples):
    """So many examples, always the same ones; none is made smaller when it fails, since it changed things."""

    def decorate(test):
        bounds = settings(
            max_examples=examples,
            phases=[Phase.generate],
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        return seeding(SEED)(bounds(test))

    return decorate


def sent(region, case, caller, subject="1"):
    """The answer to a call by somebody."""
    fields = caller.authorization(region, subject)
    address = f"http://127.0.0.1:{region.port}"
    return case.call(base_url=address, session=region.session, headers=fields, timeout=60)


def judge(case, answer, seeded):
    """As the document says, and nothing that is secret is in it."""
    if answer.status_code != 503 or answer.json()["slug"] not in WITHOUT_PDF:
        case.validate_response(answer, checks=CHECKS)
    shown = answer.content.decode(errors="replace")
    assert not any(code in shown for code in seeded.codes), "a code is shown again"
    return shown


def test_an_operation_answers_as_its_document_says(region, operation, seeded):
    may = [each for each in CALLERS if refusal_of(operation.said, each, operation.has_body) is None]

    @bounded(EXAMPLES // 5 if operation.typesets else EXAMPLES)
    @given(cases(operation, seeded), st.sampled_from(may), st.sampled_from(SUBJECTS))
    def ask(case, caller, subject):
        answer = sent(region, case, caller, subject)
        shown = judge(case, answer, seeded)
        assert answer.status_code < 400 or answer.json()["slug"] not in OF_CALLERS
        assert caller.role == "clerk" or PROPOSER["name"] not in shown

    ask()


def test_an_operation_is_refused_to_who_may_not_call_it(region, operation, bodies):
    """However the call is made; the same refusal whether there is what it asks for or not."""
    may_not = [each for each in CALLERS if refusal_of(operation.said, each, operation.has_body) is not None]
    if not may_not:
        assert operation.said["x-who"] in ("public", "internal")
        return

    shared = bodies("shared")

    @bounded(EXAMPLES // 2)
    @given(cases(operation, shared), st.sampled_from(may_not))
    def ask(case, caller):
        answer = sent(region, case, caller)
        judge(case, answer, shared)
        refusal = answer.status_code, answer.json()["slug"]
        strange = any(value not in shared.paths[name] for name, value in case.path_parameters.items())
        if not (strange and refusal == (404, "route-not-found")):
            assert refusal == refusal_of(operation.said, caller, operation.has_body)

    ask()


def test_all_is_well_after_all_of_it(region):
    """Nothing was logged as a fault, and each service answers."""
    assert "request_failed" not in region.log()
    for service in SERVICES:
        assert region.call("GET", f"/{service}/health/ready").status == 200
