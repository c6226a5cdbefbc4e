"""Every way in which a number can stand at Twilio, and what it means for its texts."""

import pytest

from sms.pointing import judging
from sms.pointing.judging import Ours, Pointing, Service, Stands, Verdict

TAIL = "#ct=2000&rc=3"
OURS = Ours(
    bases=("https://portal.example",),
    keys=("livekey",),
    retiring=("oldkey",),
    tail=TAIL,
)
URL = "https://portal.example/webhooks/twilio/livekey/message"
APPLICATION, TRUNK = "AP" + "1" * 32, "TK" + "2" * 32


def service(url: str = "", method: str = "POST", *, to_number: bool = False) -> Service:
    return Service("Shop", url, method, to_number)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (Stands(URL + TAIL, "POST"), Pointing(Verdict.HERE)),
        (Stands(URL + TAIL), Pointing(Verdict.HERE)),
        (Stands(URL.replace("portal.example", "PORTAL.example:443") + TAIL, "POST"), Pointing(Verdict.HERE)),
        (Stands(URL, "POST"), Pointing(Verdict.HERE_WITHOUT_RETRIES)),
        (Stands(URL + "#rc=1", "POST"), Pointing(Verdict.HERE_WITHOUT_RETRIES)),
        (Stands(URL + TAIL, "GET"), Pointing(Verdict.WRONG_METHOD, "GET")),
        (Stands(URL.replace("livekey", "oldkey") + TAIL, "POST"), Pointing(Verdict.FORMER_KEY)),
        (Stands(URL.replace("portal", "old"), "POST"), Pointing(Verdict.FORMER_ADDRESS, "https://old.example")),
        (Stands(URL.replace("portal", "else"), "POST"), Pointing(Verdict.FORMER_ADDRESS, "https://else.example")),
        (
            Stands(URL.replace("livekey", "other")),
            Pointing(Verdict.ELSEWHERE, "https://portal.example/webhooks/twilio/…"),
        ),
        (
            Stands(URL.replace("message", "status")),
            Pointing(Verdict.ELSEWHERE, "https://portal.example/webhooks/twilio/…"),
        ),
        (Stands("https://a:b@crm.example/in?t=1"), Pointing(Verdict.ELSEWHERE, "https://crm.example/in?…")),
        (Stands("https://[broken"), Pointing(Verdict.ELSEWHERE, "…")),
        (Stands(), Pointing(Verdict.NOT_SET)),
        (Stands(trunk_sid=TRUNK), Pointing(Verdict.TRUNK_ONLY, TRUNK)),
        (Stands(URL + TAIL, trunk_sid=TRUNK), Pointing(Verdict.HERE)),
        (Stands(URL + TAIL, application_sid=APPLICATION), Pointing(Verdict.APPLICATION, APPLICATION)),
        (Stands(URL + TAIL, service=service()), Pointing(Verdict.SERVICE_DROPS, "", "Shop")),
        (
            Stands(URL + TAIL, service=service("https://crm.example/in")),
            Pointing(Verdict.SERVICE, "https://crm.example/in", "Shop"),
        ),
        (
            Stands(service=service(URL + TAIL), application_sid=APPLICATION),
            Pointing(Verdict.HERE_BY_SERVICE, "", "Shop"),
        ),
        (Stands(service=service(URL)), Pointing(Verdict.HERE_WITHOUT_RETRIES, "", "Shop")),
        (Stands(service=service(URL, "GET")), Pointing(Verdict.WRONG_METHOD, "GET", "Shop")),
        (
            Stands(service=service(URL.replace("portal", "old"))),
            Pointing(Verdict.FORMER_ADDRESS, "https://old.example", "Shop"),
        ),
        (Stands(URL + TAIL, service=service(to_number=True)), Pointing(Verdict.HERE)),
        (Stands(service=service(URL, to_number=True)), Pointing(Verdict.NOT_SET)),
    ],
)
def test_where_texts_go(number: Stands, expected: Pointing) -> None:
    assert judging.judge(number, OURS) == expected


def test_a_service_that_leaves_it_to_its_numbers_points_nowhere_itself() -> None:
    assert judging.judge_service(service(to_number=True), OURS) == Pointing(Verdict.NOT_SET, service="Shop")


def test_healthy_arrives_and_the_rest_are_told_apart() -> None:
    healthy = {verdict for verdict in Verdict if verdict.is_healthy}
    arrives = {verdict for verdict in Verdict if verdict.arrives}
    assert healthy == {Verdict.HERE, Verdict.HERE_WITHOUT_RETRIES, Verdict.HERE_BY_SERVICE}
    assert arrives - healthy == {Verdict.FORMER_KEY, Verdict.FORMER_ADDRESS, Verdict.WRONG_METHOD}


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("https://Portal.Example:443/", "https://portal.example"),
        ("http://portal.example:80/sms/", "http://portal.example/sms"),
        ("https://portal.example:8443", "https://portal.example:8443"),
        ("portal", "portal"),
    ],
)
def test_a_base_address_has_one_form(base: str, expected: str) -> None:
    assert judging.plain(base) == expected
