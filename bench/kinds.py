"""The eight kinds of request that rowgate is measured by, each with the truth about its answers."""

from datetime import date, timedelta

from bench.kind import Kind
from bench.world import CUSTOMER_KEYS, ESCO, FIRST_DAY, INTERVALS, METER_KEYS, NEW

BULK = 500


def _bulk_body() -> str:
    rows = (
        f'{{"register_id":"{METER_KEYS.text(11)}","at":"2026-05-{n // 48 + 1:02d}T{n % 48 // 2:02d}:'
        f'{n % 2 * 30:02d}:00Z","kwh":{n % 97 / 100:.2f}}}'
        for n in range(BULK)
    )
    return f"[{','.join(rows)}]"


_MINIMAL = {"prefer": "return=minimal"}
_NEXT_DAY = (date.fromisoformat(FIRST_DAY) + timedelta(days=1)).isoformat()
_DAY = f"at=gte.{FIRST_DAY}T00:00:00Z&at=lt.{_NEXT_DAY}T00:00:00Z"
_EMBEDDED = "select=id,name,escos(code),customer_accounts(role,account_id)"
_NEXT = f"from customers where esco_id = '{ESCO}' and id > '{{key}}' order by id limit 20"

KINDS = (
    Kind(
        "by key",
        "GET",
        "/customers?id=eq.{key}",
        CUSTOMER_KEYS,
        truth="select json_agg(customers) from customers where id = '{key}'",
    ),
    Kind(
        "page",
        "GET",
        "/customers?id=gt.{key}&order=id&limit=20",
        CUSTOMER_KEYS,
        truth=f"select json_agg(page) from (select * {_NEXT}) as page",
    ),
    Kind(
        "embed",
        "GET",
        f"/customers?{_EMBEDDED}&id=gt.{{key}}&order=id&limit=20",
        CUSTOMER_KEYS,
        truth="select json_agg(json_build_object('id', id, 'name', name, 'escos', json_build_object('code',"
        " 'bench'), 'customer_accounts', (select json_agg(json_build_object('role', role, 'account_id',"
        f" account_id)) from customer_accounts where customer_id = id))) from (select * {_NEXT}) as page",
    ),
    Kind(
        "series",
        "GET",
        f"/intervals?select=at,kwh&register_id=eq.{{key}}&{_DAY}&order=at",
        METER_KEYS,
        truth="select json_agg(json_build_object('at', at, 'kwh', kwh) order by at) from intervals"
        f" where register_id = '{{key}}' and at >= '{FIRST_DAY} 00:00Z' and at < '{_NEXT_DAY} 00:00Z'",
    ),
    Kind(
        "insert",
        "POST",
        "/customers",
        CUSTOMER_KEYS,
        f'{{"name":"{NEW}","email":"new@example.org","status":"pending"}}',
        _MINIMAL,
        written=f"select count(*) from customers where name = '{NEW}' and esco_id = '{ESCO}'",
    ),
    Kind(
        "bulk",
        "POST",
        "/intervals",
        METER_KEYS,
        _bulk_body(),
        _MINIMAL,
        written=f"select count(*) from intervals where id > {INTERVALS} and esco_id = '{ESCO}'",
        rows=BULK,
    ),
    Kind(
        "patch",
        "PATCH",
        "/customers?id=eq.{key}",
        CUSTOMER_KEYS,
        '{"status":"moved"}',
        _MINIMAL,
        written="select count(*) from customers where status = 'moved'",
    ),
    Kind(
        "function",
        "POST",
        "/rpc/find_customer",
        CUSTOMER_KEYS,
        '{"customer_id":"{key}"}',
        truth="select json_agg(json_build_object('name', name, 'status', status)) from customers"
        " where id = '{key}'",
    ),
)
