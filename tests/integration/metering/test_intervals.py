"""Intervals that are stored: checked, estimated, edited, explained."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integration.metering.town import DAY, MADE, MARKET, Town, day_row, make_town, nmi
from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.db.database import Database
from submeter.db.transactions import transaction
from submeter.metering.actions import decide_waiting
from submeter.metering.checking import check_due, check_intervals, dismiss_findings, list_findings
from submeter.metering.editing import Edit, edit_intervals
from submeter.metering.estimating import estimate_intervals
from submeter.metering.explaining import explain_interval
from submeter.metering.filling import Estimated, EstimateOptions
from submeter.metering.model import DayRow, QualityRange
from submeter.metering.selecting import Selection

HOMES = ("6001000001", "6001000002")
HOME = HOMES[0]
BUSY = [100 + n for n in range(48)]
GAP: list[int | None] = [*BUSY[:20], None, None, *BUSY[22:]]


@pytest.fixture
def town(database: Database) -> Iterator[Town]:
    return make_town(database, HOMES)


def days(count: int, first: date = DAY, name: str = HOME, **more: Any) -> list[DayRow]:
    """Days with some use, so that nothing is wrong with them."""
    return [day_row(name, BUSY, first + timedelta(n), line=n + 2, **more) for n in range(count)]


def found(town: Town, *statuses: str) -> list[tuple[str, date, int, int]]:
    rows = list_findings(town.database, town.operator, Selection(), statuses or ("open",))
    return [(one.code, one.day, one.first, one.last) for one in rows]


def later(days: int) -> date:
    return DAY + timedelta(days)


def estimate(town: Town, **more: Any) -> tuple[Estimated, ...]:
    selection = Selection(
        more.pop("register", ""), more.pop("site", ""), more.pop("first", None), more.pop("end", None)
    )
    return estimate_intervals(town.database, town.operator, selection, EstimateOptions(**more))


def edit(town: Town, at: str, *quantities: str | None, **more: Any) -> Any:
    values = [None if one is None else Decimal(one) for one in quantities]
    wanted = Edit(
        more.pop("register", HOME), datetime.fromisoformat(at), values, more.pop("reason", "seen"), **more
    )
    return edit_intervals(town.database, town.operator, wanted)


# Checks ---------------------------------------------------------------------------------------------------------


def test_an_import_checks_what_it_has_stored(town: Town) -> None:
    report = town.load([*days(3), day_row(HOME, GAP, later(3)), *days(1, later(6))])
    assert report.counts["suspect"] == 2
    assert "findings in what is stored now" in report.as_text()
    assert found(town) == [("MTR353", later(3), 21, 22), ("MTR354", later(6), 1, 1)]
    row = town.rows(
        "select severity, starts_at, detail, hint from public.interval_findings where code = 'MTR353'"
    )[0]
    assert row[:2] == ("warning", datetime(2026, 3, 8, 0, 0, tzinfo=UTC))
    assert row[2:] == ("2 of 48 intervals are missing", "Ask the source for them, or let them be estimated")
    assert town.value("select count(*) from submeter.interval_checks_due") == 0


def test_newer_data_resolve_what_was_found(town: Town) -> None:
    town.load([*days(3), day_row(HOME, GAP, later(3)), *days(1, later(6))])
    town.load(days(3, later(3)), made=MADE + timedelta(1))
    assert found(town) == []
    assert found(town, "resolved") == [("MTR353", later(3), 21, 22), ("MTR354", later(6), 1, 1)]
    town.load([day_row(HOME, GAP, later(3))], made=MADE + timedelta(2))
    assert found(town) == []  # it is not current: less of it was measured
    waiting = town.value("select id from submeter.import_waiting")
    decide_waiting(town.database, town.operator, waiting, "seen", accept=True)
    check_due(town.database, town.operator)
    assert found(town) == [("MTR353", later(3), 21, 22)]


def test_an_import_that_is_not_followed_by_a_check_leaves_it_due(town: Town) -> None:
    town.load([day_row(HOME, GAP)], check=False)
    assert (found(town), town.value("select count(*) from submeter.interval_checks_due")) == ([], 1)
    assert check_due(town.database, town.operator).days == 1
    assert found(town) == [("MTR353", DAY, 21, 22)]
    assert check_due(town.database, town.operator).days == 0


def test_a_time_without_use_is_one_finding_while_it_goes_on(town: Town) -> None:
    town.load([*days(2), *(day_row(HOME, 0, later(n)) for n in (2, 3, 4))])
    assert found(town) == []
    for count in (5, 6, 7):
        town.load([day_row(HOME, 0, later(count))])
        assert found(town) == [("MTR357", later(2), 1, 48)]
    detail = "select detail from submeter.interval_findings"
    assert town.value(detail) == "144 hours without use, up to 2026-03-12"
    number = town.value("select id from submeter.interval_findings")
    dismiss_findings(town.database, town.operator, [number], "nobody lives there")
    town.load([day_row(HOME, 0, later(8))])
    assert (found(town), found(town, "dismissed")) == ([], [("MTR357", later(2), 1, 48)])
    town.load(days(1, later(2)), made=MADE + timedelta(1))
    assert found(town, "open") == [("MTR357", later(3), 1, 48)]


def test_intervals_and_dial_are_compared(town: Town) -> None:
    register = town.registers[HOME]
    start = "2026-03-04T14:00Z"
    for at, value in ((start, 100), ("2026-03-07T14:00Z", 118)):
        town.add("readings", register_id=register, read_at=at, reading=value)
    town.load(days(2))
    assert found(town) == []  # the dial went on for a day that is not there yet
    town.load(days(1, later(2)))
    assert found(town) == []  # 17.784 and 18: within the last digit of the dial
    town.load([day_row(HOME, [3 * one for one in BUSY], later(1))], made=MADE + timedelta(1))
    assert found(town) == [("MTR358", DAY, 1, 48)]
    detail = town.value("select detail from submeter.interval_findings where status = 'open'")
    assert detail == "intervals up to 2026-03-07: 29.640, register: 18"
    town.add("register_multipliers", register_id=register, multiplier=2, from_date="2020-01-01")
    check_intervals(town.database, town.operator, Selection(HOME))
    assert "register: 36" in town.value("select detail from submeter.interval_findings where status = 'open'")


@pytest.mark.parametrize("changes", ["since they begin", "when they end"])
def test_the_dial_is_compared_up_to_the_day_of_another_multiplier(town: Town, changes: str) -> None:
    """The days of a multiplier are the site's: they begin some hours before those of UTC."""
    register = town.registers[HOME]
    first, end = DAY, later(3)
    edge = first if changes == "since they begin" else end
    values = (1, 10) if changes == "since they begin" else (10, 1)
    town.add(
        "register_multipliers",
        register_id=register,
        multiplier=values[0],
        from_date="2020-01-01",
        to_date=edge,
    )
    town.add("register_multipliers", register_id=register, multiplier=values[1], from_date=edge)
    for day, value in ((first, 100), (end, 118)):
        at = f"{day}T00:00 Australia/Melbourne"
        town.add("readings", register_id=register, read_at=at, reading=value)
    town.load([day_row(HOME, BUSY, DAY - timedelta(1)), *days(3)])
    detail = "select detail from submeter.interval_findings where code = 'MTR358'"
    assert town.value(detail).endswith("register: 180")


def test_tolerances_are_the_operators(town: Town) -> None:
    spiky = [10, 10, 900, *[10] * 45]
    town.load([day_row(name, spiky) for name in HOMES])
    assert [code for code, *_ in found(town)] == ["MTR356", "MTR356"]
    town.add("interval_settings", site_id=town.site_id, spike_percent=100_000)
    town.add("interval_settings", register_id=town.registers[HOMES[1]], spike_percent=100)
    town.add("interval_settings", nature="water", spike_percent=1)
    check_intervals(town.database, town.operator, Selection(site="Estate"))
    rows = list_findings(town.database, town.operator, Selection())
    assert [one.register for one in rows] == [f"M{HOMES[1]}/E1"]


def test_tolerances_of_a_type_of_register(town: Town) -> None:
    """A type comes before a kind, a site before either, a type at a site before the site."""
    spiky = [10, 10, 900, *[10] * 45]
    town.load([day_row(name, spiky) for name in HOMES])
    town.rows("update submeter.registers set type = 'PEAK' where id = %s returning id", town.registers[HOME])
    town.add("interval_settings", type="PEAK", spike_percent=100_000)
    town.add("interval_settings", nature="power", spike_percent=100)
    assert suspects(town) == [f"M{HOMES[1]}/E1"]
    town.add("interval_settings", site_id=town.site_id, spike_percent=100)
    assert suspects(town) == [f"M{HOMES[0]}/E1", f"M{HOMES[1]}/E1"]
    town.add("interval_settings", site_id=town.site_id, type="PEAK", spike_percent=100_000)
    assert suspects(town) == [f"M{HOMES[1]}/E1"]


def suspects(town: Town) -> list[str]:
    check_intervals(town.database, town.operator, Selection())
    return sorted(one.register for one in list_findings(town.database, town.operator, Selection()))


def test_reverse_flow_and_where_something_generates(town: Town) -> None:
    meter = town.value("select meter_id::text from submeter.registers where id = %s", town.registers[HOME])
    export = town.add("registers", meter_id=meter, name="B1", direction="export")
    rows = [day_row(HOME, BUSY, stream=nmi(HOME, "B1", direction="export"))]
    town.load(rows)
    assert [code for code, *_ in found(town)] == ["MTR359"]
    town.add("interval_settings", register_id=export, may_export=True)
    check_intervals(town.database, town.operator, Selection(f"M{HOME}/b1"))
    assert found(town) == []


def test_days_that_clocks_and_signs_make_doubtful(town: Town) -> None:
    """A day of London in spring with an hour too many; days of two clocks that overlap; an amount below zero."""
    register = town.registers[HOME]
    town.add_day(register, date(2026, 3, 29), "Europe/London", [1] * 48)
    town.load(
        [
            day_row(HOME, BUSY, date(2026, 4, 9), clock="UTC"),
            day_row(HOME, [-1, *BUSY[1:]], date(2026, 4, 10)),
        ]
    )
    check_due(town.database, town.operator)
    assert found(town) == [
        ("MTR351", date(2026, 3, 29), 1, 48),
        ("MTR354", date(2026, 4, 9), 1, 1),
        ("MTR352", date(2026, 4, 10), 1, 20),
        ("MTR355", date(2026, 4, 10), 1, 1),
    ]


def test_an_exchange_leaves_no_gap(town: Town) -> None:
    """Each meter's day lacks the other's hours; those are not missing, and nobody estimates them."""
    point = town.value(
        "select supply_point_id from submeter.meter_installations i join submeter.registers g using (meter_id) where g.id = %s",
        town.registers[HOME],
    )
    town.rows(
        "update submeter.meter_installations set removed_at = '2026-03-05T02:00Z' where supply_point_id = %s returning id",
        point,
    )
    town.add_meter("new", point, "NEW", "2026-03-05T02:00Z")
    town.load(days(1))
    assert town.value("select count(*) from submeter.register_intervals where missing > 0") == 2
    assert (found(town), estimate(town)) == ([], ())


def test_a_finding_is_dismissed_with_a_reason_and_it_is_audited(town: Town) -> None:
    town.load([day_row(HOME, GAP)])
    number = town.value("select id from submeter.interval_findings")
    for ids, reason, code in (([number], " ", "MTR405"), ([number, 0], "why", "MTR409")):
        with pytest.raises(Refused, match=code):
            dismiss_findings(town.database, town.operator, ids, reason)
    clerk = Caller("operator", town.esco_id, key="clerk")
    dismiss_findings(town.database, clerk, [number], "meter was exchanged")
    with pytest.raises(Refused, match="MTR409"):
        dismiss_findings(town.database, clerk, [number], "again")
    audit = town.rows(
        "select actor, action, changes ->> 'status' from submeter.audit where table_name = 'interval_findings'"
    )
    assert audit == [({"key": "clerk"}, "update", "dismissed")]
    check_intervals(town.database, town.operator, Selection())
    assert found(town) == []
    # The gap is another one now.
    town.load([day_row(HOME, [None, *GAP[1:]])], made=MADE + timedelta(1))
    assert found(town) == [("MTR353", DAY, 1, 1)]


@pytest.mark.parametrize(
    ("selection", "code"),
    [
        ({"register": "nobody"}, "MTR400"),
        ({"register": "00000000-0000-0000-0000-000000000000"}, "MTR400"),
        ({"register": "shared"}, "MTR401"),
        ({"site": "nowhere"}, "MTR402"),
        ({"first": DAY, "end": DAY}, "MTR403"),
    ],
)
def test_what_is_not_there_cannot_be_checked(town: Town, selection: Any, code: str) -> None:
    meter = town.add("meters", serial="shared")
    for name in ("1", "2"):
        town.add("registers", meter_id=meter, name=name)
    with pytest.raises(Refused, match=code) as refused:
        check_intervals(town.database, town.operator, Selection(**selection))
    assert refused.value.problem.hint


@pytest.mark.parametrize("name", [HOME, f"M{HOME}", f"M{HOME}/E1", f"{HOME}/e1", f"{HOME}2"])
def test_ways_to_name_a_register(town: Town, name: str) -> None:
    town.load(days(1))
    assert check_intervals(town.database, town.operator, Selection(name)).registers == 1


def test_another_operators_registers_are_not_there(town: Town) -> None:
    other = Caller(
        "operator",
        str(
            town.value(
                "insert into submeter.escos (code, name, region) select 'other', 'Other', region from submeter.escos returning id::text"
            )
        ),
    )
    town.load([day_row(HOME, GAP)])
    with pytest.raises(Refused, match="MTR400"):
        check_intervals(town.database, other, Selection(town.registers[HOME]))
    with pytest.raises(Refused, match="MTR400"):
        explain_interval(town.database, other, town.registers[HOME], datetime(2026, 3, 5, tzinfo=UTC))
    assert check_intervals(town.database, other, Selection()).registers == 0
    assert estimate_intervals(town.database, other, Selection(), EstimateOptions()) == ()
    assert list_findings(town.database, other, Selection()) == ()


# Estimates ------------------------------------------------------------------------------------------------------


def test_a_short_gap_becomes_a_line_and_says_so(town: Town) -> None:
    town.load([day_row(HOME, GAP)], name="march.csv")
    (one,) = estimate(town, reason_code=76)
    assert (one.day, one.first, one.last, one.outcome, one.quantity) == (
        DAY,
        21,
        22,
        "estimated",
        Decimal("0.241"),
    )
    assert town.current(HOME) == BUSY
    row = town.rows(
        "select quality, ranges, standing, source, edited_by, line from submeter.register_intervals"
    )[0]
    text = "Submeter: linear of 2026-03-05"
    ranges = [[1, 20, "A", "", "", ""], [21, 22, "S", "17", "76", text], [23, 48, "A", "", "", ""]]
    assert row == ("V", ranges, 1, "estimated by operator", None, 2)
    qualities = town.rows(
        "select quality, count(*), sum(kwh) from public.register_interval_hh group by 1 order by 1"
    )
    assert qualities == [("A", 46, Decimal(sum(BUSY) - 241) / 1000), ("S", 2, Decimal("0.241"))]
    assert town.rows(
        "select kind, first, last, method, total_before, total_after, made_by from public.interval_changes"
    ) == [("estimate", 21, 22, "17", None, Decimal("0.241"), "operator")]
    check_due(town.database, town.operator)
    assert found(town) == []
    assert [one.outcome for one in estimate(town, reason_code=76)] == ["unchanged"]
    assert town.value("select count(*) from submeter.register_interval_versions") == 1


def test_whole_days_are_like_days_and_the_next_actual_takes_their_place(town: Town) -> None:
    town.load([*days(14), *days(7, later(16))])
    done = estimate(town)
    assert [(one.day, one.first, one.last, one.outcome) for one in done] == [
        (later(14), 1, 48, "estimated"),
        (later(15), 1, 48, "estimated"),
    ]
    assert done[0].estimate
    assert (done[0].estimate.quality, done[0].estimate.method) == ("S", "15")
    assert town.current(HOME, later(14)) == BUSY
    assert town.rows(
        "select quality, standing from submeter.register_intervals where day = %s", later(14)
    ) == [("S", 0)]
    town.load([day_row(HOME, [2 * one for one in BUSY], later(14))], made=MADE - timedelta(500))
    assert town.current(HOME, later(14)) == [2 * one for one in BUSY]
    assert town.value("select count(*) from submeter.import_waiting") == 0
    assert (
        town.value("select source from submeter.register_interval_versions where day = %s", later(14))
        == "estimated by operator"
    )


def test_an_estimated_day_that_comes_with_gaps_is_estimated_again(town: Town) -> None:
    """As if the data had come first."""
    town.load([*days(14), *days(3, later(15))])
    estimate(town, reason_code=76)
    part: list[int | None] = [7] * 10 + [None] * 38
    town.load([day_row(HOME, part, later(14))], made=MADE - timedelta(9))
    assert town.current(HOME, later(14)) == [*[7] * 10, *BUSY[10:]]
    ranges = town.value("select ranges from submeter.register_intervals where day = %s", later(14))
    assert [part[:5] for part in ranges] == [[1, 10, "A", "", ""], [11, 48, "S", "15", "76"]]
    assert found(town) == []
    # The same once more, in another file, then whole.
    town.load([day_row(HOME, part, later(14))], made=MADE, name="again.csv")
    assert town.current(HOME, later(14)) == [*[7] * 10, *BUSY[10:]]
    town.load([day_row(HOME, 9, later(14))], made=MADE)
    assert town.current(HOME, later(14)) == [9] * 48
    # What nobody wanted estimated stays missing.
    town.load([day_row(HOME, part, later(18))])
    assert town.current(HOME, later(18)) == part


def test_what_a_source_substituted_stays(town: Town) -> None:
    ranges = (
        QualityRange(1, 20, "A"),
        QualityRange(21, 21, "F", "53", "1", "theirs"),
        QualityRange(22, 48, "A"),
    )
    values = [*BUSY[:20], 7, None, *BUSY[22:]]
    town.load([day_row(HOME, values, quality="V", ranges=ranges)])
    assert [(one.first, one.last) for one in estimate(town)] == [(22, 22)]
    assert town.current(HOME)[20] == 7  # type: ignore[index]


def test_measured_values_stay_unless_somebody_says_why_not(town: Town) -> None:
    town.load(days(14))
    assert estimate(town, first=later(5), end=later(7)) == ()
    for more, code in (({}, "MTR405"), ({"reason": "ct fault", "first": None}, "MTR403")):
        with pytest.raises(Refused, match=code):
            estimate(town, **{"first": later(5), "end": later(6), "replace_measured": True, **more})
    done = estimate(
        town,
        first=later(5),
        end=later(6),
        replace_measured=True,
        reason="ct fault",
        reason_code=60,
        method="14",
    )
    assert [(one.first, one.last, one.outcome) for one in done] == [(1, 48, "estimated")]
    row = town.rows(
        "select quality, standing, edited_by from submeter.register_intervals where day = %s", later(5)
    )
    assert row == [("S", 2, "operator")]
    changes = town.rows(
        "select changes ->> 'reason' from submeter.audit where table_name = 'interval_changes'"
    )
    assert changes == [("ct fault",)]
    # The source says it again: a person is asked.
    report = town.load([day_row(HOME, BUSY, later(5), line=99)], made=MADE + timedelta(1))
    assert dict(report.codes) == {"MTR222": 1}
    assert town.value("select quality from submeter.register_intervals where day = %s", later(5)) == "S"


def test_zero_is_for_whoever_says_so(town: Town) -> None:
    town.load([day_row(HOME, GAP)])
    (one,) = estimate(town, method="zero", reason_code=6)
    assert one.estimate
    assert (one.estimate.method, one.quantity) == ("19", 0)
    assert town.current(HOME) == [0 if value is None else value for value in GAP]


def test_meters_read_by_hand_have_methods_of_their_own(town: Town) -> None:
    town.load([*days(10), *days(1, later(11))])
    town.add("interval_settings", nature="power", installation="manual")
    (one,) = estimate(town)
    assert one.estimate
    assert (one.estimate.quality, one.estimate.method, one.estimate.name) == ("E", "52", "like day")
    assert town.value("select quality from submeter.register_intervals where day = %s", later(10)) == "E"
    with pytest.raises(Refused, match="MTR404"):
        estimate(town, method="average like day")


def test_how_to_estimate_is_the_operators(town: Town) -> None:
    town.load([*days(10), *days(1, later(15))])
    town.add("interval_settings", site_id=town.site_id, cap_days=2, like_days_least=1, like_days_most=1)
    done = estimate(town)
    assert [(one.day, one.outcome, one.problem and one.problem.code) for one in done] == [
        (later(10), "estimated", None),
        (later(11), "estimated", None),
        *((later(n), "skipped", "MTR382") for n in (12, 13, 14)),
    ]
    assert done[0].estimate
    assert len(done[0].estimate.inputs) == 1


def test_what_cannot_be_estimated_is_told(town: Town) -> None:
    wide: list[int | None] = [*[None] * 30, *BUSY[30:]]
    town.load([day_row(HOME, wide)])
    (one,) = estimate(town)
    assert (one.outcome, one.problem and one.problem.code) == ("skipped", "MTR381")
    for more, code in (({"method": "magic"}, "MTR404"), ({"reason_code": 4}, "MTR384")):
        with pytest.raises(Refused, match=code):
            estimate(town, **more)


def test_another_length_of_intervals_is_told(town: Town) -> None:
    hours: list[int | None] = [None, *[100] * 23]
    town.load([*days(5), day_row(HOME, hours, later(5), minutes=60)])
    (one,) = estimate(town)
    assert (one.day, one.problem and one.problem.code) == (later(5), "MTR413")


def bill(town: Town, until: str) -> None:
    point = town.value(
        "select supply_point_id from submeter.meter_installations i join submeter.registers g using (meter_id) where g.id = %s",
        town.registers[HOME],
    )
    account = town.add(
        "accounts", account_number="1", seller_id=town.value("select id from submeter.sellers")
    )
    town.add(
        "agreements", supply_point_id=point, account_id=account, from_date="2026-01-01", billed_to_date=until
    )


def test_a_billed_day_needs_a_word(town: Town) -> None:
    bill(town, "2026-04-01")
    town.load([day_row(HOME, GAP)])
    (one,) = estimate(town)
    assert (one.outcome, one.problem and one.problem.code) == ("skipped", "MTR408")
    with pytest.raises(Refused, match="MTR408"):
        edit(town, "2026-03-05T10:00+10:00", "1")
    assert [one.outcome for one in estimate(town, include_billed=True)] == ["estimated"]
    assert edit(town, "2026-03-05T10:00+10:00", "1", include_billed=True)


def test_a_dry_run_changes_nothing(town: Town) -> None:
    town.load([day_row(HOME, GAP)])
    assert [one.outcome for one in estimate(town, dry_run=True)] == ["estimated"]
    assert town.current(HOME) == GAP
    assert town.value("select count(*) from submeter.interval_changes") == 0


def test_estimates_of_a_site_and_of_days_ahead(town: Town) -> None:
    town.load([*days(14), *days(14, name=HOMES[1])])
    done = estimate(town, site="Estate", end=later(15), first=later(14))
    assert [one.outcome for one in done] == ["estimated"] * 2
    assert town.current(HOMES[1], later(14)) == BUSY


def test_an_estimate_has_as_many_decimals_as_it_needs(town: Town) -> None:
    town.load(
        [
            day_row(HOME, [2 * 10**9] * 20 + [None] + [2 * 10**9] * 27, decimals=0),
            day_row(HOME, BUSY, later(1), decimals=9),
        ]
    )
    estimate(town, first=DAY, end=later(1))
    assert town.rows("select decimals from submeter.register_intervals order by day") == [(0,), (9,)]
    assert town.current(HOME) == [2 * 10**9] * 48


# Edits ----------------------------------------------------------------------------------------------------------


def test_an_edit_keeps_what_was_and_is_not_replaced_unasked(town: Town) -> None:
    town.load(days(2), name="march.csv")
    done = edit(
        town, "2026-03-05T23:30+10:00", "0.5", None, "0.7512", reason="read off the screen", quality="F"
    )
    assert [(one.day, one.first, one.last, one.total_before, one.total_after) for one in done] == [
        (DAY, 48, 48, Decimal("0.147"), Decimal("0.5")),
        (later(1), 1, 2, Decimal("0.201"), Decimal("0.7512")),
    ]
    assert town.current(HOME)[-1] == 500  # type: ignore[index]
    assert town.current(HOME, later(1))[:3] == [None, 7512, 1020]  # type: ignore[index]
    rows = town.rows(
        "select standing, edited_by, decimals, ranges ->> 0 from submeter.register_intervals order by day"
    )
    assert rows[1] == (2, "operator", 4, '[1, 2, "F", "18", "0", "read off the screen"]')
    assert town.history(HOME) == {tuple(BUSY), (*BUSY[:-1], 500)}
    actors = town.rows(
        "select changes ->> 'kind', changes ->> 'reason' from submeter.audit where table_name = 'interval_changes'"
    )
    assert actors == [("edit", "read off the screen")] * 2
    report = town.load([day_row(HOME, 1)], made=MADE + timedelta(1))
    assert dict(report.codes) == {"MTR222": 1}
    assert town.load([day_row(HOME, 2)], made=MADE - timedelta(1)).counts["older"] == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"reason": " "}, "MTR405"),
        ({"quality": "N"}, "MTR412"),
        ({"method": "999"}, "MTR404"),
        ({"reason_code": 4}, "MTR384"),
        ({"quantities": []}, "MTR407"),
        ({"quantities": [Decimal("NaN")]}, "MTR407"),
        ({"quantities": [Decimal("1e-10")]}, "MTR407"),
        ({"quantities": [Decimal("1e12")]}, "MTR407"),
        ({"at": datetime(2026, 3, 5, 0, 10, tzinfo=UTC)}, "MTR407"),
        ({"register": f"M{HOMES[1]}"}, "MTR406"),
    ],
)
def test_an_edit_that_cannot_be(town: Town, change: Any, code: str) -> None:
    town.load(days(1))
    fields = {
        "register": HOME,
        "at": datetime(2026, 3, 5, tzinfo=UTC),
        "quantities": [Decimal(1)],
        "reason": "why",
    }
    with pytest.raises(Refused, match=code) as refused:
        edit_intervals(town.database, town.operator, Edit(**{**fields, **change}))
    assert refused.value.problem.hint
    assert town.value("select count(*) from submeter.interval_changes") == 0


def test_what_a_person_says_is_unknown_can_be_estimated_and_the_rest_of_the_edit_stays(town: Town) -> None:
    town.load(days(1))
    edit(town, "2026-03-05T10:00+10:00", None, "7", reason="counted twice")
    assert [(one.first, one.last) for one in estimate(town)] == [(21, 21)]
    assert town.current(HOME)[19:22] == [119, 120, 7000]  # type: ignore[index]
    assert town.rows("select standing, edited_by, source from submeter.register_intervals") == [
        (2, "operator", "estimated by operator")
    ]
    assert dict(town.load(days(1), name="b", made=MADE + timedelta(1)).codes) == {"MTR222": 1}


def test_a_day_that_nobody_sent_can_be_edited(town: Town) -> None:
    town.load(days(1))
    edit(town, "2026-03-07T00:00+10:00", *["1"] * 48)
    assert town.current(HOME, later(2)) == [1000] * 48
    assert town.value("select clock from submeter.register_intervals where day = %s", later(2)) == MARKET


# Where a number comes from ---------------------------------------------------------------------------------------


def test_an_interval_is_explained(town: Town) -> None:
    at = datetime(2026, 3, 5, 0, 5, tzinfo=UTC)  # the 21st: 10:00 in market time
    town.load([day_row(HOME, GAP, line=7)], name="march.csv")
    estimate(town, reason_code=76)
    edit(town, "2026-03-05T10:00+10:00", "0.125", reason="read off the screen")
    town.load([day_row(HOME, BUSY, line=3)], name="april.csv", made=MADE + timedelta(1))
    explanation = explain_interval(town.database, town.operator, HOME, at)
    said = explanation.versions
    assert [(one.status, one.quantity, one.quality) for one in said] == [
        ("stands", Decimal("0.125"), "S"),
        ("waits", Decimal("0.120"), "A"),
        ("replaced", Decimal("0.120"), "S"),
        ("replaced", None, "A"),
    ]
    assert (said[0].starts_at, said[0].ends_at - said[0].starts_at) == (
        at - timedelta(minutes=5),
        timedelta(minutes=30),
    )
    assert (said[0].made_by, said[0].note, said[0].method_name) == (
        "operator",
        "read off the screen",
        "alternate",
    )
    assert (said[1].file_name, said[1].line) == ("april.csv", 3)
    assert (said[2].method_code, said[2].reason_code, said[2].made_by) == ("17", "76", "operator")
    assert (said[3].file_name, said[3].line) == ("march.csv", 7)
    text = explanation.as_text()
    assert text.splitlines()[0] == f"register M{HOME}/E1, 2026-03-05 11:00 to 11:30 (Australia/Melbourne)"
    assert "stands:   0.125 kWh, substituted; method 18 (alternate), reason 0; read off the screen" in text
    assert "edited by operator" in text
    assert "waits for a decision: the day was edited" in text
    assert "replaced: missing; from march.csv, line 7" in text
    assert said[0].as_json()["quantity"] == "0.125"


def test_what_is_not_there_is_not_explained(town: Town) -> None:
    town.load(days(1))
    for register, at, code in (
        (HOME, datetime(2026, 3, 9, tzinfo=UTC), "MTR406"),
        ("nobody", datetime(2026, 3, 5, tzinfo=UTC), "MTR400"),
    ):
        with pytest.raises(Refused, match=code):
            explain_interval(town.database, town.operator, register, at)


def test_a_check_does_not_hold_an_import_up_for_good(town: Town) -> None:
    """While a check has taken what is due, an import stores; while one stores, a check goes on without its days."""
    town.load([day_row(HOME, GAP)], check=False)
    with transaction(town.database, town.operator) as storing:
        storing.execute("update submeter.interval_checks_due set last_day = last_day + 1")
        assert check_due(town.database, town.operator).days == 0
    assert check_due(town.database, town.operator).days == 2
    assert found(town) == [("MTR353", DAY, 21, 22)]
