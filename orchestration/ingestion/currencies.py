"""Currencies as headers and values name them.

Belongs here: ISO 4217 codes, and the signs that mean one of them. Does not belong here: rates (`fx`).
"""

from __future__ import annotations

import re

_CODES = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP
    CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF
    IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK
    MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR
    SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES
    VND VUV WST XAF XCD XOF XPF YER ZAR ZMW
"""
CODES = frozenset(_CODES.split())
# A bare dollar or yen sign is several currencies'.
_SIGNS = {
    "\u20ac": "EUR",
    "\u00a3": "GBP",
    "\u20b9": "INR",
    "\u20bd": "RUB",
    "\u20aa": "ILS",
    "\u20a9": "KRW",
    "\u20ab": "VND",
    "\u20ba": "TRY",
    "\u20b4": "UAH",
    "\u20a6": "NGN",
    "US$": "USD",
    "CA$": "CAD",
    "AU$": "AUD",
    "A$": "AUD",
    "NZ$": "NZD",
    "HK$": "HKD",
    "R$": "BRL",
    "z\u0142": "PLN",
}
_BRACKETED = re.compile(r"[(\[]\s*([^()\[\]]{1,3})\s*[)\]]\s*$")


def currency_of(header: str) -> str | None:
    """The currency in brackets at the end of a header: EGP of `Amount spent (EGP)`."""
    found = _BRACKETED.search(header)
    if not found:
        return None
    # `Clicks (all)` is no amount in Albanian lek.
    written = found.group(1)
    code = written if written == "all" else written.upper()
    return code if code in CODES else _SIGNS.get(written)


def without_currency(header: str) -> str:
    """The header without the currency at its end; as it is where it has none."""
    return _BRACKETED.sub("", header).strip() if currency_of(header) else header
