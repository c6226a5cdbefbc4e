"""Whether Twilio would take a message, in the order in which Twilio looks."""

import re
import time
from dataclasses import dataclass
from datetime import datetime

from multidict import MultiMapping

from sms.sandbox import countries, places
from sms.sandbox.problems import Problem
from sms.sandbox.things import Account, Service
from sms.sandbox.world import World

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
SHORT_CODE = re.compile(r"[0-9]{3,8}")
SENDER_ID = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")
LONGEST_BODY = 1600
MOST_MEDIA = 10
TRIAL_PREFIX = "Sent from your Twilio trial account - "

# Phones that are refused at once, by their last four digits.
REFUSED = {"0009": 21211, "0010": 21612, "0011": 21408, "0012": 20429}


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that passed every check."""

    to: str
    sender: str
    service: Service | None
    body: str
    media_urls: list[str]
    status_callback: str
    validity_period: int
    send_at: float | None


def draft(world: World, account: Account, form: MultiMapping[str]) -> Draft:
    """Return what to send, or raise what Twilio would say."""
    if account.status != "active":
        raise Problem(20005)
    to, sender = form.get("To", ""), form.get("From", "")
    service = _service(world, account, form.get("MessagingServiceSid", ""))
    _check_recipient(to, sender, service)
    if to[-4:] in REFUSED and world.number_of(to) is None:
        raise Problem(REFUSED[to[-4:]], to)
    _check_sender(world, account, sender, service, to)
    body, media_urls = _content(form)
    callback = form.get("StatusCallback", "")
    if callback and not places.is_url(callback):
        raise Problem(21609, callback)
    _check_media(world, sender, media_urls)
    _check_pair(world, account, to, sender, service)
    return Draft(
        to=to,
        sender=sender,
        service=service,
        body=TRIAL_PREFIX + body if account.type == "Trial" else body,
        media_urls=media_urls,
        status_callback=callback,
        validity_period=_validity(form.get("ValidityPeriod", "36000")),
        send_at=_send_at(form, service),
    )


def _service(world: World, account: Account, sid: str) -> Service | None:
    if not sid:
        return None
    service = world.services.get(sid)
    if service is None or service.account_sid != account.sid:
        raise Problem(21701, sid)
    if not service.numbers:
        raise Problem(21704)
    return service


def _check_recipient(to: str, sender: str, service: Service | None) -> None:
    if not to:
        raise Problem(21604)
    if not sender and service is None:
        raise Problem(21603)
    if SHORT_CODE.fullmatch(to):
        raise Problem(21265, to)
    if not E164.fullmatch(to):
        raise Problem(21211, to)
    if to == sender:
        raise Problem(21266, to)


def _check_sender(world: World, account: Account, sender: str, service: Service | None, to: str) -> None:
    if not sender:
        return
    if service is not None and sender not in service.numbers:
        raise Problem(21711, sender)
    if E164.fullmatch(sender) or SHORT_CODE.fullmatch(sender):
        _check_owned(world, account, sender)
    elif not SENDER_ID.fullmatch(sender):
        raise Problem(21212, sender)
    elif account.type == "Trial":
        raise Problem(21267)
    elif to.startswith("+1"):
        raise Problem(21612, to)


def _check_owned(world: World, account: Account, sender: str) -> None:
    number = world.number_of(sender)
    if number is not None and number.account_sid != account.sid:
        raise Problem(21660, sender)
    if number is None or not number.sms:
        raise Problem(21606, sender)


def _content(form: MultiMapping[str]) -> tuple[str, list[str]]:
    body, media_urls = form.get("Body"), [url for url in form.getall("MediaUrl", []) if url]
    if body is None and not media_urls:
        raise Problem(21619)
    if not body and not media_urls:
        raise Problem(21602)
    if len(body or "") > LONGEST_BODY:
        raise Problem(21617)
    return body or "", media_urls


def _check_media(world: World, sender: str, media_urls: list[str]) -> None:
    if len(media_urls) > MOST_MEDIA:
        raise Problem(21623)
    if bad := [url for url in media_urls if not places.is_url(url)]:
        raise Problem(21620, ", ".join(bad))
    number = world.number_of(sender)
    if media_urls and number is not None and not number.mms:
        raise Problem(21621, sender)


def _check_pair(world: World, account: Account, to: str, sender: str, service: Service | None) -> None:
    if (account.sid, service.sid if service else sender, to) in world.opt_outs:
        raise Problem(21610)
    if not countries.is_enabled(countries.of(to), world.accounts[account.parent_sid].countries):
        raise Problem(21408, to)
    if account.type == "Trial" and to not in account.verified:
        raise Problem(21608, to)


def _validity(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 36000:
        raise Problem(21624, text)
    return int(text)


def _send_at(form: MultiMapping[str], service: Service | None) -> float | None:
    if form.get("ScheduleType") != "fixed":
        return None
    if service is None:
        raise Problem(35118)
    try:
        moment = datetime.fromisoformat(form.get("SendAt", "")).timestamp()
    except ValueError:
        raise Problem(35114) from None
    if not 900 <= moment - time.time() <= 35 * 86400:
        raise Problem(35114)
    return moment
