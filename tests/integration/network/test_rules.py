"""What the database refuses of meters, registers and identifiers, each with a code and a hint."""

from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.metering.town import Town, make_town
from submeter.core.problem import Problem, Refused
from submeter.db.database import Database
from submeter.db.problems import coded
from submeter.db.transactions import transaction
from submeter.network.identifiers import SCHEMES, canonical, nmi_checksum, problem_with

HOME, OTHER = "6001000001", "6001000002"


@pytest.fixture(scope="module")
def town(module_database: Database) -> Town:
    return make_town(module_database, (HOME, OTHER))


def refusal(town: Town, code: str, query: str, *values: Any) -> Problem:
    """The statement is refused with the code; nothing of it stays."""
    with pytest.raises(psycopg.Error) as raised, transaction(town.database, town.operator) as connection:
        connection.execute(query.encode(), values or None)
    problem = coded(raised.value)
    assert problem is not None, raised.value
    assert (problem.code, bool(problem.hint)) == (code, True)
    return problem


def run(town: Town, *statements: tuple[Any, ...]) -> None:
    """Statements in one transaction that is undone."""
    with transaction(town.database, town.operator) as connection, connection.transaction(force_rollback=True):
        for query, *values in statements:
            connection.execute(query.encode(), values or None)


# Identifiers -----------------------------------------------------------------------------------------------------

_TEXT = st.one_of(
    st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), max_size=25),
    st.text("0123456789 -ABCXYZIO", max_size=23),
    st.from_regex(
        r"[0-9A-HJ-NP-Z]{10}[0-9]?|[0-9]{10}[A-Z]{2}[0-9A-F]{3}|[0-9]{6,13}|[0-9]{8}[0-9]{13}", fullmatch=True
    ),
)


@given(st.sampled_from([*SCHEMES, "NMI", "gsrn"]), st.lists(_TEXT, min_size=1, max_size=40))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sql_and_python_judge_identifiers_alike(town: Town, scheme: str, texts: list[str]) -> None:
    right = [text[:10] + nmi_checksum(text[:10]) for text in texts if problem_with("nmi", text[:10]) is None]
    rows = town.rows(
        "select c.code, c.hint, c.canonical from unnest(%s::text[]) with ordinality as t (text, n)"
        " cross join lateral submeter.check_identifier(%s, t.text) c order by n",
        texts + right,
        scheme,
    )
    for text, (code, hint, spelled) in zip(texts + right, rows, strict=True):
        problem = problem_with(scheme, text)
        assert (code, hint) == ((problem.code, problem.hint) if problem else (None, None)), (scheme, text)
        try:
            assert spelled == canonical(scheme, text)
        except Refused:
            assert spelled is None


ADD = (
    "insert into public.supply_point_identifiers (supply_point_id, scheme, identifier, to_date)"
    " select id, %s, %s, '1950-01-01' from public.supply_points limit 1 returning scheme, identifier"
)


@pytest.mark.parametrize(
    ("scheme", "identifier", "code", "hint"),
    [
        ("NMI", "60010000019", "NET103", "The check is 4, not 9"),
        ("ICP", "0000543210NR45D", "NET103", "The check is 45E, not 45D"),
        ("MPAN", "2012345678384", "NET103", "The check is 5, not 4"),
        ("MPRN", "3938424404", "NET103", "The check is 03, not 04"),
        ("NMI", "600100000I", "NET102", "10 letters and digits"),
        ("gsrn", "1", "NET101", "One of nmi"),
    ],
)
def test_an_identifier_is_checked_when_it_is_written(
    town: Town, scheme: str, identifier: str, code: str, hint: str
) -> None:
    assert hint in refusal(town, code, ADD, scheme, identifier).hint


def test_an_identifier_is_stored_in_its_one_spelling(town: Town) -> None:
    with transaction(town.database, town.operator) as connection, connection.transaction(force_rollback=True):
        rows = [
            connection.execute(ADD.encode(), told).fetchone()
            for told in (("icp", "0000543210 nr45e"), ("mpan", "01 801 100 20 1234 5678 385"))
        ]
    assert rows == [("ICP", "0000543210NR45E"), ("MPAN", "2012345678385")]


# Registers -------------------------------------------------------------------------------------------------------


def test_types_are_each_escos_own_and_units_fit(town: Town) -> None:
    codes = [code for (code,) in town.rows("select code from submeter.register_types order by code")]
    assert codes == ["ALLDAY", "COLD", "DEMAND", "HOT", "IMPORT1_01", "OFFPEAK", "PEAK", "SHOULDER", "STDGAS"]
    meter = town.add("meters", serial="types", status="stock")
    add = "insert into public.registers (meter_id, name, type, unit) values (%s, %s, %s, %s)"
    refusal(town, "NET104", add, meter, "1", "NOSUCH", None)
    refusal(town, "NET105", add, meter, "1", "COLD", "kWh")
    run(
        town,
        (
            "insert into public.register_types (code, name, product, unit) values ('BORE', 'Bore water', 'water', 'm3')",
        ),
        (add, meter, "1", "BORE", "L"),
        (add, meter, "2", "COLD", "pulse"),
    )


def test_a_closed_register_says_when(town: Town) -> None:
    close = "update public.registers set status = 'closed' where id = %s"
    refusal(town, "NET106", close, town.registers[HOME])
    run(
        town,
        ("update public.meter_installations set removed_at = '2025-01-01' where supply_point_id = (select supply_point_id from public.supply_point_identifiers where identifier = %s)", HOME),
        (close, town.registers[HOME]),
        ("select 1/(count(*) filter (where closed_at = '2025-01-01'))::int from public.registers where id = %s", town.registers[HOME]),
        ("update public.registers set status = 'active' where id = %s", town.registers[HOME]),
        ("select 1/(count(*) filter (where closed_at is null))::int from public.registers where id = %s", town.registers[HOME]),
    )  # fmt: skip


def test_a_code_and_register_are_one_at_a_supply_point(town: Town) -> None:
    point = town.value(
        "select supply_point_id::text from submeter.supply_point_identifiers where identifier = %s", OTHER
    )
    twin = town.add("meters", serial="twin", status="stock")
    town.add("registers", meter_id=twin, name="E1", meter_code=f"M{OTHER}")
    install = "insert into public.meter_installations (meter_id, supply_point_id, installed_at) values (%s, %s, '2024-01-01')"
    refusal(town, "NET107", install, twin, point)
    run(
        town,
        ("update public.meter_installations set removed_at = '2024-01-01' where supply_point_id = %s", point),
        (install, twin, point),
    )


def test_many_registers_in_one_statement(town: Town) -> None:
    """Thousands at one meter, and thousands of meters: each is looked at once, or this would not end."""
    meter = town.value("select meter_id::text from public.registers where id = %s", town.registers[HOME])
    many = "insert into public.registers (meter_id, name) select %s, 'N' || n from generate_series(1, 5000) n"
    run(
        town,
        ("set local statement_timeout = '5min'",),
        (many, meter),
        ("insert into public.meters (serial) select 'many ' || n from generate_series(1, 5000) n",),
        ("insert into public.registers (meter_id, name) select id, 'E1' from public.meters where serial like 'many %'",),
        ("update public.registers set meter_code = 'K' || name where meter_id = %s and name like 'N%%'", meter),
        ("insert into public.registers (meter_id, name, meter_code) select %s, 'X' || n, 'K' from generate_series(1, 5000) n", meter),
    )  # fmt: skip
    named = many.replace("(meter_id, name)", "(meter_id, name, meter_code, meter_register)")
    named = named.replace("'N' || n from", "'N' || n, 'K', (n %% 4999)::text from")
    refusal(town, "NET107", named, meter)


# Removal ---------------------------------------------------------------------------------------------------------


def test_no_reading_after_the_removal_and_none_left_behind_it(town: Town) -> None:
    read = "insert into submeter.readings (register_id, read_at, reading) values (%s, '2025-03-01', 5)"
    remove = "update public.meter_installations set removed_at = '2025-02-01' where meter_id = (select meter_id from public.registers where id = %s)"
    key = town.registers[HOME]
    run(town, (read, key))
    with pytest.raises(psycopg.Error, match="NET108"):
        run(town, (remove, key), (read, key))
    with pytest.raises(psycopg.Error, match="NET108"):
        run(town, (read, key), (remove, key))


def test_a_removed_meter_was_removed_on_some_day(town: Town) -> None:
    status = "update public.meters set status = 'removed' where serial = %s"
    refusal(town, "NET109", status, f"M{HOME}")
    run(
        town,
        ("update public.meter_installations set removed_at = '2025-02-01' where meter_id = (select id from public.meters where serial = %s)", f"M{HOME}"),
        ("select 1/(count(*) filter (where status = 'removed'))::int from public.meters where serial = %s", f"M{HOME}"),
    )  # fmt: skip


# Multipliers -----------------------------------------------------------------------------------------------------


def test_a_multiplier_is_the_product_of_its_factors_one_at_a_time(town: Town) -> None:
    add = "insert into public.register_multipliers (register_id, multiplier, ct_ratio, vt_ratio, pulse_weight, from_date, to_date) values (%s, %s, %s, %s, %s, %s, %s)"
    key = town.registers[HOME]
    assert (
        "CT x VT x pulse is 4400"
        in refusal(town, "NET110", add, key, 40, 40, 110, 1, "2024-01-01", None).detail
    )
    run(
        town,
        (add, key, None, 40, 110, "0.5", "2024-01-01", "2025-01-01"),
        (add, key, 3, None, None, None, "2025-01-01", None),
        (
            "select 1/(sum(multiplier) = 2203)::int from public.register_multipliers where register_id = %s",
            key,
        ),
    )
    with pytest.raises(psycopg.errors.ExclusionViolation):
        run(
            town,
            (add, key, 2, None, None, None, "2024-01-01", None),
            (add, key, 3, None, None, None, "2025-01-01", None),
        )


# Virtual registers -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def books(town: Town) -> list[str]:
    """Three virtual registers, each a part of the next."""
    meter = town.add("meters", serial="books", status="stock")
    keys = [town.add("registers", meter_id=meter, name=name) for name in "ABC"]
    for key in keys:
        town.value(
            "insert into submeter.virtual_registers (esco_id, register_id, formula) values (%s, %s, 'sum') returning 1",
            town.esco_id,
            key,
        )
    for whole, part in zip(keys[1:], keys, strict=False):
        town.add("virtual_register_parts", virtual_register_id=whole, register_id=part)
    return keys


PART = "insert into public.virtual_register_parts (virtual_register_id, register_id, start_at) values (%s, %s, '2024-01-01')"


@pytest.mark.parametrize(("whole", "part"), [(0, 0), (0, 1), (0, 2), (1, 2)])
def test_no_virtual_register_is_a_part_of_itself(town: Town, books: list[str], whole: int, part: int) -> None:
    told = refusal(town, "NET111", PART, books[whole], books[part])
    assert told.detail.startswith("books " + "ABC"[whole])
    assert told.detail.endswith("books " + "ABC"[whole])


def test_parts_fit_the_unit_and_the_formula(town: Town, books: list[str]) -> None:
    meter = town.add("meters", serial="water", status="stock")
    water = town.add("registers", meter_id=meter, name="1", type="COLD")
    share = town.add("registers", meter_id=meter, name="S")
    town.value(
        "insert into submeter.virtual_registers (esco_id, register_id, formula) values (%s, %s, 'share') returning 1",
        town.esco_id,
        share,
    )
    town.add("virtual_register_parts", virtual_register_id=share, register_id=town.registers[HOME])
    refusal(town, "NET112", PART, books[0], water)
    refusal(town, "NET113", PART, share, town.registers[OTHER])
    refusal(
        town,
        "NET113",
        "update public.virtual_registers set formula = 'residual' where register_id = %s",
        share,
    )


def test_a_virtual_register_is_not_read(town: Town, books: list[str]) -> None:
    refusal(
        town, "NET114", "insert into public.meter_readings (register_id, reading) values (%s, 1)", books[0]
    )
    refusal(
        town,
        "NET114",
        "insert into submeter.interval_registers (register_id, esco_id) values (%s, %s)",
        books[0],
        town.esco_id,
    )
    read = town.registers[OTHER]
    town.add("readings", register_id=read, read_at="2023-01-01", reading=1)
    refusal(
        town, "NET114", "insert into public.virtual_registers (register_id, formula) values (%s, 'sum')", read
    )


# Gates and losses ------------------------------------------------------------------------------------------------


def test_a_gate_stands_in_its_site(town: Town) -> None:
    elsewhere = town.add("sites", name="Elsewhere")
    point = town.value(
        "select supply_point_id::text from submeter.supply_point_identifiers where identifier = %s", OTHER
    )
    refusal(
        town,
        "NET115",
        "insert into public.site_gates (site_id, supply_point_id) values (%s, %s)",
        elsewhere,
        point,
    )


def test_the_nearest_loss_factor_holds(town: Town) -> None:
    point = town.value(
        "select supply_point_id::text from submeter.supply_point_identifiers where identifier = %s", OTHER
    )
    town.value("update submeter.supply_points set loss_factor_code = 'BL1' where id = %s returning 1", point)
    town.add("loss_factors", kind="DLF", site_id=town.site_id, factor="1.01")
    town.add("loss_factors", kind="DLF", code="BL1", factor="1.02", from_date="2025-01-01")
    town.add("loss_factors", kind="DLF", supply_point_id=point, factor="1.03", from_date="2026-01-01")
    town.add("loss_factors", kind="MLF", code="BL1", factor="0.98")
    on = "select kind, factor::float, given_by from public.loss_factors_on(%s, %s)"
    assert town.rows(on, point, "2024-06-01") == [("DLF", 1.01, "site"), ("MLF", 0.98, "code")]
    assert town.rows(on, point, "2025-06-01")[0] == ("DLF", 1.02, "code")
    assert town.rows(on, point, "2026-06-01")[0] == ("DLF", 1.03, "supply point")
    with pytest.raises(psycopg.errors.ExclusionViolation):
        town.add("loss_factors", kind="DLF", code="BL1", factor="1.05", from_date="2024-01-01")
    for wrong in (
        {"factor": "4.5", "code": "X"},
        {"factor": "1.1"},
        {"factor": "1.1", "code": "X", "site_id": town.site_id},
    ):
        with pytest.raises(psycopg.errors.CheckViolation):
            town.add("loss_factors", kind="MLF", **wrong)
