import pytest

from rowgate.catalog.model import Name, Parameter, Returns, Routine
from rowgate.catalog.suggest import alike, nearest, nearest_parameters

TABLES = ["account", "accounts", "invoice", "meter_reading"]


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("acount", "account"),
        ("accountss", "accounts"),
        ("Invoice", "invoice"),
        ("invoces", None),
        ("meter_readings", "meter_reading"),
        ("meter", None),
        ("", None),
    ],
)
def test_a_name_is_offered_when_three_quarters_of_it_are_right(wrong: str, right: str | None) -> None:
    assert nearest(wrong, TABLES) == right


def test_three_quarters_are_enough_and_less_is_not() -> None:
    assert nearest("abcX", ["abcd"]) == "abcd"
    assert nearest("abXX", ["abcd"]) is None


def test_of_equally_near_names_the_first_in_the_alphabet_is_offered() -> None:
    assert nearest("cat_", ["cats", "cate", "catz"]) == nearest("cat_", ["catz", "cats", "cate"]) == "cate"


def test_nothing_known_nothing_offered() -> None:
    assert nearest("account", []) is None


@pytest.mark.parametrize(
    ("one", "other", "score"),
    [("kitten", "sitting", 1 - 3 / 7), ("abc", "abc", 1), ("abc", "", 0), ("", "", 1), ("ab", "ba", 0)],
)
def test_likeness_is_the_share_of_letters_that_stay(one: str, other: str, score: float) -> None:
    assert alike(one, other) == alike(other, one) == score


def test_the_overload_with_the_likest_parameters_is_offered() -> None:
    def overload(*names: str) -> Routine:
        parameters = tuple(Parameter(name, "text", required=True) for name in names)
        return Routine(Name("api", "f"), parameters, Returns("text"))

    overloads = [overload("b", "a"), overload("account", "day")]
    assert nearest_parameters(["a", "b", "c"], overloads) == "(a, b)"
    assert nearest_parameters(["day", "acount"], overloads) == "(account, day)"
    assert nearest_parameters(["something_else_altogether"], overloads) is None
