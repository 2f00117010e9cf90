"""Which fields URDB has (versions 3 to 8), and what becomes of each."""

__all__ = ["CURRENCIES", "INFORMATION", "METERING", "PRICED", "UNITS", "WITHOUT_PLACE"]

from submeter.tariffs.model import Basis, Metering

PRICED = frozenset(
    (
        "label",
        "uri",
        "name",
        "utility",
        "startdate",
        "enddate",
        "country",
        "dgrules",
        "usenetmetering",
        "energyratestructure",
        "energyweekdayschedule",
        "energyweekendschedule",
        "fueladjustmentsmonthly",
        "demandratestructure",
        "demandweekdayschedule",
        "demandweekendschedule",
        "demandrateunit",
        "demandwindow",
        "demandratchetpercentage",
        "lookbackmonths",
        "lookbackpercent",
        "lookbackrange",
        "flatdemandstructure",
        "flatdemandmonths",
        "flatdemandunit",
        "fixedchargefirstmeter",
        "fixedchargeunits",
        "fixedmonthlycharge",
        "fixedchargeeaaddl",
        "mincharge",
        "minchargeunits",
        "minmonthlycharge",
        "annualmincharge",
        "coincidentratestructure",
        "coincidentrateschedule",
        "coincidentrateunit",
        "demandreactivepowercharge",
    )
)
"""Fields that a price depends on: each is carried over, or a finding says why not."""

INFORMATION = frozenset(
    (
        "eiaid",
        "eia",
        "sector",
        "servicetype",
        "description",
        "source",
        "sourceparent",
        "basicinformationcomments",
        "approved",
        "is_default",
        "revisions",
        "supersedes",
        "supercedes",
        "peakkwcapacitymin",
        "peakkwcapacitymax",
        "peakkwcapacityhistory",
        "peakkwhusagemin",
        "peakkwhusagemax",
        "peakkwhusagehistory",
        "demandunits",
        "voltageminimum",
        "voltagemaximum",
        "voltagecategory",
        "phasewiring",
        "energyattrs",
        "energycomments",
        "demandattrs",
        "demandcomments",
        "fixedattrs",
        "coincidentattrs",
        "sourcetype",
        "rateid",
        "utilityid",
    )
)
"""Fields about a rate that carry no number it charges by."""

WITHOUT_PLACE = {
    "coincidentratestructure": "demand at the time of the system's peak is no component of plans",
    "demandreactivepowercharge": "a price for reactive power is no component of plans",
    "fixedchargeeaaddl": "a price for each further meter is no component of plans",
}

UNITS: dict[str, Basis] = {
    "kwh": "month",
    "kwh daily": "day",
    "kwh/kw": "per_kw",
    "kwh/kw daily": "per_kw_day",
}
"""What the ends of energy's tiers are for."""

METERING: dict[str, Metering] = {
    "net metering": "net_energy",
    "net billing instantaneous": "net_billing",
    "net billing hourly": "net_billing_carry",
    "buy all sell all": "buy_all_sell_all",
}
"""As PySAM's converter takes them."""

CURRENCIES = {
    "USA": "USD",
    "CAN": "CAD",
    "AUS": "AUD",
    "NZL": "NZD",
    "GBR": "GBP",
    "MEX": "MXN",
    "IND": "INR",
}
