"""How visitors of the demo company arrive: UTM values, referrers, click ids, and the channel each of them
means.

Belongs here: the ad campaigns and the kinds of session, with their channel by the planted truth. Does not
belong here: the
warehouse's channel rules, which must find the same channels from the extracts alone.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Campaign:
    """An ad campaign; `daily_budget` is in the currency of its account, `ad_groups` their share of its
    cost."""

    platform: str
    account: str
    campaign_id: int
    name: str
    kind: str
    channel: str
    currency: str
    daily_budget: float
    cost_per_click: float
    ad_groups: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Arrival:
    """A kind of session. `first` and `later` weigh it for a person's first session and for those after it.

    `click_id` names the column that carries a click id. `quality` scales the odds that the person goes on.
    """

    channel: str
    first: float
    later: float
    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    referrer: str | None = None
    click_id: str | None = None
    quality: float = 1.0
    content: str | None = None


GOOGLE_EUR, GOOGLE_USD = "4410028731", "7302915564"
LINKEDIN_EUR, LINKEDIN_USD = "508114227", "508990135"
META_EUR, MICROSOFT_GBP = "act_2290417736", "180254417"

_TEMPLATES: list[tuple[str, str, str, str, str, str, float, float, tuple[tuple[str, float], ...]]] = [
    # platform, account, name, kind, channel, currency, daily budget, cost per click, ad groups
    (
        "google_ads",
        GOOGLE_EUR,
        "fr_search_marque",
        "SEARCH",
        "paid_search",
        "EUR",
        28,
        0.9,
        (("marque", 0.8), ("marque_fautes", 0.2)),
    ),
    (
        "google_ads",
        GOOGLE_EUR,
        "fr_search_generique",
        "SEARCH",
        "paid_search",
        "EUR",
        118,
        4.6,
        (("logiciel_planning", 0.6), ("alternative", 0.37)),
    ),
    (
        "google_ads",
        GOOGLE_EUR,
        "fr_display_retargeting",
        "DISPLAY",
        "display",
        "EUR",
        32,
        0.7,
        (("visiteurs_30j", 0.95),),
    ),
    (
        "google_ads",
        GOOGLE_EUR,
        "fr_video_temoignages",
        "VIDEO",
        "paid_video",
        "EUR",
        30,
        0.5,
        (("temoignages", 1.0),),
    ),
    (
        "google_ads",
        GOOGLE_EUR,
        "fr_pmax_cross-network",
        "PERFORMANCE_MAX",
        "cross_network",
        "EUR",
        64,
        2.1,
        (),
    ),
    (
        "google_ads",
        GOOGLE_USD,
        "en_search_generic",
        "SEARCH",
        "paid_search",
        "USD",
        86,
        5.9,
        (("planning_software", 0.7), ("competitors", 0.28)),
    ),
    ("google_ads", GOOGLE_USD, "en_search_brand", "SEARCH", "paid_search", "USD", 14, 1.1, (("brand", 1.0),)),
    (
        "google_ads",
        GOOGLE_USD,
        "en_pmax_cross-network",
        "PERFORMANCE_MAX",
        "cross_network",
        "USD",
        47,
        2.4,
        (),
    ),
    (
        "linkedin_ads",
        LINKEDIN_EUR,
        "LI | FR | Directions marketing",
        "SPONSORED",
        "paid_social",
        "EUR",
        96,
        8.2,
        (("directions_marketing", 1.0),),
    ),
    (
        "linkedin_ads",
        LINKEDIN_EUR,
        "LI | FR | Livre blanc > démo",
        "LEAD_GEN",
        "paid_social",
        "EUR",
        58,
        7.4,
        (("livre_blanc", 1.0),),
    ),
    (
        "linkedin_ads",
        LINKEDIN_USD,
        "LI | EN | RevOps leaders",
        "SPONSORED",
        "paid_social",
        "USD",
        61,
        9.6,
        (("revops", 1.0),),
    ),
    (
        "facebook_ads",
        META_EUR,
        "meta_fr_notoriete",
        "TRAFFIC",
        "paid_social",
        "EUR",
        34,
        1.2,
        (("instagram", 0.45), ("facebook", 0.55)),
    ),
    (
        "facebook_ads",
        META_EUR,
        "meta_fr_retargeting",
        "TRAFFIC",
        "paid_social",
        "EUR",
        22,
        1.0,
        (("facebook", 1.0),),
    ),
    (
        "microsoft_ads",
        MICROSOFT_GBP,
        "uk_bing_generic",
        "SEARCH",
        "paid_search",
        "GBP",
        27,
        2.8,
        (("planning", 1.0),),
    ),
]
_FIRST_IDS = {
    "google_ads": 19_400_117_000,
    "linkedin_ads": 264_110_300,
    "facebook_ads": 23_851_200_400,
    "microsoft_ads": 410_227_100,
}
RENAMED_CAMPAIGN = "fr_search_generique"


def campaigns(copies: int = 1) -> list[Campaign]:
    """Every ad campaign; a larger company runs `copies` of each, and splits its budget over them."""
    found: list[Campaign] = []
    taken: dict[str, int] = {}
    for copy in range(copies):
        for platform, account, name, kind, channel, currency, budget, click, groups in _TEMPLATES:
            number = taken[platform] = taken.get(platform, 0) + 1
            found.append(
                Campaign(
                    platform=platform,
                    account=account,
                    campaign_id=_FIRST_IDS[platform] + 37 * number,
                    name=name if copy == 0 else f"{name} {copy + 1}",
                    kind=kind,
                    channel=channel,
                    currency=currency,
                    daily_budget=budget / copies,
                    cost_per_click=click,
                    ad_groups=groups,
                )
            )
    return found


# Sessions that an ad campaign sent: source, medium, referrer, click id, weight of the first and of later
# sessions, quality.
_PAID: dict[str, list[tuple[str | None, str | None, str | None, str | None, float, float, float]]] = {
    "fr_search_marque": [("google", "cpc", "https://www.google.com/", "gclid", 3.2, 2.6, 1.3)],
    "fr_search_generique": [
        ("google", "cpc", "https://www.google.com/", "gclid", 8.6, 1.4, 1.0),
        ("Google", "CPC", "https://www.google.fr/", "gclid", 0.8, 0.2, 1.0),
    ],
    "fr_display_retargeting": [("google", "display", "https://www.lemonde.fr/", "gclid", 0.6, 3.0, 0.7)],
    "fr_video_temoignages": [("youtube", "paid_video", "https://www.youtube.com/", "gclid", 1.1, 0.5, 0.6)],
    "fr_pmax_cross-network": [("google", "cpc", "https://www.google.com/", "gclid", 3.1, 0.9, 0.8)],
    "en_search_generic": [("google", "cpc", "https://www.google.com/", "gclid", 4.4, 0.8, 1.0)],
    "en_search_brand": [("google", "cpc", "https://www.google.com/", "gclid", 1.0, 0.7, 1.3)],
    "en_pmax_cross-network": [("google", "cpc", "https://www.google.com/", "gclid", 1.3, 0.4, 0.8)],
    "LI | FR | Directions marketing": [
        ("linkedin", "paid_social", "https://www.linkedin.com/", "li_fat_id", 4.3, 1.0, 1.1),
        ("LinkedIn", "cpc", "https://www.linkedin.com/", "li_fat_id", 0.6, 0.1, 1.1),
    ],
    "LI | FR | Livre blanc > démo": [
        ("linkedin", "paid_social", "https://www.linkedin.com/", "li_fat_id", 2.8, 0.5, 0.8)
    ],
    "LI | EN | RevOps leaders": [("linkedin", "paid_social", "https://www.linkedin.com/", "li_fat_id", 2.1, 0.5, 1.1)],
    "meta_fr_notoriete": [
        ("facebook", "paid_social", "https://m.facebook.com/", "fbclid", 2.4, 0.3, 0.5),
        ("instagram", "paid_social", "https://l.instagram.com/", "fbclid", 1.7, 0.2, 0.4),
    ],
    "meta_fr_retargeting": [("facebook", "retargeting", "https://m.facebook.com/", "fbclid", 0.3, 1.6, 0.7)],
    "uk_bing_generic": [("bing", "cpc", "https://www.bing.com/", "msclkid", 1.6, 0.4, 1.0)],
}
# Google's own campaign ids stand in utm_campaign where the URL template has {campaignid}: names may
# change, ids do not.
_BY_ID = {"fr_search_generique", "fr_display_retargeting", "en_search_generic"}

_OTHERS = [
    Arrival("organic_search", 16.0, 13.0, referrer="https://www.google.com/", quality=1.2),
    Arrival("organic_search", 3.4, 2.2, referrer="https://www.google.fr/", quality=1.2),
    Arrival("organic_search", 1.5, 1.0, referrer="https://www.bing.com/", quality=1.2),
    Arrival("organic_search", 0.6, 0.5, referrer="https://duckduckgo.com/", quality=1.2),
    Arrival("direct", 10.5, 31.0, quality=1.2),
    Arrival("referral", 2.2, 1.6, referrer="https://www.revue-logiciels.example/comparatif", quality=1.4),
    Arrival("referral", 1.4, 0.9, referrer="https://blog.partenaire-cloud.example/", quality=1.4),
    Arrival("referral", 0.9, 0.4, source="annuaire-saas.example", medium="referral", quality=1.1),
    Arrival("organic_social", 2.6, 2.2, referrer="https://www.linkedin.com/", quality=1.0),
    Arrival("organic_social", 0.8, 0.6, referrer="https://m.facebook.com/", click_id="fbclid", quality=0.5),
    Arrival(
        "organic_social",
        1.3,
        1.2,
        source="linkedin",
        medium="social",
        campaign="publication_equipe",
        referrer="https://www.linkedin.com/",
        quality=1.0,
    ),
    Arrival(
        "organic_video",
        0.6,
        0.3,
        source="youtube",
        medium="video",
        campaign="chaine_demo",
        referrer="https://www.youtube.com/",
        quality=0.7,
    ),
    Arrival("ai_assistant", 1.3, 0.8, referrer="https://chatgpt.com/", quality=1.3),
    Arrival("ai_assistant", 0.5, 0.3, referrer="https://www.perplexity.ai/", quality=1.3),
    Arrival("email", 0.5, 3.4, source="brevo", medium="email", campaign="nurture_bienvenue", quality=1.0),
    Arrival("email", 0.2, 1.2, source="newsletter", medium="E-mail", campaign="nurture_cas_client", quality=1.0),
    Arrival(
        "affiliate",
        0.9,
        0.2,
        source="comparateur-affilie.example",
        medium="affiliate",
        campaign="affiliation_2025",
        quality=0.6,
    ),
    Arrival(
        "partner",
        1.6,
        0.8,
        source="partenaire-integrateur",
        medium="partner",
        campaign="co_marketing",
        quality=1.6,
    ),
    # Click ids prove paid traffic that came without UTM values.
    Arrival("paid_search", 1.1, 0.3, referrer="https://www.google.com/", click_id="gclid", quality=1.0),
    Arrival("paid_search", 0.4, 0.1, referrer="https://www.bing.com/", click_id="msclkid", quality=1.0),
    Arrival("paid_social", 0.6, 0.2, referrer="https://www.linkedin.com/", click_id="li_fat_id", quality=1.0),
    # No rule knows these: somebody's own idea of a medium.
    Arrival("unassigned", 0.5, 0.3, source="brochure", medium="qr", campaign="salon_mars", quality=0.9),
    Arrival("unassigned", 0.3, 0.2, source="signature", medium="emial", quality=0.9),
]


def arrivals(copies: int = 1) -> list[Arrival]:
    """Every kind of session: those that ads sent, by campaign, then all others."""
    found: list[Arrival] = []
    for campaign in campaigns(copies):
        template = campaign.name if campaign.name in _PAID else campaign.name.rsplit(" ", 1)[0]
        for source, medium, referrer, click_id, first, later, quality in _PAID[template]:
            value = str(campaign.campaign_id) if template in _BY_ID else campaign.name
            content = campaign.ad_groups[0][0] if campaign.ad_groups else None
            found.append(
                Arrival(
                    channel=campaign.channel,
                    first=first / copies,
                    later=later / copies,
                    source=source,
                    medium=medium,
                    campaign=value,
                    referrer=referrer,
                    click_id=click_id,
                    quality=quality,
                    content=content,
                )
            )
    return found + _OTHERS
