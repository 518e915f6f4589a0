"""What the tests of proposals are about: Yong'an, a town with three candidate projects."""

from datetime import UTC, datetime, timedelta

from piaojue_contracts import golden_messages
from piaojue_contracts.ballots import RESULT_DECLARED_V1
from proposals.domain import CandidateList, Project, Proposer, Result, Suggestion

NOW = datetime(2022, 4, 1, 2, 30, tzinfo=UTC)
LATER = NOW + timedelta(days=15)


def project(id="water", **changes):
    fields = {
        "title": f"项目{id}",
        "content": "新建供水管网12公里。\n惠及6个村。",
        "implementing_unit": "镇自然资源和生态环境办公室",
        "budget": "1200000.00",
        "fund_source": "镇财政",
        "finish_by": "2022-10-31",
    }
    return Project.proposed(id=id, **(fields | changes))


def drafted(*ids, **changes):
    fields = {"body": "yongan", "body_name": "永安镇人民代表大会", "year": 2022}
    return CandidateList.drafted(projects=[project(id) for id in ids], **(fields | changes))


def published(*ids):
    return drafted(*(ids or ("water", "roads", "park"))).publish(NOW)


def result(poll="p1", outcome="complete", on_paper=("water", "roads", "park"), **changes):
    fields = {
        "body": "yongan",
        "year": 2022,
        "poll": poll,
        "outcome": outcome,
        "projects": [{"project": id, "title": "题", "adopted": False, "votes": 1} for id in on_paper],
        "adopted": [],
        "tied": [],
        "declared_at": "2022-04-16T02:30:00.000000Z",
        "title": "什么都可以",
    }
    return Result.read(fields | changes)


def suggestion(**changes):
    fields = {
        "id": "s1",
        "body": "yongan",
        "year": 2022,
        "title": "改善饮水",
        "content": "村里夏天经常停水。",
        "source": "residents",
        "now": NOW,
        "proposer": Proposer("王某某", "13800000000"),
    }
    return Suggestion.received(**(fields | changes))


def sent(**changes):
    """A suggestion as it comes by HTTP."""
    fields = {
        "year": 2022,
        "title": "改善饮水",
        "content": "村里夏天经常停水。",
        "source": "residents",
        "proposer": {"name": "王某某", "contact": "13800000000"},
    }
    return fields | changes


def listed(*ids, **changes):
    """A list or record of these projects as it comes by HTTP."""
    projects = [project(id).as_json() for id in ids]
    return {"body_name": "永安镇人民代表大会", "projects": projects} | changes


def declared(*adopted, on_paper=("water", "roads", "park"), **changes):
    """The data of ``result_declared``, as ballots tells it."""
    golden = next(event.data for event_type, event in golden_messages() if event_type == RESULT_DECLARED_V1)
    entry = golden["projects"][0]
    projects = [entry | {"project": id, "adopted": id in adopted} for id in on_paper]
    return golden | {"poll": "p1", "projects": projects, "adopted": list(adopted), "tied": []} | changes
