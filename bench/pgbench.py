"""The yardstick: PostgreSQL alone, driven by pgbench with the statements that the gateway sends."""

import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.kind import STEP
from bench.world import Keys
from rowgate.sql import Statement

CLIENTS = 10  # as many as the gateway's pool has connections
FEW = 10  # transactions of each, where a measurement is too short to mean anything


@dataclass(frozen=True)
class Script:
    """pgbench's script, and the variables that it sends as parameters."""

    text: str
    variables: Mapping[str, str]


def write_script(statements: Sequence[Statement], keys: Keys, *, pipelined: bool) -> Script:
    """The statements in one flush, or one after the other with BEGIN and COMMIT around them."""
    before, after = ("\\startpipeline", "\\endpipeline") if pipelined else ("BEGIN;", "COMMIT;")
    variables: dict[str, str] = {}
    lines = [f"{_with_values(statement, keys, variables)};" for statement in statements]
    number = f"\\set n random(0, {(keys.last - 1) // STEP}) * {STEP} + 1"
    return Script("\n".join([number, before, *lines, after]) + "\n", variables)


def _with_values(statement: Statement, keys: Keys, variables: dict[str, str]) -> str:
    """Each value is a parameter as the gateway sends it; one with the key in it is made from a random one."""

    def value(found: re.Match[str]) -> str:
        raw = statement.parameters[int(found[1]) - 1]
        if not raw:
            return "NULL" if raw is None else "''"  # pgbench has no empty variables
        text = raw.decode()
        if keys.text(1) not in text:
            name = f"p{len(variables)}"
            variables[name] = text
            return f":{name}"
        if text == keys.text(1):
            return f"{keys.sql}::uuid"
        before, after = (part.replace("'", "''") for part in text.split(keys.text(1)))
        return f"('{before}' || {keys.sql} || '{after}')"

    return re.sub(r"\$(\d+)", value, statement.text)


def run(programs: Path, conninfo: str, script: Script, seconds: float) -> float:
    """Transactions a second."""
    variables = [part for name, text in script.variables.items() for part in ("-D", f"{name}={text}")]
    # pgbench counts whole seconds
    until = ["-T", f"{seconds:.0f}"] if seconds >= 1 else ["-t", str(FEW)]
    command = [str(programs / "pgbench"), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "1"]
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script.text)
        file.flush()
        done = subprocess.run(
            [*command, *variables, *until, "-f", file.name, conninfo],
            capture_output=True,
            text=True,
            check=False,
        )
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    if done.returncode or not found or "failed transactions: 0 " not in done.stdout:
        raise SystemExit(f"pgbench failed:\n{done.stderr}\n{script.text}")
    return float(found[1])
