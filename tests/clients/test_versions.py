"""The documentation says which versions of the clients are tested."""

import json
import re
from pathlib import Path

from clients.node import JAVASCRIPT

ROOT = Path(__file__).parents[2]


def test_the_documented_versions_are_the_tested_ones() -> None:
    page = (ROOT / "docs" / "reference" / "rowgate.md").read_text(encoding="utf-8")
    section = page.partition("## Clients\n")[2].partition("\n## ")[0]
    documented = dict(re.findall(r"^\| `([^`]+)` \|.*\| (\S+) \|$", section, re.MULTILINE))

    lock = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")
    python = dict(re.findall(r"^(postgrest|supabase)==(\S+)", lock, re.MULTILINE))
    npm = json.loads((JAVASCRIPT / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert documented == python | {name: version for name, version in npm.items() if name.startswith("@")}
