"""The demo's advertising: Google Ads as Fivetran lands it, other platforms in the canonical table, and the
true spend.

Belongs here: accounts, campaigns, daily figures, one restated day per shape. Does not belong here: the
visits that ads
brought (`web.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa

from orchestration.demo.channels import (
    GOOGLE_EUR,
    GOOGLE_USD,
    META_EUR,
    RENAMED_CAMPAIGN,
    Campaign,
    campaigns,
)
from orchestration.demo.draws import Draws, Integers
from orchestration.demo.timeline import FIRST_DAY, LAST_DAY
from orchestration.demo.writer import Writer, texts

_DEVICES = ["DESKTOP", "MOBILE"]
# Network and device shares of the cost, by kind of campaign.
_SLICES: dict[str, list[tuple[str, int, float]]] = {
    "SEARCH": [("SEARCH", 0, 0.62), ("SEARCH", 1, 0.31), ("SEARCH_PARTNERS", 0, 0.07)],
    "DISPLAY": [("CONTENT", 0, 0.4), ("CONTENT", 1, 0.6)],
    "VIDEO": [("YOUTUBE", 0, 0.35), ("YOUTUBE", 1, 0.65)],
    "PERFORMANCE_MAX": [("MIXED", 0, 0.45), ("MIXED", 1, 0.55)],
}
_NETWORKS = ["SEARCH", "SEARCH_PARTNERS", "CONTENT", "YOUTUBE", "MIXED"]
GOOGLE_ACCOUNTS = [
    (GOOGLE_EUR, "Lumiane France", "EUR", "Europe/Paris"),
    (GOOGLE_USD, "Lumiane International", "USD", "America/New_York"),
]
# Platforms bill whole cents, whatever they split a cost by.
_CENT = 10_000
_DAYS = np.arange(np.datetime64(FIRST_DAY), np.datetime64(LAST_DAY) + 1)
# Restated later than the first export, as platforms do: one day of one account in each shape.
GOOGLE_RESTATED, META_RESTATED = date(2025, 6, 11), date(2025, 10, 7)
_SYNCED, _RESYNCED = "2026-01-01 03:00:00", "2026-01-05 03:00:00"
_EXPORTED, _REEXPORTED = "performance_2026-01-01", "performance_2026-01-05_restated"


@dataclass
class Spend:
    """True spend: parallel lists of day, source system, account, currency and micros of that currency."""

    days: list[np.ndarray] = field(default_factory=list)
    systems: list[str] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)
    currencies: list[str] = field(default_factory=list)
    micros: list[Integers] = field(default_factory=list)

    def add(self, days: np.ndarray, system: str, account: str, currency: str, micros: Integers) -> None:
        """Add one account's days."""
        self.days.append(days)
        self.systems.append(system)
        self.accounts.append(account)
        self.currencies.append(currency)
        self.micros.append(micros)

    def table(self) -> pa.Table:
        """One row per day, source system and account; `spend` as text with six decimals' worth of micros."""
        codes = np.repeat(np.arange(len(self.days)), [len(days) for days in self.days])
        return pa.table(
            {
                "date": pa.array(np.concatenate(self.days)),
                "source_system": texts(codes, self.systems),
                "account_id": texts(codes, self.accounts),
                "currency": texts(codes, self.currencies),
                "micros": np.concatenate(self.micros),
            }
        )


def _daily_micros(draws: Draws, campaign: Campaign, scale: float) -> Integers:
    """Cost of each day: budget, growth over the year, season, weekday and chance, in whole cents."""
    count = len(_DAYS)
    month = _DAYS.astype("datetime64[M]").astype(np.int64) % 12
    season = np.array([0.9, 0.95, 1.1, 1.0, 1.0, 1.1, 0.85, 0.55, 1.2, 1.25, 1.25, 0.75])[month]
    weekday = np.array([1.05, 1.1, 1.1, 1.05, 1.0, 0.65, 0.6])[(_DAYS.astype(np.int64) + 3) % 7]
    level = campaign.daily_budget * scale * np.linspace(0.85, 1.15, count) * season * weekday
    cost = level * draws.lognormal(count, 1.0, 0.22)
    # A platform that is down, or a budget that ran out: days without cost have no row.
    cost[draws.chance(count, 0.012)] = 0.0
    return np.round(cost * 100).astype(np.int64) * _CENT


def _split(total: Integers, shares: list[float]) -> list[Integers]:
    """Micros split by fixed shares into whole cents; the last part takes what rounding leaves when the shares sum to
    1."""
    parts = [np.floor(total // _CENT * share).astype(np.int64) * _CENT for share in shares]
    if abs(sum(shares) - 1.0) < 1e-9:
        parts[-1] = total - sum(parts[:-1], np.zeros_like(total))
    return parts


def write_ads(writer: Writer, seed: int, scale: float, copies: int) -> Spend:
    """Write every ad table; the returned spend is what stands after the restated days replaced the first
    export."""
    spend = Spend()
    found = campaigns(copies)
    _write_google(writer, Draws(seed, 0, "google"), [c for c in found if c.platform == "google_ads"], scale, spend)
    _write_canonical(writer, Draws(seed, 0, "ads"), [c for c in found if c.platform != "google_ads"], scale, spend)
    return spend


def _rows(**columns: list[np.ndarray]) -> dict[str, np.ndarray]:
    return {name: np.concatenate(parts) for name, parts in columns.items()}


def _write_google(writer: Writer, draws: Draws, found: list[Campaign], scale: float, spend: Spend) -> None:
    stats: dict[str, list[np.ndarray]] = {
        name: [] for name in ("day", "campaign", "account", "slice", "micros", "clicks", "shown")
    }
    groups: dict[str, list[np.ndarray]] = {name: [] for name in (*stats, "group")}
    slices = [(network, device) for network in range(len(_NETWORKS)) for device in range(len(_DEVICES))]
    accounts = [account for account, *_ in GOOGLE_ACCOUNTS]
    group_rows: list[tuple[int, int, str]] = []
    days = np.arange(len(_DAYS))
    for place, campaign in enumerate(found):
        micros = _daily_micros(draws, campaign, scale)
        account = np.full(len(days), accounts.index(campaign.account))
        group_ids = [campaign.campaign_id * 10 + number for number in range(len(campaign.ad_groups))]
        group_rows += [
            (gid, campaign.campaign_id, name) for gid, (name, _) in zip(group_ids, campaign.ad_groups, strict=True)
        ]
        parts = _split(micros, [share for *_, share in _SLICES[campaign.kind]])
        for (network, device, _), part in zip(_SLICES[campaign.kind], parts, strict=True):
            code = np.full(len(days), slices.index((_NETWORKS.index(network), device)))
            clicks = np.round(part / 1e6 / campaign.cost_per_click * draws.lognormal(len(days), 1.0, 0.15)).astype(
                np.int64
            )
            shown = np.round(
                (clicks + 1) * (18 if campaign.kind == "SEARCH" else 140) * draws.lognormal(len(days), 1.0, 0.2)
            ).astype(np.int64)
            kept = part > 0
            row = (days, np.full(len(days), place), account, code, part, clicks, shown)
            for name, values in zip(stats, row, strict=True):
                stats[name].append(values[kept])
            shares = [share for _, share in campaign.ad_groups]
            for number, cost in enumerate(_split(part, shares)):
                share = shares[number]
                row = (
                    days,
                    np.full(len(days), place),
                    account,
                    code,
                    cost,
                    (clicks * share).astype(np.int64),
                    (shown * share).astype(np.int64),
                )
                for name, values in zip(stats, row, strict=True):
                    groups[name].append(values[kept])
                groups["group"].append(np.full(int(kept.sum()), group_ids[number]))
    campaign_rows, ad_group_rows = _rows(**stats), _rows(**groups)
    restated_day = int(np.searchsorted(_DAYS, np.datetime64(GOOGLE_RESTATED)))
    for rows in (campaign_rows, ad_group_rows):
        order = np.lexsort((rows["slice"], rows["campaign"], rows["day"]))
        for name in rows:
            rows[name] = rows[name][order]
    first = dict(campaign_rows), dict(ad_group_rows)
    restated = []
    for rows in (campaign_rows, ad_group_rows):
        mask = (rows["day"] == restated_day) & (rows["account"] == 0)
        again = {name: values[mask] for name, values in rows.items()}
        # Clicks found invalid later are refunded.
        again["micros"] = again["micros"] // _CENT * 94 // 100 * _CENT
        again["clicks"] = again["clicks"] * 94 // 100
        restated.append(again)
        rows["micros"] = np.where(mask, rows["micros"] // _CENT * 94 // 100 * _CENT, rows["micros"])
    for batch, (campaign_batch, group_batch), synced in (
        ("2026-01-01", first, _SYNCED),
        ("2026-01-05", (restated[0], restated[1]), _RESYNCED),
    ):
        _write_google_batch(writer, batch, campaign_batch, group_batch, found, slices, accounts, synced)
    for number, (account_id, _, currency, _) in enumerate(GOOGLE_ACCOUNTS):
        mask = campaign_rows["account"] == number
        total = np.zeros(len(_DAYS), dtype=np.int64)
        np.add.at(total, campaign_rows["day"][mask], campaign_rows["micros"][mask])
        spend.add(_DAYS[total > 0], "google_ads", account_id, currency, total[total > 0])
    _write_google_histories(writer, found, group_rows)


def _write_google_batch(
    writer: Writer,
    batch: str,
    campaign_rows: dict[str, np.ndarray],
    group_rows: dict[str, np.ndarray],
    found: list[Campaign],
    slices: list[tuple[int, int]],
    accounts: list[str],
    synced: str,
) -> None:
    ids = np.array([campaign.campaign_id for campaign in found])
    account_ids = np.array([int(account) for account in accounts])
    networks, devices = (np.array(part) for part in zip(*slices, strict=True))

    def table(rows: dict[str, np.ndarray]) -> pa.Table:
        return pa.table(
            {
                "customer_id": account_ids[rows["account"]],
                "date": pa.array(_DAYS[rows["day"]]),
                "campaign_id": ids[rows["campaign"]],
                "id": rows.get("group", ids[rows["campaign"]]),
                "device": texts(devices[rows["slice"]], _DEVICES),
                "ad_network_type": texts(networks[rows["slice"]], _NETWORKS),
                "cost_micros": rows["micros"],
                "clicks": rows["clicks"],
                "impressions": rows["shown"],
            }
        )

    # Google attributes in fractions; the formula needs no draw, so a restated row keeps its conversions.
    measures = """cost_micros, clicks, impressions, round(clicks * 0.021, 2) as conversions,
        round(clicks * 0.021, 2) * 40 as conversions_value"""
    grain = "customer_id, date, device, ad_network_type"
    writer.write(
        "google_ads",
        "account_stats",
        f"""select {grain}, {measures}, timestamp '{synced}' as _fivetran_synced from (
            select {grain}, cast(sum(cost_micros) as bigint) as cost_micros,
            cast(sum(clicks) as bigint) as clicks,
                cast(sum(impressions) as bigint) as impressions
            from rows group by all) order by {grain}""",
        batch=batch,
        once=True,
        rows=table(campaign_rows),
    )
    writer.write(
        "google_ads",
        "campaign_stats",
        f"""select customer_id, id, date, device, ad_network_type, {measures},
            timestamp '{synced}' as _fivetran_synced from rows""",
        batch=batch,
        once=True,
        rows=table(campaign_rows),
    )
    writer.write(
        "google_ads",
        "ad_group_stats",
        f"""select customer_id, campaign_id, id, date, device, ad_network_type, {measures},
            timestamp '{synced}' as _fivetran_synced from rows""",
        batch=batch,
        once=True,
        rows=table(group_rows),
    )


def _write_google_histories(writer: Writer, found: list[Campaign], group_rows: list[tuple[int, int, str]]) -> None:
    writer.write(
        "google_ads",
        "account_history",
        f"""select cast(id as bigint) as id, updated_at,
        updated_at = timestamp '2025-03-04 10:12:00' as _fivetran_active,
            name as descriptive_name, currency as currency_code, zone as time_zone,
            true as auto_tagging_enabled,
            timestamp '{_SYNCED}' as _fivetran_synced
        from rows, (values (timestamp '2024-11-18 09:30:00'),
        (timestamp '2025-03-04 10:12:00')) as versions(updated_at)
        order by id, updated_at""",
        rows=pa.table(
            {
                name: [row[place] for row in GOOGLE_ACCOUNTS]
                for place, name in enumerate(("id", "name", "currency", "zone"))
            }
        ),
    )
    writer.write(
        "google_ads",
        "campaign_history",
        f"""select id, customer_id, updated_at, number = 3 as _fivetran_active,
            -- Renamed in May: URLs carry its id, so nothing is lost.
            case when name like '{RENAMED_CAMPAIGN}%'
            and number = 1 then 'old_' || name else name end as name,
            kind as advertising_channel_type, case when number = 2 then 'PAUSED' else 'ENABLED' end as status,
            '2024-12-01' as start_date, '2037-12-30' as end_date, timestamp '{_SYNCED}' as _fivetran_synced
        from rows, (values (1, timestamp '2024-12-01 08:00:00'), (2, timestamp '2025-05-12 14:20:00'),
            (3, timestamp '2025-05-12 16:45:00')) as versions(number, updated_at)
        order by id, updated_at""",
        rows=pa.table(
            {
                "id": [c.campaign_id for c in found],
                "customer_id": [int(c.account) for c in found],
                "name": [c.name for c in found],
                "kind": [c.kind for c in found],
            }
        ),
    )
    writer.write(
        "google_ads",
        "ad_group_history",
        f"""select id, campaign_id, name, 'ENABLED' as status, timestamp '2024-12-01 08:05:00' as updated_at,
            true as _fivetran_active, timestamp '{_SYNCED}' as _fivetran_synced from rows order by id""",
        rows=pa.table(
            {name: [row[place] for row in group_rows] for place, name in enumerate(("id", "campaign_id", "name"))}
        ),
    )


def _write_canonical(writer: Writer, draws: Draws, found: list[Campaign], scale: float, spend: Spend) -> None:
    columns: dict[str, list[np.ndarray]] = {
        name: [] for name in ("day", "campaign", "group", "micros", "clicks", "shown")
    }
    groups: list[tuple[str, str]] = []
    days = np.arange(len(_DAYS))
    for place, campaign in enumerate(found):
        micros = _daily_micros(draws, campaign, scale)
        # A group ends up with what its share leaves after whole cents, so that CSV and truth agree to the
        # cent.
        first = np.round(micros * campaign.ad_groups[0][1] / _CENT).astype(np.int64) * _CENT
        for number, cost in enumerate([first, micros - first][: len(campaign.ad_groups)]):
            groups.append((f"{campaign.campaign_id}{number + 1:02d}", campaign.ad_groups[number][0]))
            clicks = np.round(cost / 1e6 / campaign.cost_per_click * draws.lognormal(len(days), 1.0, 0.15)).astype(
                np.int64
            )
            shown = np.round((clicks + 1) * 95 * draws.lognormal(len(days), 1.0, 0.2)).astype(np.int64)
            kept = cost > 0
            row = (days, np.full(len(days), place), np.full(len(days), len(groups) - 1), cost, clicks, shown)
            for name, values in zip(columns, row, strict=True):
                columns[name].append(values[kept])
    rows = _rows(**columns)
    order = np.lexsort((rows["group"], rows["day"]))
    rows = {name: values[order] for name, values in rows.items()}
    meta = np.array([campaign.account == META_EUR for campaign in found])
    restated_day = int(np.searchsorted(_DAYS, np.datetime64(META_RESTATED)))
    mask = meta[rows["campaign"]] & (rows["day"] == restated_day)
    again = {name: values[mask] for name, values in rows.items()}
    # The platform found one ad group's clicks invalid: its row is gone from the restated day, the others
    # moved up a little.
    keep = again["group"] != (again["group"].max() if len(again["group"]) else -1)
    again = {name: values[keep] for name, values in again.items()}
    again["micros"] = again["micros"] // _CENT * 103 // 100 * _CENT
    for batch, part in ((_EXPORTED, rows), (_REEXPORTED, again)):
        writer.write(
            "ads",
            "performance_daily",
            """select date, platform, account_id, campaign_id, campaign_name, ad_group_id, ad_group_name,
            channel, currency,
                cast(micros / 1000000 as decimal(18, 2)) as spend, impressions, clicks,
                floor(clicks * 0.024) as conversions,
                cast(null as decimal(18, 2)) as conversion_value
            from rows""",
            batch=batch,
            once=True,
            rows=_canonical_table(part, found, groups),
        )
    final = {name: np.concatenate([values[~mask], again[name]]) for name, values in rows.items()}
    keys = [(c.platform, c.account, c.currency) for c in found]
    for key in sorted(set(keys)):
        mine = np.array([other == key for other in keys])[final["campaign"]]
        total = np.zeros(len(_DAYS), dtype=np.int64)
        np.add.at(total, final["day"][mine], final["micros"][mine])
        spend.add(_DAYS[total > 0], key[0], key[1], key[2], total[total > 0])


def _canonical_table(rows: dict[str, np.ndarray], found: list[Campaign], groups: list[tuple[str, str]]) -> pa.Table:
    place = rows["campaign"]
    return pa.table(
        {
            "date": pa.array(_DAYS[rows["day"]]),
            "platform": texts(place, [c.platform for c in found]),
            "account_id": texts(place, [c.account for c in found]),
            "campaign_id": texts(place, [str(c.campaign_id) for c in found]),
            "campaign_name": texts(place, [c.name for c in found]),
            "ad_group_id": texts(rows["group"], [group for group, _ in groups]),
            "ad_group_name": texts(rows["group"], [name for _, name in groups]),
            "channel": texts(place, [c.channel for c in found]),
            "currency": texts(place, [c.currency for c in found]),
            "micros": rows["micros"],
            "impressions": rows["shown"],
            "clicks": rows["clicks"],
        }
    )
