"""The demo's e-mail events and event attendance.

Belongs here: newsletters and what becomes of them, badge scans and webinars. Does not belong here: visits
to the site (`web.py`).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from orchestration.demo.draws import Draws
from orchestration.demo.people import FAIR, FAIRS, People
from orchestration.demo.timeline import END, HOUR, utc
from orchestration.demo.writer import Writer, stamps, texts

WEBINARS = [
    ("Webinaire : planifier sans tableur", "WB-01", utc(2025, 2, 6, 10)),
    ("Webinaire : prévoir la charge", "WB-02", utc(2025, 4, 10, 9)),
    ("Webinar: staffing with AI", "WB-03", utc(2025, 6, 12, 13)),
    ("Webinaire : retour d'expérience", "WB-04", utc(2025, 10, 9, 9)),
    ("Webinaire : feuille de route 2026", "WB-05", utc(2025, 12, 4, 10)),
]
MAILINGS = [
    (f"newsletter_2025_{month:02d}", f"NL-{month:02d}", utc(2025, month, day, 8, 30))
    for month, day in enumerate((14, 11, 11, 8, 13, 10, 8, 26, 9, 14, 12, 9), start=1)
] + [
    ("produit_integrations", "PR-01", utc(2025, 3, 27, 9)),
    ("invitation_salon", "PR-02", utc(2025, 9, 2, 9)),
    ("produit_ia", "PR-03", utc(2025, 10, 28, 9)),
]
_EVENT_TYPES = [
    "sent",
    "delivered",
    "open",
    "proxy_open",
    "click",
    "bot_click",
    "bounce",
    "complaint",
    "unsubscribe",
]
_SENT, _DELIVERED, _OPEN, _PROXY, CLICK, BOT, _BOUNCE, _COMPLAINT, _UNSUBSCRIBE = range(9)
_RESENT = 60


def plan_emails(draws: Draws, people: People) -> dict[str, np.ndarray]:
    """E-mail events: arrays person, mailing (position in MAILINGS), type, at."""
    count = len(people)
    parts: dict[str, list[np.ndarray]] = {"person": [], "mailing": [], "type": [], "at": []}
    reachable = np.ones(count, dtype=bool)
    reads = draws.uniform(count)
    for mailing, (_, _, begin) in enumerate(MAILINGS):
        chosen = np.flatnonzero(reachable & (people.known_at < begin - 2 * HOUR) & draws.chance(count, 0.4))
        size = len(chosen)
        sent = begin + draws.whole(size, 0, 1800)
        bounced = draws.chance(size, 0.02)
        delivered = sent + draws.whole(size, 1, 40)
        opens = ~bounced & (draws.uniform(size) < 0.12 + 0.5 * reads[chosen])
        proxied = opens & draws.chance(size, 0.3)
        opened = delivered + 60 + np.round(draws.lognormal(size, 3 * HOUR, 1.2)).astype(np.int64)
        clicks = opens & draws.chance(size, 0.22)
        clicked = opened + draws.whole(size, 10, 240)
        bot = ~bounced & draws.chance(size, 0.03)
        leaves = clicks & draws.chance(size, 0.05)
        complains = opens & ~clicks & draws.chance(size, 0.004)
        for code, mask, at in (
            (_SENT, np.ones(size, dtype=bool), sent),
            (_DELIVERED, ~bounced, delivered),
            (_BOUNCE, bounced, delivered),
            (BOT, bot, delivered + draws.whole(size, 2, 9)),
            (_OPEN, opens & ~proxied, opened),
            (_PROXY, proxied, delivered + draws.whole(size, 5, 120)),
            (CLICK, clicks, clicked),
            (_UNSUBSCRIBE, leaves, clicked + 45),
            (_COMPLAINT, complains, opened + 90),
        ):
            kept = mask & (at < END - HOUR)
            parts["person"].append(chosen[kept])
            parts["mailing"].append(np.full(int(kept.sum()), mailing))
            parts["type"].append(np.full(int(kept.sum()), code))
            parts["at"].append(at[kept])
        reachable[chosen[bounced | leaves | complains]] = False
    return {name: np.concatenate(values) for name, values in parts.items()}


def write_emails(writer: Writer, people: People, emails: dict[str, np.ndarray], block: int) -> None:
    """Write a block's e-mail events; in the first block some rows come in a second file too."""
    order = np.lexsort((emails["type"], emails["person"], emails["at"]))
    events = pa.table(
        {
            "number": np.arange(len(order)),
            "type": texts(emails["type"][order], list(_EVENT_TYPES)),
            "happened_at": stamps(emails["at"][order]),
            "email": people.email.take(pa.array(emails["person"][order])),
            "campaign_id": texts(emails["mailing"][order], [code for _, code, _ in MAILINGS]),
            "campaign_name": texts(emails["mailing"][order], [name for name, *_ in MAILINGS]),
        }
    )
    sql = f"""select
            'e{block}-' || printf('%07d', number) as event_id,
            type as event_type,
            happened_at as occurred_at,
            email,
            campaign_id,
            campaign_name,
            case when type in ('click', 'bot_click')
                then 'https://www.lumiane.example/ressources/' || campaign_name end as url
        from rows"""
    if block == 0:
        # The mail platform sent one batch of rows twice.
        resent = f"{sql} order by number limit {_RESENT}"
        writer.write("email", "events", resent, batch="2025-02-01_resent", once=True, rows=events)
    writer.write("email", "events", sql, block=block, batch="2026-01-01", rows=events)


def plan_attendance(draws: Draws, people: People) -> dict[str, np.ndarray]:
    """Badge scans at fairs, and webinars watched by people who were known by then."""
    visitors = np.flatnonzero(people.kind == FAIR)
    parts = {"person": [visitors], "event": [people.fair[visitors]], "at": [people.attended_at[visitors]]}
    for number, (_, _, begin) in enumerate(WEBINARS):
        chosen = np.flatnonzero((people.known_at < begin - HOUR) & draws.chance(len(people), 0.035))
        parts["person"].append(chosen)
        parts["event"].append(np.full(len(chosen), len(FAIRS) + number))
        parts["at"].append(begin + draws.whole(len(chosen), 0, 900))
    return {name: np.concatenate(values) for name, values in parts.items()}


def write_attendance(
    writer: Writer, draws: Draws, people: People, attendance: dict[str, np.ndarray], block: int
) -> None:
    """Write a block's attendance, some addresses spelled as people wrote them at the fair."""
    order = np.lexsort((attendance["person"], attendance["at"]))
    person, event = attendance["person"][order], attendance["event"][order]
    spelling = np.where(draws.chance(len(order), 0.15), people.crm_spelling[person], 0)
    writer.write(
        "events",
        "attendance",
        f"""select 't{block}-' || printf('%06d', number) as id, spelled(email, spelling) as email, event_name,
            attended_at, campaign_id
        from rows""",
        block=block,
        rows=pa.table(
            {
                "number": np.arange(len(order)),
                "email": people.email.take(pa.array(person)),
                "spelling": spelling,
                "event_name": texts(event, [name for name, *_ in FAIRS] + [name for name, *_ in WEBINARS]),
                "campaign_id": texts(event, [code for _, code, *_ in FAIRS] + [code for _, code, _ in WEBINARS]),
                "attended_at": stamps(attendance["at"][order]),
            }
        ),
    )
