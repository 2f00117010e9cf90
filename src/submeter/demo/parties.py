"""Rows of who and where: companies, places, customers, accounts, agreements."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from submeter.demo.company import (
    TIME_ZONE,
    Estate,
    Home,
    Tenancy,
    caretaker,
    landlord,
    list_homes,
    list_prospects,
)
from submeter.demo.metering import list_natures, supply_point_id
from submeter.demo.people import Person, key_id

Rows = Iterator[tuple[str, dict[str, Any]]]
"""(table, row), in an order that foreign keys allow."""


@dataclass(frozen=True)
class Account:
    """An account of a tenancy: one for what is supplied, one for what the panels make."""

    id: UUID
    number: str
    kind: str
    """supply or solar."""
    home: Home
    tenancy: Tenancy
    people: tuple[Person, ...]

    @property
    def natures(self) -> tuple[str, ...]:
        return tuple(n for n in list_natures(self.home) if (n == "solar") == (self.kind == "solar"))


@dataclass(frozen=True)
class Year:
    """What the demonstration is made of: an estate, its homes and the days [first, end)."""

    estate: Estate
    homes: tuple[Home, ...]
    first: date
    end: date


def make_year(estate: Estate, first: date, end: date, homes: int | None) -> Year:
    """The year of an estate, with `homes` of its homes or all of them."""
    return Year(estate, list_homes(estate, first, homes), first, end)


def list_accounts(home: Home) -> tuple[Account, ...]:
    """The accounts of a home. The panels of a home that is let are the landlord's."""
    supply = tuple(_account(home, tenancy, "supply", tenancy.people) for tenancy in home.tenancies)
    if not home.is_home:
        return supply
    let = home.plot in home.estate.let_plots
    owners = ((landlord(home.estate),) if let else tenancy.people[:1] for tenancy in home.tenancies)
    solar = (_account(home, t, "solar", people) for t, people in zip(home.tenancies, owners, strict=True))
    return (*supply, *solar)


def rows_of_company(estate: Estate) -> Rows:
    """The ESCO, its seller and its site."""
    yield "escos", {
        "id": estate.id, "code": estate.code, "name": estate.name, "region": estate.region,
        "time_zone": TIME_ZONE.key, "currency": "GBP", "default_discount_percent": estate.discount_percent,
    }  # fmt: skip
    yield "sellers", {
        "id": key_id(estate.code, "seller"), "esco_id": estate.id, "name": estate.name,
        "legal_name": estate.legal_name, "address": f"The Pump House, {estate.street}, {estate.postcode}",
        "invoice_prefix": estate.code[:2].upper(),
    }  # fmt: skip
    yield "sites", {
        "id": _site_id(estate), "esco_id": estate.id, "seller_id": key_id(estate.code, "seller"),
        "code": estate.site.upper().replace(" ", "-"), "name": estate.site,
        "address": f"{estate.street}, {estate.postcode}", "jurisdiction": "GB", "time_zone": TIME_ZONE.key,
    }  # fmt: skip


def rows_of_places(home: Home) -> Rows:
    """A property with its supply points and what they are called."""
    estate = home.estate
    name = f"{home.plot} {estate.site}" if home.is_home else "Landlord's supply"
    yield "properties", {
        "id": _property_id(home), "esco_id": estate.id, "site_id": _site_id(estate), "name": name,
        "plot": str(home.plot) if home.is_home else None,
        "address": f"{home.plot} {estate.street}" if home.is_home else f"Plant room, {estate.street}",
        "postcode": estate.postcode, "kind": "residential" if home.is_home else "common",
    }  # fmt: skip
    for nature in list_natures(home):
        point = supply_point_id(home, nature)
        own = {"esco_id": estate.id}
        yield "supply_points", {"id": point, **own, "property_id": _property_id(home), "product": nature}
        identifier = f"{estate.code[:2].upper()}-{home.plot:03}-{nature[0].upper()}"
        yield "supply_point_identifiers", {
            "id": key_id(point, "own"), **own, "supply_point_id": point, "scheme": "own",
            "identifier": identifier,
        }  # fmt: skip


def rows_of_customers(year: Year) -> Rows:
    """Everybody once, as `live`: their status of today comes when the year is over (see `list_statuses`)."""
    for person in {person.id: person for person, _ in list_statuses(year)}.values():
        yield "customers", {
            "id": person.id, "esco_id": year.estate.id, "name": person.name, "email": person.email,
            "phone": person.phone, "kind": person.kind, "status": "live",
        }  # fmt: skip


def list_statuses(year: Year) -> tuple[tuple[Person, str], ...]:
    """Each customer of an estate with the status of today."""
    residents = [
        (p, t.status) for home in year.homes if home.is_home for t in home.tenancies for p in t.people
    ]
    companies = [(landlord(year.estate), "active"), (caretaker(year.estate), "live")]
    return (*residents, *companies, *list_prospects(year.estate))


def rows_of_accounts(accounts: Iterable[Account]) -> Rows:
    """Accounts, who has which role on them, and what they are supplied with."""
    for account in accounts:
        business = account.people[0].kind == "company"
        own = {"esco_id": account.home.estate.id, "account_id": account.id}
        yield "accounts", {
            "id": account.id, "esco_id": own["esco_id"], "account_number": account.number,
            "seller_id": key_id(account.home.estate.code, "seller"),
            "customer_type": "business" if business else "residential",
            "delivery_method": "email" if account.people[0].email else "post",
        }  # fmt: skip
        days = {"from_date": account.tenancy.from_date, "to_date": account.tenancy.to_date}
        for person, role in _roles(account):
            yield "customer_accounts", {**own, "customer_id": person.id, "role": role, **days}
        for nature in account.natures:
            point = supply_point_id(account.home, nature)
            yield "agreements", {
                "id": key_id(account.id, nature), **own, "supply_point_id": point, **days,
            }  # fmt: skip


def _roles(account: Account) -> Iterator[tuple[Person, str]]:
    holder, *others = account.people
    yield holder, "holder"
    for person in others:
        yield person, "joint_holder" if account.home.is_home else "property_manager"
    if account.kind == "supply" and account.home.plot in account.home.estate.let_plots:
        yield landlord(account.home.estate), "owner"


def _account(home: Home, tenancy: Tenancy, kind: str, people: tuple[Person, ...]) -> Account:
    series = {"supply": 0, "solar": 5}[kind] + tenancy.number
    number = f"{home.estate.code[:2].upper()}-{home.plot:04}{series}"
    return Account(key_id("account", number), number, kind, home, tenancy, people)


def _site_id(estate: Estate) -> UUID:
    return key_id(estate.code, "site")


def _property_id(home: Home) -> UUID:
    return key_id(home.key, "property")
