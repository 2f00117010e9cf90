"""Two transactions at once: each waits for the other where it must, and never both in a circle."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from integration.metering.town import DAY, MADE, SERVICE, Town, day_row, make_town, nmi
from submeter import cli
from submeter.cli.import_files import load_path
from submeter.core.problem import Problem, Refused
from submeter.db.database import Database
from submeter.db.transactions import transaction
from submeter.metering.actions import Options, decide_waiting, import_rows, list_waiting, retry_waiting
from submeter.metering.model import Item

HOME, OTHER = "6001000001", "6001000002"
NEW = "6001000003"


@pytest.fixture
def town(database: Database) -> Town:
    return make_town(database, (HOME, OTHER))


class Aside:
    """An action in a thread of its own, and what became of it."""

    def __init__(self, town: Town, action: Callable[[], Any]) -> None:
        self.outcome: Any = None
        self._town = town
        self._thread = threading.Thread(target=self._run, args=(action,))
        self._thread.start()

    def _run(self, action: Callable[[], Any]) -> None:
        try:
            self.outcome = action()
        except (Refused, psycopg.Error) as error:
            self.outcome = error

    def waits(self) -> None:
        """Go on once it waits for a lock."""
        query = b"select count(*) from pg_locks where not granted"
        with self._town.database.connect_owner() as owner:
            while owner.execute(query).fetchone() == (0,):
                assert self._thread.is_alive(), self.outcome
                time.sleep(0.01)

    def ends(self) -> Any:
        self._thread.join(60)
        assert not self._thread.is_alive()
        return self.outcome


def lock(connection: Any, town: Town) -> None:
    connection.execute("call submeter.lock_intervals(%s)", (town.esco_id,))


def test_whoever_decides_waits_for_an_import_before_touching_what_waits(town: Town) -> None:
    town.load([day_row(HOME, 1)], name="a")
    town.load([day_row(HOME, 2, quality="E")], name="b", made=MADE + timedelta(1))
    (row,) = list_waiting(town.database, town.operator)
    with transaction(town.database, SERVICE) as connection:
        lock(connection, town)
        deciding = Aside(
            town, lambda: decide_waiting(town.database, town.operator, row.id, "seen", accept=True)
        )
        deciding.waits()
        # What is newer and measured makes the decision needless: the row goes.
        newest = [day_row(HOME, 3)]
        import_rows(connection, town.esco_id, "c", newest, MADE + timedelta(2), 2027)  # type: ignore[arg-type]
    assert isinstance(deciding.ends(), Refused)
    assert town.current(HOME) == [3] * 48


def test_whoever_tries_again_waits_for_an_import_before_touching_what_waits(town: Town) -> None:
    town.load([day_row(NEW, 1)])
    with transaction(town.database, SERVICE) as connection:
        lock(connection, town)
        with town.database.connect_owner() as owner:
            # As if the meter had come by a way that tries nothing.
            owner.execute("update submeter.import_waiting set identifier = %s", (HOME,))
        trying = Aside(town, lambda: retry_waiting(town.database, town.operator))
        trying.waits()
        assert connection.execute("select submeter.retry_waiting(%s)", (town.esco_id,)).fetchone() == (1,)
    assert trying.ends() == 0
    assert town.current(HOME) == [1] * 48


def test_a_day_of_a_file_that_is_being_loaded_may_be_overtaken(town: Town) -> None:
    """What is overtaken waits under its file, whose row the other import has for itself."""
    first_is_there, goes_on = threading.Event(), threading.Event()

    def items() -> Iterator[Item]:
        yield day_row(HOME, 1, quality="E")
        yield day_row(OTHER, 1)
        goes_on.wait(60)
        yield day_row(OTHER, 1, DAY + timedelta(1))

    def progress(days: int) -> None:
        first_is_there.set()

    loading = Aside(
        town, lambda: town.load(items, content=b"slow", chunk_rows=1, progress=progress, check=False)
    )
    assert first_is_there.wait(60)
    while town.current(OTHER) is None and not loading._thread.is_alive():
        time.sleep(0.01)
    with transaction(town.database, SERVICE) as connection:
        lock(connection, town)
        goes_on.set()
        loading.waits()
        older = [day_row(HOME, 2)]
        import_rows(connection, town.esco_id, "older", older, MADE - timedelta(1), 2027)  # type: ignore[arg-type]
    report = loading.ends()
    assert report.status == "loaded", report
    assert town.current(HOME) == [2] * 48
    assert [row.reason for row in list_waiting(town.database, town.operator)] == ["lower_quality"]


def neighbours(database: Database) -> Town:
    """Another ESCO with a home."""
    with transaction(database, SERVICE) as connection:
        row = connection.execute(
            "insert into submeter.escos (code, name, region) values ('other', 'Other', (select min(code) from submeter.regions))"
            " returning id::text"
        ).fetchone()
    assert row
    other = Town(database, row[0])
    other.add("sellers", name="Other")
    other.site_id = other.add("sites", name="Estate", time_zone="Australia/Melbourne")
    other.add_home("6009000001")
    return other


def test_two_escos_add_new_days_in_whatever_order(town: Town, database: Database) -> None:
    other = neighbours(database)
    first, second = (datetime(2026, 5, day, tzinfo=UTC).date() for day in (1, 11))

    def in_turn() -> None:
        with transaction(database, SERVICE) as beside:
            for number, day in enumerate((second, first)):
                rows = [day_row("6009000001", 1, day)]
                import_rows(beside, other.esco_id, f"other {number}", rows, MADE, 2027)  # type: ignore[arg-type]

    with transaction(database, SERVICE) as connection:
        import_rows(connection, town.esco_id, "1", [day_row(HOME, 1, first)], MADE, 2027)  # type: ignore[arg-type]
        beside = Aside(town, in_turn)
        beside.waits()
        import_rows(connection, town.esco_id, "2", [day_row(HOME, 1, second)], MADE, 2027)  # type: ignore[arg-type]
    assert beside.ends() is None
    assert [town.current(HOME, day) for day in (first, second)] == [[1] * 48] * 2
    assert [other.current("6009000001", day) for day in (first, second)] == [[1] * 48] * 2
    # What is there already holds up nobody.
    with transaction(database, SERVICE) as connection:
        import_rows(connection, town.esco_id, "3", [day_row(OTHER, 1, first)], MADE, 2027)  # type: ignore[arg-type]
        other.load([day_row("6009000001", 2, first)], made=MADE + timedelta(1))
    assert town.current(OTHER, DAY) is None


def test_a_day_that_somebody_stores_past_the_lock_is_met_as_any_other(town: Town) -> None:
    """The import has found nothing there, and then finds it in its way."""
    tomorrow = DAY + timedelta(1)
    town.load([day_row(HOME, 1), day_row(HOME, 1, tomorrow)])
    past = """insert into submeter.register_intervals (esco_id, register_id, day, clock, starts_at, amounts, file_at)
      select esco_id, %s, day, clock, starts_at, amounts, %s from submeter.register_intervals where day = %s"""
    with transaction(town.database, SERVICE) as connection:
        connection.execute(past, (town.registers[OTHER], MADE - timedelta(1), DAY))
        loading = Aside(town, lambda: town.load([day_row(OTHER, 2), day_row(OTHER, 2, tomorrow)]))
        loading.waits()
    counts = loading.ends().counts
    assert (counts["stored"], counts["replaced"]) == (1, 1)
    assert (town.current(OTHER), town.current(OTHER, tomorrow)) == ([2] * 48, [2] * 48)
    assert town.history(OTHER) == {(1,) * 48, (2,) * 48}


def add_register(connection: Any, town: Town, home: str, name: str) -> None:
    """A register with a code of its own, at a meter that is there."""
    query = """insert into submeter.registers (esco_id, meter_id, name, meter_code)
      select %(esco)s, g.meter_id, %(name)s, %(name)s from submeter.registers g where g.id = %(register)s"""
    connection.execute(query, {"esco": town.esco_id, "name": name, "register": town.registers[home]})


def test_two_who_add_registers_while_days_wait(town: Town) -> None:
    town.load([day_row(home, 1, stream=nmi(home, "B1")) for home in (HOME, OTHER)])

    def beside() -> None:
        with transaction(town.database, SERVICE) as connection:
            add_register(connection, town, OTHER, "B1")

    with transaction(town.database, SERVICE) as connection:
        add_register(connection, town, HOME, "E7")
        adding = Aside(town, beside)
        adding.waits()
        add_register(connection, town, HOME, "B1")
    assert adding.ends() is None
    assert town.value("select count(*) from public.import_waiting") == 0


def test_escos_add_registers_beside_each_other(town: Town, database: Database) -> None:
    other = neighbours(database)
    with transaction(database, SERVICE) as connection:
        add_register(connection, town, HOME, "E7")
        with transaction(database, SERVICE) as beside:
            beside.execute("set local lock_timeout = '5s'")
            add_register(beside, other, "6009000001", "E7")


# Who has to give way -------------------------------------------------------------------------------------------------


def give_way(database: Database, times: int) -> None:
    """The first writers of days have to give way to somebody: which two wait for each other is chance else."""
    with database.connect_owner() as owner:
        owner.execute("drop sequence if exists submeter.begun cascade")
        owner.execute("create sequence submeter.begun")
        owner.execute("""create or replace function submeter.give_way() returns trigger language plpgsql security definer as $$
          begin
            if nextval('submeter.begun') <= tg_argv[0]::int then
              raise exception 'deadlock detected' using errcode = '40P01';
            end if;
            return null;
          end $$""")
        owner.execute("drop trigger if exists give_way on submeter.register_intervals")
        owner.execute(f"""create trigger give_way after insert on submeter.register_intervals
          for each statement execute function submeter.give_way({times:d})""")


@pytest.mark.parametrize("whole", [False, True])
def test_an_import_that_has_to_give_way_begins_anew(town: Town, whole: bool) -> None:
    rows = [day_row(HOME, n + 1, DAY + timedelta(n)) for n in range(3)]
    if not whole:
        rows.append(day_row(NEW, 1))  # nobody's: a finding
    give_way(town.database, 3)
    report = town.load(rows, chunk_rows=2, all_or_nothing=whole)
    with town.database.connect_owner() as owner:
        assert owner.execute("select last_value > 3 from submeter.begun").fetchone() == (True,)
    waiting = 0 if whole else 1
    assert (report.status, report.counts["stored"], report.counts["waiting"]) == ("loaded", 3, waiting)
    assert (report.counts["days"], len(report.findings), report.codes.total()) == (
        3 + waiting,
        waiting,
        waiting,
    )
    assert [town.current(HOME, DAY + timedelta(n)) for n in range(3)] == [[n + 1] * 48 for n in range(3)]


def test_whoever_has_to_give_way_again_and_again_is_told_to_try_again(
    town: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "day.csv"
    values = ",".join(["0.1"] * 48)
    day = f"200,{HOME},E1,E1,E1,,,kWh,30,\n300,20260305,{values},A,,,,\n"
    file.write_text(f"100,NEM12,202603060000,FROM,TO\n{day}900\n")
    give_way(town.database, 1000)
    result = load_path(town.database, town.operator, file, Options())
    assert isinstance(result, Problem)
    assert (result.code, result.hint) == ("DBS402", "Run it again: nothing was done by halves.")
    assert town.current(HOME) is None
    give_way(town.database, 0)
    again = load_path(town.database, town.operator, file, Options())
    assert not isinstance(again, Problem)
    assert (again.status, again.counts["stored"], town.current(HOME)) == ("loaded", 1, [1] * 48)

    def app() -> None:
        town.rows("do $$ begin raise exception 'deadlock detected' using errcode = '40P01'; end $$")

    monkeypatch.setattr(cli, "app", app)
    with pytest.raises(SystemExit, match="1"):
        cli.main()
    assert "error DBS402" in capsys.readouterr().err
