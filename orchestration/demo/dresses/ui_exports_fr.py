"""The demo company as people at French screens would export it: each vendor's own button, and Excel for the rest.

Belongs here: which button gives which file, its headers and its quirks. Does not belong here: how text and
workbooks are written (`delimited.py`, `workbook.py`), or how such files are read.

What the buttons give, after the vendors' help pages:

- Google Ads, "Télécharger" in the report editor: a title, a line with the period, the table, and rows of totals; money
  in the account's currency with two places. "Excel .csv" is UTF-16 with tabs, ".csv" is UTF-8 with commas.
- HubSpot, "Exporter la vue" with headers in French and internal values (`exportInternalValuesOptions: VALUES`): dates
  as `2025-03-04 10:12:00`, ids of associated records in columns whose headers stay English, changes of properties as an
  export of their own, and neither deleted nor merged records. Pipelines have no button: somebody keeps that list.
- All else comes out of a French Excel: semicolons, decimal commas, 31/12/2025, VRAI and FAUX.

Two things are tidier than life, since rows could not be compared one by one otherwise: HubSpot cuts times to the
minute, here they keep their seconds; and HubSpot writes them in the portal's zone, here that zone is UTC, as the
contract says of every time without an offset.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from orchestration.demo.ads import GOOGLE_ACCOUNTS, GOOGLE_RESTATED, META_RESTATED
from orchestration.demo.dresses.delimited import Delimited
from orchestration.demo.dresses.exports import BATCH, Export, Layout, Planned
from orchestration.demo.dresses.workbook import Workbook

_EXPORTED, _REEXPORTED = "2026-01-01", "2026-01-05"
_NARROW_SPACE = "\u202f"
_EXCEL = Delimited(
    delimiter=";",
    encoding="utf-8-sig",
    decimal_mark=",",
    dates="%d/%m/%Y",
    times="%d/%m/%Y %H:%M:%S",
    booleans=("VRAI", "FAUX"),
)
_OLD_EXCEL = Delimited(
    delimiter=";",
    encoding="cp1252",
    decimal_mark=",",
    thousands="\u00a0",
    dates="%d/%m/%Y",
    times="%d/%m/%Y %H:%M:%S",
    booleans=("VRAI", "FAUX"),
)
_HUBSPOT = Delimited(encoding="utf-8-sig")

_MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip


def _day(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _period(first: date, last: date) -> str:
    return f"{_day(first)} - {_day(last)}"


@dataclass(frozen=True)
class _Level:
    """A level of Google Ads' reports: its table, title and label of the total, and its columns after the currency."""

    table: str
    title: str
    total: str
    columns: str
    joins: str


_LEVELS = (
    _Level("account_stats", "Rapport sur le compte", "Total : Compte", "", ""),
    _Level(
        "campaign_stats",
        "Rapport sur les campagnes",
        "Total : Campagnes",
        """stats.id as "ID de la campagne", campaigns.name as "Campagne", campaigns.kind as "Type de campagne",""",
        "left join campaigns on campaigns.id = stats.id",
    ),
    _Level(
        "ad_group_stats",
        "Rapport sur les groupes d'annonces",
        "Total : Groupes d'annonces",
        """stats.campaign_id as "ID de la campagne", campaigns.name as "Campagne",
        stats.id as "ID du groupe d'annonces", ad_groups.name as "Groupe d'annonces",""",
        """left join campaigns on campaigns.id = stats.campaign_id
        left join ad_groups on ad_groups.id = stats.id""",
    ),
)


def _google_layout(account: int, title: str, period: str, total: str) -> Delimited:
    """Whoever keeps the first account takes "Excel .csv", the other one takes ".csv"."""
    excel = account == 0
    return Delimited(
        delimiter="\t" if excel else ",",
        encoding="utf-16-le" if excel else "utf-8",
        decimal_mark=",",
        thousands=_NARROW_SPACE,
        dates="%d/%m/%Y",
        preamble=(title, period),
        total=total,
    )


def _google(level: _Level, customer: str, rows: str) -> str:
    """One account's report by day; the interface adds up networks and devices that nobody asked to see."""
    return f"""
with campaigns as (
    select
        id,
        max_by(name, updated_at) as name,
        case max_by(advertising_channel_type, updated_at)
            when 'SEARCH' then 'Réseau de Recherche'
            when 'DISPLAY' then 'Réseau Display'
            when 'VIDEO' then 'Vidéo'
            when 'PERFORMANCE_MAX' then 'Performance Max'
        end as kind
    from google_ads__campaign_history group by all
), ad_groups as (
    select id, max_by(name, updated_at) as name from google_ads__ad_group_history group by all
), accounts as (
    select id, max_by(currency_code, updated_at) as currency, max_by(descriptive_name, updated_at) as name
    from google_ads__account_history group by all
), stats as (
    select * from google_ads__{level.table} where customer_id = {customer} and ({rows})
)
select
    stats.date as "Jour",
    '{customer[:3]}-{customer[3:6]}-{customer[6:]}' as "Numéro client",
    accounts.name as "Nom du compte",
    accounts.currency as "Code de devise",
    {level.columns}
    sum(stats.impressions)::decimal(18, 0) as "Impr.",
    sum(stats.clicks)::decimal(18, 0) as "Clics",
    (sum(stats.cost_micros) / 1000000)::decimal(18, 2) as "Coût",
    sum(stats.conversions::decimal(18, 2))::decimal(18, 2) as "Conversions",
    sum(stats.conversions_value::decimal(18, 2))::decimal(18, 2) as "Valeur conv."
from stats
inner join accounts on accounts.id = stats.customer_id
{level.joins}
group by all
order by all
"""


def _google_exports() -> list[Export]:
    """Each account's year at three levels, and the fortnight around the restated day again."""
    year = date(2025, 1, 1), date(2025, 12, 31)
    fortnight = GOOGLE_RESTATED.replace(day=2), GOOGLE_RESTATED.replace(day=15)
    again = _restated(GOOGLE_RESTATED, *fortnight, _EXPORTED, _REEXPORTED)
    exports = []

    def add(level: _Level, place: int, period: tuple[date, date], exported: str, rows: str) -> None:
        customer = GOOGLE_ACCOUNTS[place][0]
        exports.append(
            Export(
                f"google_ads/{level.table}/{level.title}_{customer}_{exported}.csv",
                _google(level, customer, rows),
                _google_layout(place, level.title, _period(*period), level.total),
            )
        )

    for level in _LEVELS:
        for place in range(len(GOOGLE_ACCOUNTS)):
            add(level, place, year, _EXPORTED, f"{BATCH} = '{_EXPORTED}'")
        add(level, 0, fortnight, _REEXPORTED, again)
    return exports


def _restated(day: date, first: date, last: date, old: str, new: str) -> str:
    """The rows of an export of several days, one of which changed since: nobody exports a single day, and a column with
    one day alone does not say which of its numbers is the month."""
    return (
        f"{BATCH} = '{new}' or ({BATCH} = '{old}' and date between date '{first}' and date '{last}'"
        f" and date <> date '{day}')"
    )


_CONTACTS = """
select
    id as "ID de fiche d'informations",
    property_firstname as "Prénom",
    property_lastname as "Nom de famille",
    property_email as "E-mail",
    property_phone as "Numéro de téléphone",
    property_company as "Nom de l'entreprise",
    property_associatedcompanyid as "Associated Company IDs (Primary)",
    property_country as "Pays/Région",
    property_jobtitle as "Intitulé du poste",
    property_lifecyclestage as "Phase du cycle de vie",
    property_hs_lead_status as "Statut du lead",
    property_hubspot_owner_id as "Propriétaire du contact",
    property_hs_analytics_source as "Source d'origine du trafic",
    property_hs_merged_object_ids as "ID de fiches d'informations fusionnées",
    property_createdate as "Date de création",
    property_lastmodifieddate as "Date de dernière modification"
from hubspot__contact
where not _fivetran_deleted and {chosen}
"""

_HUBSPOT_EXPORTS: tuple[tuple[str, str, Layout], ...] = (
    # A contact that was merged is in no later export, but still in the one that was made before the merge.
    (
        "contact/hubspot-crm-exports-tous-les-contacts-2025-12-15.xlsx",
        _CONTACTS.format(chosen="id % 10 = 1"),
        Workbook("contacts"),
    ),
    (
        f"contact/hubspot-crm-exports-tous-les-contacts-{_EXPORTED}.csv",
        _CONTACTS.format(chosen="id % 10 = 0"),
        _HUBSPOT,
    ),
    (
        f"contact_property_history/hubspot-historique-des-proprietes-{_EXPORTED}.csv",
        """
        select
            contact_id as "ID du contact",
            name as "Nom de la propriété",
            value as "Valeur",
            timestamp as "Date de modification",
            source as "Type de source"
        from hubspot__contact_property_history
        """,
        _HUBSPOT,
    ),
    (
        f"company/hubspot-crm-exports-toutes-les-entreprises-{_EXPORTED}.csv",
        """
        select
            id as "ID de fiche d'informations",
            property_name as "Nom de l'entreprise",
            property_domain as "Nom de domaine de l'entreprise",
            property_industry as "Secteur d'activité",
            property_numberofemployees as "Nombre d'employés",
            property_country as "Pays/Région",
            property_createdate as "Date de création"
        from hubspot__company
        where not is_deleted
        """,
        _HUBSPOT,
    ),
    (
        f"deal/hubspot-crm-exports-toutes-les-transactions-{_EXPORTED}.xlsx",
        """
        with companies as (
            select deal_id, string_agg(company_id::varchar, ';' order by company_id) as ids
            from hubspot__deal_company group by all
        ), contacts as (
            select deal_id, string_agg(contact_id::varchar, ';' order by contact_id) as ids
            from hubspot__deal_contact group by all
        )
        select
            deals.deal_id as "ID de fiche d'informations",
            property_dealname as "Nom de la transaction",
            deal_pipeline_id as "Pipeline",
            deal_pipeline_stage_id as "Phase de la transaction",
            property_amount as "Montant",
            property_deal_currency_code as "Devise",
            property_dealtype as "Type de transaction",
            owner_id as "Propriétaire de la transaction",
            property_closed_lost_reason as "Raison de la perte",
            property_createdate as "Date de création",
            property_closedate as "Date de fermeture",
            property_hs_lastmodifieddate as "Date de dernière modification",
            companies.ids as "Associated Company IDs",
            contacts.ids as "Associated Contact IDs"
        from hubspot__deal as deals
        left join companies on companies.deal_id = deals.deal_id
        left join contacts on contacts.deal_id = deals.deal_id
        where not is_deleted
        order by deals.deal_id
        """,
        Workbook("transactions"),
    ),
    (
        f"deal_stage/hubspot-historique-des-phases-{_EXPORTED}.csv",
        """
        select
            deal_id as "ID de la transaction",
            'dealstage' as "Nom de la propriété",
            value as "Valeur",
            date_entered as "Date de modification",
            source as "Type de source"
        from hubspot__deal_stage
        """,
        _HUBSPOT,
    ),
    (
        f"deal_pipeline_stage/phases-des-pipelines-{_EXPORTED}.csv",
        """
        select
            stage_id as "ID de la phase",
            pipeline_id as "ID du pipeline",
            label as "Nom de la phase",
            display_order as "Ordre",
            probability as "Probabilité",
            is_closed as "Fermée",
            closed_won as "Gagnée"
        from hubspot__deal_pipeline_stage
        """,
        _EXCEL,
    ),
    (
        f"owner/utilisateurs-{_EXPORTED}.csv",
        """
        select
            owner_id as "ID du propriétaire", first_name as "Prénom", last_name as "Nom de famille", email as "E-mail"
        from hubspot__owner
        """,
        _EXCEL,
    ),
)

# French headers of the company's own tables; every other column keeps the name that its system gave it.
_HEADERS = {
    ("crm", "people"): {
        "id": "Identifiant",
        "email": "Adresse e-mail",
        "phone": "Téléphone",
        "first_name": "Prénom",
        "last_name": "Nom",
        "company": "Société",
        "company_domain": "Site web",
        "account_id": "Identifiant du compte",
        "country": "Pays",
        "job_title": "Fonction",
        "lead_source": "Origine",
        "created_at": "Date de création",
        "updated_at": "Date de modification",
        "stage": "Étape",
    },
    ("crm", "opportunities"): {"amount": "Montant", "currency": "Devise", "created_at": "Date de création"},
    ("costs", "costs"): {
        "category": "Catégorie",
        "department": "Service",
        "channel": "Canal",
        "campaign_id": "Campagne",
        "amount": "Montant",
        "currency": "Devise",
    },
    ("budgets", "budgets"): {"month": "Mois", "channel": "Canal", "amount": "Montant", "currency": "Devise"},
    ("targets", "targets"): {"month": "Mois", "metric": "Indicateur", "channel": "Canal", "value": "Valeur"},
    ("billing", "invoices"): {
        "invoice_id": "Numéro de facture",
        "account_id": "Identifiant client",
        "invoiced_at": "Date de facture",
        "amount": "Montant HT",
        "currency": "Devise",
        "period_start": "Début de période",
        "period_end": "Fin de période",
        "is_recurring": "Récurrent",
        "status": "Statut",
    },
}

# Plans live in workbooks. Their months are the first of each, which as text might be days of January.
_LAYOUTS: dict[tuple[str, str], Layout] = {
    ("budgets", "budgets"): Workbook("Budgets"),
    ("targets", "targets"): Workbook("Objectifs"),
    ("costs", "costs"): _OLD_EXCEL,
    ("surveys", "responses"): _OLD_EXCEL,
}


def _own_exports(planned: Planned) -> list[Export]:
    exports = []
    for (source, table), batches in planned.items():
        if source in ("hubspot", "google_ads"):
            continue
        headers = _HEADERS.get((source, table), {})
        renamed = ", ".join(f'{name} as "{header}"' for name, header in headers.items())
        columns = f"* exclude ({BATCH})" + (f" rename ({renamed})" if renamed else "")
        layout = _LAYOUTS.get((source, table), _EXCEL)
        ending = "xlsx" if isinstance(layout, Workbook) else "csv"
        for batch in batches:
            chosen = f"{BATCH} is not distinct from {'null' if batch is None else repr(batch)}"
            if (source, table) == ("ads", "performance_daily") and batch != batches[0]:
                first, last = META_RESTATED.replace(day=1), META_RESTATED.replace(day=16)
                restated = f"select account_id from ads__performance_daily where {chosen}"
                chosen = _restated(META_RESTATED, first, last, str(batches[0]), str(batch))
                chosen = f"({chosen}) and account_id in ({restated})"
            exports.append(
                Export(
                    f"{source}/{table}/{batch or _EXPORTED}.{ending}",
                    f"select {columns} from {source}__{table} where {chosen}",
                    layout,
                )
            )
    return exports


def ui_exports_fr(planned: Planned) -> list[Export]:
    """The files of the French dress."""
    hubspot = [Export(f"hubspot/{path}", sql, layout) for path, sql, layout in _HUBSPOT_EXPORTS]
    return [*_google_exports(), *hubspot, *_own_exports(planned)]
