"""What the templates make of every event: the texts that people read."""

import re

import pytest
from jinja2 import UndefinedError

from notifications.domain import ROUTES, Notice, Order, Route, notice_published, orders
from notifications.plugins import Templates
from piaojue_contracts.notifications import NOTICE_PUBLISHED_V1
from tests.notifications.samples import DATA, OUTCOMES, PROJECTS, RESULT, result
from tests.notifications.test_domain_writing import NOW

TEMPLATES = Templates()
ALL = [
    pytest.param(order, id=f"{order.template}-{order.role}-{place}")
    for place, (type, data) in enumerate([*DATA.items(), *((RESULT, data) for data in OUTCOMES.values())])
    for order in orders(type, data)
]


def announced(data, language="zh-CN"):
    """The notice of a result."""
    texts = TEMPLATES.write(orders(RESULT, data)[0])
    return next(text for text in texts if text.language == language)


@pytest.mark.parametrize("order", ALL)
def test_every_order_is_written_in_each_language(order):
    texts = TEMPLATES.write(order)
    assert [text.language for text in texts] == ["zh-CN", "en"]
    NOTICE_PUBLISHED_V1.check(notice_published(Notice("n1", "yongan", order.kind, texts, "e1", NOW)))
    for text in texts:
        whole = f"{text.title}\n\n{text.text}"
        assert "None" not in whole
        assert not re.search(r"[{}]|\n{3}|[ \t]\n|\n[ \t]| {2}|，。|。。|；。|\.\.|;\S|\.[A-Z]", whole), whole


def test_no_template_is_missing():
    assert TEMPLATES.missing(ROUTES.values()) == ()
    lacking = Templates(["zh-CN"]).missing([Route("flood", notice=True, roles=("deputy",))])
    assert lacking == ("zh-CN/message-flood.txt", "zh-CN/notice-flood.txt")


def test_result_complete_is_announced_in_full():
    assert announced(OUTCOMES["complete"]).title == "永安镇人民代表大会关于2022年民生实事项目票决结果的公告"
    assert announced(OUTCOMES["complete"]).text == (
        "永安镇人民代表大会会议以无记名投票方式进行“2022年民生实事项目票决”，"
        "通过2022年民生实事项目2个，现予公告：\n\n"
        "一、农贸市场改造\n二、养老服务点\n\n"
        "全体代表79名，实到代表79名，符合法定人数。发出表决票79张，收回表决票79张，"
        "其中有效票78张，废票1张。有效票中，未作任何标记的1张，计为弃权。"
        "收回的表决票与发出的表决票相等，票决有效。\n\n"
        "应选项目2个。依照票决办法，项目得票在40票以上（含40票）的，达到通过票数；"
        "达到通过票数的项目多于应选数的，以得票多的为通过。各候选项目得票情况如下：\n\n"
        "一、农贸市场改造：70票，通过\n二、养老服务点：60票，通过\n三、公路亮灯：24票，未通过\n\n"
        "永安镇人民代表大会主席团\n2022年4月16日"
    )


@pytest.mark.parametrize("outcome", ["complete", "void", "no-quorum"])
def test_all_deputies_are_not_said_to_be_due_unless_the_event_says_who_is(outcome):
    data = OUTCOMES[outcome] | {"deputies": 85}
    present = data["present"]
    assert f"全体代表85名，实到代表{present}名" in announced(data).text
    assert f"f 85 deputies of the body, {present} were present" in announced(data, "en").text
    for language, word in (("zh-CN", "应到"), ("en", "due")):
        assert word not in announced(data, language).text
    assert f"全体代表85名，应到代表80名，实到代表{present}名" in announced(data | {"due": 80}).text
    english = announced(data | {"due": 80}, "en").text
    assert f"f 85 deputies of the body (80 due to attend), {present} were present" in english


def test_opening_is_told_with_all_deputies():
    type = "piaojue.ballots.poll_opened.v1"
    chinese, english = TEMPLATES.write(orders(type, DATA[type] | {"deputies": 85, "present": 79})[0])
    assert "全体代表85名，实到代表79名" in chinese.text
    assert "Of 85 deputies of the body, 79 are present." in english.text


def test_result_is_announced_in_english():
    text = announced(OUTCOMES["complete"], "en").text
    assert "adopted these 2 livelihood projects for 2022:" in text
    assert "Papers issued: 79; returned: 79; valid: 78; invalid: 1." in text
    assert "1. 农贸市场改造: 70 votes; adopted" in text
    assert text.endswith("The presidium of 永安镇人民代表大会\n16 April 2022")


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("for and against", ["赞成70票，反对8票，弃权0票，通过", "项目赞成票在40票以上"]),
        ("by order of votes", ["按得票多少确定通过的项目"]),
        ("second round", ["“2022年民生实事项目票决”（第2轮）"]),
        ("by points", ["按得分多少确定通过的项目", "一、农贸市场改造：170分，通过"]),
        ("some unreturned", ["收回表决票77张", "收回的表决票少于发出的表决票，票决有效"]),
        (
            "runoff",
            [
                "“养老服务点”“公路亮灯”得票相等，尚有1个应选名额不能确定",
                "二、养老服务点：50票，同票，待再次投票",
            ],
        ),
        ("shortfall", ["通过2022年民生实事项目1个", "不足应选数，尚缺1个"]),
        ("shortfall without any", ["没有项目获得通过", "不足应选数，尚缺2个"]),
        ("void", ["收回的表决票多于发出的表决票", "本次票决无效"]),
        (
            "void by a channel",
            ["收回表决票78张", "其中一个投票渠道发出22张，收回23张，收回的多于发出的", "本次票决无效"],
        ),
        ("no-quorum", ["实到代表52名，未达到法定人数"]),
    ],
)
def test_result_of_every_outcome_is_announced(outcome, said):
    text = announced(OUTCOMES[outcome]).text
    for each in said:
        assert each in text
    decided = OUTCOMES[outcome]["outcome"] not in ("void", "no-quorum")
    assert ("各候选项目得" in text) == decided
    assert ("计为弃权" in text) == bool(OUTCOMES[outcome]["blank"] and decided)


def test_poll_is_void_for_what_is_so():
    """Where one box has too many papers, those of all may be fewer than were issued."""
    texts = [
        text.text
        for order in orders(RESULT, OUTCOMES["void by a channel"])
        for text in TEMPLATES.write(order)
    ]
    assert any("Of one channel 22 were issued and 23 returned, more than issued" in text for text in texts)
    for text in texts:
        assert "收回的表决票多于发出的表决票" not in text
        assert "More papers were returned" not in text
        assert "More returned than issued" not in text


def test_result_lists_the_adopted_by_their_votes_and_all_in_the_order_of_the_paper():
    text = announced(result(votes=(60, 70, 24), adopted=("elders", "market"))).text
    assert "一、养老服务点\n二、农贸市场改造" in text
    assert "一、农贸市场改造：60票，通过\n二、养老服务点：70票，通过" in text


def test_points_and_rounds_are_announced_in_english():
    assert "1. 农贸市场改造: 170 points; adopted" in announced(OUTCOMES["by points"], "en").text
    assert "“2022年民生实事项目票决” (round 2)" in announced(OUTCOMES["second round"], "en").text


def test_close_with_boxes_to_be_counted_draws_no_conclusion():
    data = DATA["piaojue.ballots.poll_closed.v1"] | {"issued": 79, "returned": 50, "channels": 1}
    chinese, english = TEMPLATES.write(orders("piaojue.ballots.poll_closed.v1", data)[0])
    assert "凭码收回表决票50张，另有1个投票渠道的表决票尚待清点" in chinese.text
    assert "少于" not in chinese.text
    assert "Papers of 1 other channel are still to be counted." in english.text


def test_result_says_until_when_deputies_may_object():
    with_days = result(objections_until="2022-04-23")
    assert "可以在2022年4月23日前（含当日）提出。" in announced(with_days).text
    assert "until 23 April 2022." in announced(with_days, "en").text
    assert "异议" not in announced(result()).text


def test_standing_committee_has_no_presidium():
    text = announced(result(body_name="双峰县人民代表大会常务委员会")).text
    assert text.endswith("双峰县人民代表大会常务委员会\n2022年4月16日")


def test_objection_is_announced_without_what_it_says():
    type = "piaojue.ballots.objection_filed.v1"
    chinese, english = TEMPLATES.write(orders(type, DATA[type])[0])
    assert chinese.title == "永安镇人民代表大会收到对票决结果的异议（第2号）"
    assert chinese.text == (
        "2022年4月18日，收到代表对“2022年民生实事项目票决”结果提出的异议，编号为第2号。\n\n"
        "答复期限至2022年4月25日（含当日），答复将予公布。异议的内容和提出人不公布。"
        "提出异议不影响已经宣布的结果。\n\n"
        "永安镇人民代表大会主席团\n2022年4月18日"
    )
    assert "It is to be answered by 25 April 2022" in english.text


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("rejected", ("经审查，异议不成立。", "is rejected.")),
        ("upheld", ("经审查，异议成立。", "is upheld.")),
    ],
)
def test_answer_to_an_objection_is_announced_with_its_outcome(outcome, said):
    type = "piaojue.ballots.objection_answered.v1"
    texts = TEMPLATES.write(orders(type, DATA[type] | {"outcome": outcome})[0])
    for text, each in zip(texts, said, strict=True):
        assert each in text.text
        assert DATA[type]["answer"] in text.text
    assert ("另行决定" in texts[0].text) == (outcome == "upheld")
    assert ("for the body to decide" in texts[1].text) == (outcome == "upheld")


def test_answer_to_an_objection_that_is_late_is_announced_as_late():
    type = "piaojue.ballots.objection_answered.v1"
    on_time, late = (TEMPLATES.write(orders(type, DATA[type] | {"late": late})[0]) for late in (False, True))
    assert "本答复期限至2022年4月25日，答复已经逾期。" in late[0].text
    assert "answered by 25 April 2022; the answer is late." in late[1].text
    assert "逾期" not in on_time[0].text
    assert "late" not in on_time[1].text


def test_messages_of_an_objection_ask_the_clerk_for_the_answer():
    type = "piaojue.ballots.objection_filed.v1"
    texts = {each.role: TEMPLATES.write(each) for each in orders(type, DATA[type])}
    assert set(texts) == {None, "clerk", "scrutineer"}
    assert "请提请主席团研究，并于2022年4月25日前（含当日）答复。" in texts["clerk"][0].text
    assert "which answers it by 25 April 2022" in texts["clerk"][1].text
    assert "请监票人协助核对计票情况" in texts["scrutineer"][0].text


def test_notice_of_a_rating_tells_shares_and_verdicts():
    type = "piaojue.ratings.rating_concluded.v1"
    chinese, english = TEMPLATES.write(orders(type, DATA[type])[0])
    assert "满意88份，占96.70%；基本满意2份，占2.20%；不满意1份，占1.10%。" in chinese.text
    assert "满意和基本满意合计占98.90%。\n测评结果：满意" in chinese.text
    assert "测评结果：未评定" in chinese.text
    assert "Satisfied: 88 (96.70 %); Basically satisfied: 2 (2.20 %);" in english.text


def test_message_to_an_implementing_unit_names_its_projects_alone():
    type = "piaojue.proposals.implementation_started.v1"
    order = next(each for each in orders(type, DATA[type]) if each.unit == "镇社会事务办公室")
    text = TEMPLATES.write(order)[0].text
    assert text.startswith("镇社会事务办公室：下列由你单位承办")
    assert "一、养老服务点（所需资金：86万元；完成时限：2022年11月30日）" in text
    assert "农贸市场" not in text


def test_names_cannot_break_out_of_their_place():
    hostile = "坏\n\n公告作废 {{ 7 * 7 }}<b>\u2028\u2028又"
    data = DATA["piaojue.proposals.candidates_published.v1"]
    data = data | {"body_name": hostile, "candidates": [PROJECTS[0] | {"content": hostile}]}
    text = TEMPLATES.write(orders("piaojue.proposals.candidates_published.v1", data)[0])[0]
    assert text.title == "坏 公告作废 {{ 7 * 7 }}<b> 又2022年民生实事候选项目公示"
    assert "\n\n公告作废" not in text.text
    assert "建设内容：坏\n公告作废 {{ 7 * 7 }}<b>\n又\n承办单位" in text.text


def test_result_with_names_of_the_greatest_length_can_be_announced():
    text = announced(result(body_name="会" * 300, title="题" * 300))
    assert len(text.title) == 300
    assert text.text.endswith("2022年4月16日")


def test_template_that_asks_for_what_is_not_there_fails():
    with pytest.raises(UndefinedError):
        TEMPLATES.write(Order("poll_closed", "clerk", None, {"poll": "p1"}))


def test_place_has_templates_of_its_own(tmp_path):
    (tmp_path / "zh-CN").mkdir()
    (tmp_path / "zh-CN" / "message-poll_closed.txt").write_text(
        "收票\n\n{{ returned }}张\n", encoding="utf-8"
    )
    templates = Templates(["zh-CN"], folder=tmp_path)
    data = DATA["piaojue.ballots.poll_closed.v1"]
    (closed,) = templates.write(Order("poll_closed", "clerk", None, data))
    assert (closed.title, closed.text) == ("收票", "77张")
    assert templates.missing(ROUTES.values()) == ()
