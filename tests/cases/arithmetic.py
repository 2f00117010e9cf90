"""The sums that clerks write beside what they expect: `# (33.00 + 89.00) x 5 %`."""

import ast
import operator
import re
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

__all__ = ["Sum", "sums_of", "value_of"]

_EXPECT = re.compile(r"expect\s+(?:\S.*)?\s(?P<amount>-?\d+(?:\.\d+)?)(?: tax \S+)?\s+#\s+(?P<sum>[-(\d].*)")
_SIGNS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


class Sum(NamedTuple):
    """An expected amount and the sum that leads to it."""

    place: str
    amount: str
    text: str


def sums_of(path: Path) -> list[Sum]:
    """The sums of a file of cases."""
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    found = ((count, _EXPECT.fullmatch(line)) for count, line in lines)
    return [Sum(f"{path.name}:{count}", one["amount"], one["sum"]) for count, one in found if one]


def value_of(text: str) -> Fraction:
    """What a sum comes to, exactly. `x` multiplies, `%` is a hundredth."""
    return _value(ast.parse(text.replace(" x ", " * ").replace("%", "/ 100"), mode="eval").body)


def _value(node: ast.expr) -> Fraction:
    if isinstance(node, ast.BinOp):
        return Fraction(_SIGNS[type(node.op)](_value(node.left), _value(node.right)))
    if isinstance(node, ast.UnaryOp):
        return -_value(node.operand)
    assert isinstance(node, ast.Constant)
    return Fraction(str(node.value))
