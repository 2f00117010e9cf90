"""What each viewer may see, told from the tables and the rules of the trade: nothing here asks a policy.

The rules: staff see their own ESCO. A customer sees what is theirs, for the days of their own agreements and of
their role on the account: holder, joint holder, occupier and authorised person see usage and money; owner,
property manager and billing contact see account and place only. A moment belongs to the local day that it falls
into; a dial reading at the midnight where tenancies meet serves both. A month's usage is shown to whom it is alone.
"""

import json
from dataclasses import dataclass

import psycopg

from journeys.tenancy.site import Site, Viewer, Window

REFUSED = None
Keys = frozenset[str]


@dataclass(frozen=True)
class Resource:
    """A resource of the API: its key, the rows behind it, and which of them (aliased x) are a customer's.

    ``customer`` is REFUSED where customers have no right at all; ``esco`` is the column of the tenant, empty for
    rows that all share. ``narrow`` is the column that a site's window cuts, or else ``span``, where there are
    more rows than tell anything new.
    """

    key: tuple[str, ...]
    rows: str
    customer: str | None
    esco: str = "x.esco_id"
    narrow: str = ""
    span: tuple[str, str] | None = None


def _table(name: str, customer: str | None, *key: str, **more: str) -> Resource:
    return Resource(key or ("id",), f"submeter.{name} x", customer, **more)


_MINE = "x.customer_id in (select id from me)"
_ACCOUNT = "exists (select from role r where r.account_id = {account})"
_SUPPLIED = "exists (select from supply s where s.{column} = {value})"
_MEASURED = "exists (select from measured m where m.{column} = {value})"


def _supplied(column: str, value: str = "x.id") -> str:
    return _SUPPLIED.format(column=column, value=value)


def _measured(column: str, value: str = "x.id") -> str:
    return _MEASURED.format(column=column, value=value)


_READINGS = """(
  select r.*, r.read_at as "timestamp" from submeter.readings r
  where r.id not in (select replaces_id from submeter.readings where replaces_id is not null)) x"""

# Both ends of a tenancy: a reading is seen by whom its local day, or that of the moment before, belongs to.
_READING_MINE = """exists (
  select from measured m where m.register_id = x.register_id and x.read_at between m.installed_at and m.removed_at
    and ((x.read_at at time zone m.zone)::date between m.first_day and m.last_day
      or ((x.read_at - interval '1 microsecond') at time zone m.zone)::date between m.first_day and m.last_day))"""

# Long intervals as they are; short ones gathered into half-hours that are complete.
_INTERVALS = """(
  select i.register_id, i.esco_id,
    date_bin(greatest(i.minutes, 30) * interval '1 minute', i.starts_at + (a.n - 1) * i.minutes * interval '1 minute', i.starts_at)
      as "timestamp"
  from submeter.register_intervals i join submeter.registers g on g.id = i.register_id and g.unit = 'kWh'
  cross join unnest(submeter.decode_amounts(i.amounts)) with ordinality as a (amount, n)
  where %(first)s::timestamptz is null
    or i.register_id = any (%(registers)s::uuid[]) and i.starts_at between %(first)s::timestamptz - interval '2 days' and %(last)s
  group by 1, 2, 3
  having bool_and(a.amount is not null)) x"""

_INTERVAL_MINE = """exists (
  select from measured m where m.register_id = x.register_id
    and x."timestamp" >= m.installed_at and x."timestamp" < m.removed_at
    and (x."timestamp" at time zone m.zone)::date between m.first_day and m.last_day)"""

# Around a move, and before it.
_SOME_DAYS = ("2025-07-13", "2025-07-23")

# From the first to the last interval of a register, as far as there is none. (Nobody here has hours.)
_GAPS = f"""(
  select r.register_id, r.esco_id, at as "timestamp"
  from (select register_id, esco_id, min(starts_at) as first_at, max(ends_at) as last_at
        from submeter.register_intervals group by 1, 2) r
  cross join generate_series(r.first_at, r.last_at - interval '1 minute', interval '30 minutes') at
  where (%(first)s::timestamptz is null
      or r.register_id = any (%(registers)s::uuid[]) and at between %(first)s::timestamptz - interval '1 day' and %(last)s)
    and (r.register_id, at) not in (select x.register_id, x."timestamp" from {_INTERVALS})) x"""


def _circuits(rows: str) -> str:
    """A half-hour counts for the circuit of its register at the time, while the meter is in place."""
    return f"""(
  select k.circuit_id, i.*, s.day_time_zone
  from {rows.removesuffix(" x")} i
  join submeter.circuit_registers k on k.register_id = i.register_id
    and i."timestamp" >= k.start_at and i."timestamp" < coalesce(k.end_at, 'infinity')
  join submeter.registers g on g.id = i.register_id
  join submeter.meter_installations n on n.meter_id = g.meter_id
    and i."timestamp" >= n.installed_at and i."timestamp" < coalesce(n.removed_at, 'infinity')
  join submeter.supply_points p on p.id = n.supply_point_id
  join submeter.properties h on h.id = p.property_id
  join submeter.sites s on s.id = h.site_id) x"""


# A half-hour of a register, while the meter is in place: at which site.
_PLACED = f"""(
  select i.*, h.site_id, s.day_time_zone
  from {_INTERVALS.removesuffix(" x")} i
  join submeter.registers g on g.id = i.register_id
  join submeter.meter_installations n on n.meter_id = g.meter_id
    and i."timestamp" >= n.installed_at and i."timestamp" < coalesce(n.removed_at, 'infinity')
  join submeter.supply_points p on p.id = n.supply_point_id
  join submeter.properties h on h.id = p.property_id
  join submeter.sites s on s.id = h.site_id) x"""


def _days(rows: str) -> str:
    """The same by billing day of the site."""
    return f"""(
  select d.*, date_trunc('month', d.day)::date as month
  from (select y.*, (y."timestamp" at time zone y.day_time_zone)::date as day from {rows.removesuffix(" x")} y) d) x"""


# Billing days of the site.
_DAYS = _days(_circuits(_INTERVALS))

_HISTORY = """(
  select register_id, day, 0::bigint as version, esco_id from submeter.register_intervals
  union all select register_id, day, id, esco_id from submeter.register_interval_versions) x"""

# Every day of the month on which the circuit was somebody's must have been this customer's, and there must be one.
_USAGE_MINE = """(
  select bool_and(exists (
    select from supply s where s.sees_usage and s.agreement_id = a.id and d.day between s.first_day and s.last_day))
  from generate_series(x.month, x.month + interval '1 month' - interval '1 day', '1 day') d (day)
  join submeter.circuit_registers k on k.circuit_id = x.circuit_id
  join submeter.registers g on g.id = k.register_id
  join submeter.meter_installations i on i.meter_id = g.meter_id
  join submeter.agreements a on a.supply_point_id = i.supply_point_id
    and d.day >= a.from_date and (a.to_date is null or d.day < a.to_date)
  where (k.start_at, coalesce(k.end_at, 'infinity')) overlaps (d.day at time zone 'UTC', (d.day + interval '1 day') at time zone 'UTC')
    and (i.installed_at, coalesce(i.removed_at, 'infinity')) overlaps (d.day at time zone 'UTC', (d.day + interval '1 day') at time zone 'UTC'))"""

_PAYMENT_MINE = """exists (
  select from role r join submeter.escos e on e.id = x.esco_id
  where r.account_id = x.account_id and r.sees_usage
    and (coalesce(x.scheduled_at, x.created_at) at time zone e.time_zone)::date between r.first_day and r.last_day)"""

# Which days of an agreement's plan are the customer's: {plan} is the plan's key, {days} a condition on them.
_PLANNED = """exists (
  select from supply s join submeter.agreement_price_plans h on h.agreement_id = s.agreement_id
  where s.sees_usage and {plan} and greatest(s.first_day, h.from_date) <= least(s.last_day, coalesce(h.to_date - 1, 'infinity')){days})"""
_WHILE = """
    and greatest(s.first_day, h.from_date, coalesce({x}.from_date, '-infinity'))
      <= least(s.last_day, coalesce(h.to_date - 1, 'infinity'), coalesce({x}.to_date - 1, 'infinity'))"""


def _priced(component: str, rate: str = "") -> str:
    """Of a component (its key), while it holds; and of a rate while both do."""
    days = _WHILE.format(x="c") + (_WHILE.format(x=rate) if rate else "")
    return f"""exists (select from submeter.price_plan_components c where c.id = {component}
      and {_PLANNED.format(plan="h.price_plan_id = c.price_plan_id", days=days)})"""


_RATED_MINE = """exists (
  select from supply s where s.sees_usage and s.agreement_id = x.agreement_id
    and x.period_from >= s.first_day and x.period_to - 1 <= s.last_day)"""

RESOURCES = {
    "escos": _table("escos", "x.id in (select esco_id from me)", esco="x.id"),
    "esco_settings": _table("escos", REFUSED, esco="x.id"),
    "regions": _table("regions", "true", "code", esco=""),
    "benchmark_tariffs": _table("benchmark_tariffs", "true", esco=""),
    "sellers": _table(
        "sellers", "x.id in (select a.seller_id from role r join submeter.accounts a on a.id = r.account_id)"
    ),
    "sites": _table("sites", _supplied("site_id")),
    "properties": _table("properties", _supplied("property_id")),
    "supply_points": _table("supply_points", _supplied("supply_point_id")),
    "supply_point_identifiers": _table(
        "supply_point_identifiers", _supplied("supply_point_id", "x.supply_point_id")
    ),
    "customers": _table("customers", "x.id in (select id from me)"),
    "accounts": _table("accounts", _ACCOUNT.format(account="x.id")),
    "customer_accounts": _table(
        "customer_accounts", _MINE, "customer_id", "account_id", "role", "from_date"
    ),
    "agreements": _table("agreements", _supplied("agreement_id")),
    "meters": _table("meters", _measured("meter_id")),
    "meter_installations": _table("meter_installations", _measured("installation_id")),
    "meter_shadows": _table("meter_shadows", REFUSED, "meter_id"),
    "registers": _table("registers", _measured("register_id")),
    "register_types": _table(
        "register_types", "x.esco_id in (select esco_id from me)", "esco_id", "code"
    ),
    "virtual_registers": _table("virtual_registers", REFUSED, "register_id"),
    "virtual_register_parts": _table("virtual_register_parts", REFUSED),
    "site_gates": _table("site_gates", REFUSED),
    "loss_factors": _table("loss_factors", REFUSED),
    "register_multipliers": _table("register_multipliers", _measured("register_id", "x.register_id")),
    "circuits": _table("circuits", _measured("circuit_id")),
    "circuit_registers": _table(
        "circuit_registers",
        "exists (select from measured m where m.circuit_id = x.circuit_id and m.register_id = x.register_id)",
        "circuit_id", "register_id", "start_at",
    ),
    "meter_readings": Resource(("id",), _READINGS, _READING_MINE),
    "register_interval_hh": Resource(
        ("register_id", "timestamp"), _INTERVALS, _INTERVAL_MINE, narrow="timestamp"
    ),
    "register_interval_missing": Resource(("register_id", "timestamp"), _GAPS, _INTERVAL_MINE, narrow="timestamp", span=_SOME_DAYS),
    "circuit_interval_hh": Resource(
        ("circuit_id", "timestamp"), _circuits(_INTERVALS), _INTERVAL_MINE, narrow="timestamp"
    ),
    "circuit_interval_missing": Resource(
        ("circuit_id", "timestamp"), _circuits(_GAPS), _INTERVAL_MINE, narrow="timestamp", span=_SOME_DAYS
    ),
    "circuit_interval_daily": Resource(("circuit_id", "day"), _DAYS, _INTERVAL_MINE, narrow="day"),
    "circuit_interval_monthly": Resource(("circuit_id", "month"), _DAYS, _INTERVAL_MINE, narrow="month"),
    "register_interval_daily": Resource(("register_id", "day"), _days(_PLACED), _INTERVAL_MINE, narrow="day"),
    "register_interval_monthly": Resource(("register_id", "month"), _days(_PLACED), _INTERVAL_MINE, narrow="month"),
    "site_interval_hh": Resource(("site_id", "timestamp"), _PLACED, REFUSED, narrow="timestamp"),
    "site_interval_daily": Resource(("site_id", "day"), _days(_PLACED), REFUSED, narrow="day"),
    "site_interval_monthly": Resource(("site_id", "month"), _days(_PLACED), REFUSED, narrow="month"),
    "interval_settings": _table("interval_settings", REFUSED),
    "interval_findings": _table("interval_findings", REFUSED),
    "interval_changes": _table("interval_changes", REFUSED),
    "column_maps": _table("column_maps", REFUSED),
    "import_files": _table("import_files", REFUSED),
    "import_findings": _table("import_findings", REFUSED, "file_id", "number"),
    "import_waiting": _table("import_waiting", REFUSED),
    "reading_queue": _table("reading_queue", REFUSED),
    "reading_tolerances": _table("reading_tolerances", REFUSED),
    "register_interval_history": Resource(("register_id", "day", "version"), _HISTORY, REFUSED),
    "monthly_usage": _table("monthly_usage", _USAGE_MINE, "circuit_id", "month"),
    "microgrid_tariffs": _table(
        "microgrid_tariffs", "x.esco_id in (select esco_id from me)", "esco_id", "period_start"
    ),
    "customer_tariffs": _table("customer_tariffs", _MINE, "customer_id", "period_start"),
    "monthly_costs": _table("monthly_costs", _MINE, "customer_id", "month"),
    "tax_rates": _table("tax_rates", REFUSED, esco=""),
    "calendars": _table("calendars", REFUSED),
    "calendar_holidays": _table("calendar_holidays", REFUSED),
    "price_plans": _table("price_plans", _PLANNED.format(plan="h.price_plan_id = x.id", days="")),
    "price_plan_components": _table("price_plan_components", _priced("x.id")),
    "price_plan_bands": _table("price_plan_bands", _priced("x.component_id")),
    "price_plan_rates": _table("price_plan_rates", _priced("x.component_id", "x")),
    "agreement_price_plans": _table("agreement_price_plans", _PLANNED.format(plan="h.id = x.id", days="")),
    "demand_peaks": _table("demand_peaks", REFUSED),
    "rated_lines": _table("rated_lines", _RATED_MINE),
    "inducements": _table("inducements", REFUSED),
    "inducement_schedules": _table("inducement_schedules", REFUSED),
    "offerings": _table("offerings", REFUSED),
    "site_price_plans": _table("site_price_plans", REFUSED),
    "solar_credit_tariffs": _table("solar_credit_tariffs", REFUSED, "esco_id", "period_start"),
    "solar_installations": _table("solar_installations", REFUSED, "property_id"),
    "solar_credit_allocations": _table("solar_credit_allocations", REFUSED),
    "spot_prices": _table("spot_prices", REFUSED, "esco_id", "series", "day"),
    "price_conversions": _table("price_conversions", REFUSED),
    "payments": _table("payments", _PAYMENT_MINE),
    "payment_events": _table("payment_events", REFUSED),
    "audit": _table("audit", REFUSED),
}  # fmt: skip

_FOR_CUSTOMER = """
with me as (
  select c.id, c.esco_id from submeter.customers c
  where c.id = %(customer)s and (%(esco)s::uuid is null or c.esco_id = %(esco)s)
), role as (
  select r.account_id, r.from_date as first_day, coalesce(r.to_date - 1, 'infinity') as last_day,
    r.role not in ('owner', 'property_manager', 'billing_contact') as sees_usage
  from submeter.customer_accounts r join me on me.id = r.customer_id
), supply as (
  select a.id as agreement_id, a.supply_point_id, p.id as property_id, s.id as site_id, s.day_time_zone as zone, r.sees_usage,
    greatest(a.from_date, r.first_day) as first_day, least(coalesce(a.to_date - 1, 'infinity'), r.last_day) as last_day
  from role r
  join submeter.agreements a on a.account_id = r.account_id
  join submeter.supply_points sp on sp.id = a.supply_point_id
  join submeter.properties p on p.id = sp.property_id
  join submeter.sites s on s.id = p.site_id
  where greatest(a.from_date, r.first_day) <= least(coalesce(a.to_date - 1, 'infinity'), r.last_day)
), measured as (
  select s.first_day, s.last_day, s.zone, i.id as installation_id, i.installed_at,
    coalesce(i.removed_at, 'infinity') as removed_at, i.meter_id, g.id as register_id, k.circuit_id
  from supply s
  join submeter.meter_installations i on i.supply_point_id = s.supply_point_id
    and (i.installed_at at time zone s.zone)::date <= s.last_day
    and (i.removed_at is null or ((i.removed_at - interval '1 microsecond') at time zone s.zone)::date >= s.first_day)
  join submeter.registers g on g.meter_id = i.meter_id
  left join submeter.circuit_registers k on k.register_id = g.id
    and (k.start_at at time zone s.zone)::date <= s.last_day and k.start_at < coalesce(i.removed_at, 'infinity')
    and (k.end_at is null or (k.end_at > i.installed_at
      and ((k.end_at - interval '1 microsecond') at time zone s.zone)::date >= s.first_day))
  where s.sees_usage
)
"""


def true_keys(site: Site, viewer: Viewer, name: str) -> Keys | None:
    """The keys of a resource's rows that a viewer may see, as JSON texts; None where it is refused altogether."""
    resource = RESOURCES[name]
    condition = _condition(resource, viewer)
    if condition is None:
        return None
    keys = ", ".join(f'x."{column}"::text' for column in resource.key)
    query = f"select {keys} from {resource.rows} where ({condition})"
    if viewer.sight == "customer":
        query = _FOR_CUSTOMER + query
    query += _within(resource, site.window)
    values = {"esco": viewer.esco, "customer": viewer.customer, **_window_values(site.window)}
    rows = site.owner.execute(query, values).fetchall()
    return frozenset(json.dumps([normal(value) for value in row]) for row in rows)


def true_days(site: Site, viewer: Viewer, column: str, key: str, first: str, end: str) -> set[str] | None:
    """The days on which a register or circuit (column register_id or circuit_id) measured a customer; None if never."""
    query = f"""{_FOR_CUSTOMER}
      select d.day::date::text
      from measured m
      left join generate_series(%(first)s::date, %(end)s::date - 1, '1 day') d (day) on d.day between m.first_day and m.last_day
        and d.day::date::timestamp at time zone m.zone < m.removed_at
        and (d.day::date + 1)::timestamp at time zone m.zone > m.installed_at
      where m.{column} = %(key)s::uuid"""
    values = {"esco": viewer.esco, "customer": viewer.customer, "key": key, "first": first, "end": end}
    rows = site.owner.execute(query, values).fetchall()
    return {day for (day,) in rows if day} if rows else None


def normal(value: object) -> str:
    """One writing of a moment, whether SQL or JSON wrote it: 2025-07-14 23:00:00+00."""
    return str(value).replace("T", " ").replace("+00:00", "+00")


def _condition(resource: Resource, viewer: Viewer) -> str | None:
    if viewer.sight == "all":
        return "true"
    if viewer.sight == "esco":
        return f"{resource.esco} = %(esco)s" if resource.esco else "true"
    if viewer.sight == "customer":
        return resource.customer
    return "x.status = 'active'" if resource is RESOURCES["escos"] else None


def every_key(owner: psycopg.Connection, name: str, window: Window | None = None) -> list[tuple[str, ...]]:
    """Keys of a resource with the ESCO first: what an attacker would guess at."""
    resource = RESOURCES[name]
    columns = ", ".join(f'x."{column}"::text' for column in resource.key)
    query = f"select {resource.esco or 'null'}::text, {columns} from {resource.rows} where true"
    query += _within(resource, window)
    return owner.execute(query, _window_values(window)).fetchall()


def _within(resource: Resource, window: Window | None) -> str:
    column = resource.narrow
    if window and column:
        return f' and x."{column}" >= %(first)s and x."{column}" < %(last)s'
    if resource.span:
        return f" and x.\"{column}\" >= '{resource.span[0]}' and x.\"{column}\" < '{resource.span[1]}'"
    return ""


def _window_values(window: Window | None) -> dict[str, object]:
    if window is None:
        return {"first": None, "last": None, "registers": None}
    return {"first": window.first, "last": window.last, "registers": list(window.registers)}
