"""The clients from npm: each test of the files in javascript/ is a test here."""

import os
import re
import subprocess
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

from clients.node import JAVASCRIPT, Node, bundled_node, find_node

FILES = sorted(path.name for path in JAVASCRIPT.glob("*.test.js"))
_TEST = re.compile(r"^test\('([^']+)'", re.MULTILINE)

Outcomes = Mapping[str, str]
"""By a test's name what went wrong; nothing where all went well."""


def names(file: str) -> list[str]:
    """The tests of a file, as they are written there."""
    return _TEST.findall((JAVASCRIPT / file).read_text(encoding="utf-8"))


def run_file(node: Node, file: Path, report: Path, **environment: str) -> Outcomes:
    """Run all tests of a file in one process."""
    reporter = ("--test-reporter=junit", f"--test-reporter-destination={report}")
    done = subprocess.run(
        [*node.node, *reporter, file],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    said = done.stdout + done.stderr
    assert report.exists(), said
    cases = ElementTree.parse(report).getroot().iter("testcase")
    outcomes = {case.attrib["name"]: "\n".join(map(_told, case)) for case in cases}
    return {name: told and f"{told}\n{said}" for name, told in outcomes.items()}


def _told(outcome: ElementTree.Element) -> str:
    """A failure; a test that was passed over is one, too."""
    return "\n".join([outcome.tag, *outcome.attrib.values(), outcome.text or ""])


@pytest.fixture(scope="session")
def node() -> Node:
    found = find_node()
    found.install(JAVASCRIPT)
    return found


@pytest.fixture(scope="module")
def outcomes(
    node: Node, festival: str, staff: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Outcomes]:
    """What came of a file; it runs once."""
    reports = tmp_path_factory.mktemp("reports")

    @cache
    def run(file: str) -> Outcomes:
        report = reports / f"{file}.xml"
        return run_file(node, JAVASCRIPT / file, report, FESTIVAL_URL=festival, FESTIVAL_TOKEN=staff)

    return run


@pytest.mark.parametrize(("file", "name"), [(file, name) for file in FILES for name in names(file)])
def test_javascript(outcomes: Callable[[str], Outcomes], file: str, name: str) -> None:
    wrong = outcomes(file)[name]
    if wrong:
        pytest.fail(f"{file}: {name}\n{wrong}", pytrace=False)


@pytest.mark.parametrize("file", FILES)
def test_every_test_of_a_file_is_shown(outcomes: Callable[[str], Outcomes], file: str) -> None:
    assert sorted(outcomes(file)) == sorted(names(file))


def test_what_goes_wrong_is_seen(node: Node, tmp_path: Path) -> None:
    file = tmp_path / "wrong.mjs"
    file.write_text(
        "import { test } from 'node:test';\n"
        "test('good', () => {});\n"
        "test('bad', () => { throw new Error('of course'); });\n"
        "test('put off', { skip: 'for later' }, () => {});\n"
    )
    found = run_file(node, file, tmp_path / "report.xml")
    assert found["good"] == ""
    assert "of course" in found["bad"]
    assert "for later" in found["put off"]


def test_a_machine_without_node(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = find_node()
    assert found == bundled_node()
    for command in (found.node, found.npm):
        subprocess.run([*command, "--version"], env={"HOME": str(tmp_path)}, check=True, timeout=60)


def test_a_node_that_is_too_old(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, version in (("node", "v20.20.2"), ("npm", "11.0.0")):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {version}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_node() == bundled_node()
    (tmp_path / "node").write_text("#!/bin/sh\necho v22.0.1\n")
    assert find_node() == Node((str(tmp_path / "node"),), (str(tmp_path / "npm"),))


def test_the_lock_names_no_registry() -> None:
    lock = (JAVASCRIPT / "package-lock.json").read_text(encoding="utf-8")
    assert '"integrity"' in lock
    assert '"resolved"' not in lock
