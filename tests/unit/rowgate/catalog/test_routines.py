from rowgate.catalog.model import Name, Parameter, Returns, Volatility
from rowgate.catalog.routines import build_routine, group_computed, group_routines
from rowgate.catalog.rows import RoutineRow

ACCOUNT = Name("api", "account")
RELATIONS = {7: ACCOUNT}

PLAIN = RoutineRow(
    "api",
    "f",
    True,
    ["integer", "text"],
    [0, 0],
    ["a", "b"],
    None,
    2,
    0,
    "integer",
    False,
    False,
    0,
    False,
    0.0,
    "v",
)
NULLARY = PLAIN._replace(argument_types=[], argument_relations=[], argument_names=None, input_count=0)


def taking(*types: str, **changes: object) -> RoutineRow:
    zeros = [0] * len(types)
    row = PLAIN._replace(
        argument_types=types, argument_relations=zeros, argument_names=None, input_count=len(types)
    )
    return row._replace(**changes)  # type: ignore[arg-type]


def test_the_last_parameters_have_the_defaults() -> None:
    routine = build_routine(PLAIN._replace(default_count=1), RELATIONS)
    assert routine.parameters == (
        Parameter("a", "integer", required=True),
        Parameter("b", "text", required=False),
    )


def test_outputs_are_columns_and_no_parameters() -> None:
    row = PLAIN._replace(
        argument_types=["integer", "integer", "text", "text[]"],
        argument_relations=[0, 0, 0, 0],
        argument_names=["a", "b", "c", "d"],
        argument_modes=["i", "o", "b", "v"],
        input_count=3,
        return_type="record",
        returns_composite=True,
    )
    routine = build_routine(row, RELATIONS)
    assert [(one.name, one.variadic) for one in routine.parameters] == [
        ("a", False),
        ("c", False),
        ("d", True),
    ]
    assert routine.returns == Returns("record", composite=True, columns=(("b", "integer"), ("c", "text")))


def test_a_single_output_makes_a_row_although_its_type_is_a_scalar() -> None:
    row = taking(
        "integer", argument_names=["x"], argument_modes=["t"], input_count=0, returns_set=True, rows=1000.0
    )
    returns = build_routine(row, RELATIONS).returns
    assert returns == Returns("integer", many=True, composite=True, columns=(("x", "integer"),))


def test_the_row_type_of_an_exposed_relation_is_named() -> None:
    row = NULLARY._replace(return_type="api.account", returns_composite=True, return_relation=7)
    assert build_routine(row, RELATIONS).returns == Returns("api.account", composite=True, relation=ACCOUNT)
    assert build_routine(row, {}).returns == Returns("api.account", composite=True)


def test_sets_scalars_and_void() -> None:
    assert build_routine(NULLARY._replace(returns_set=True, rows=1000.0), {}).returns == Returns(
        "integer", many=True
    )
    assert build_routine(NULLARY._replace(returns_set=True, rows=1.0), {}).returns.single
    void = NULLARY._replace(return_type="void", returns_void=True)
    assert build_routine(void, {}).returns == Returns("void", void=True)


def test_volatility_comment_and_settings() -> None:
    row = NULLARY._replace(volatility="s", description="Sums", settings=["search_path=a, b", "x.y=a=b"])
    routine = build_routine(row, {})
    assert (routine.volatility, routine.read_only, routine.description) == (Volatility.STABLE, True, "Sums")
    assert routine.settings == (("search_path", "a, b"), ("x.y", "a=b"))


def test_overloads_are_grouped_in_the_order_of_the_rows() -> None:
    other = PLAIN._replace(argument_types=["text", "text"])
    groups = group_routines([PLAIN, other, NULLARY._replace(name="g")], {})
    assert {name.name: len(overloads) for name, overloads in groups.items()} == {"f": 2, "g": 1}
    assert groups[Name("api", "f")][1].parameters[0].type_name == "text"


def test_a_nameless_argument_is_called_only_as_a_body() -> None:
    bodies = [taking(name) for name in ("json", "jsonb", "text", "xml", "bytea")]
    others = [taking("integer"), taking("json", "json"), taking("json", "text", argument_names=["", "b"])]
    assert len(group_routines(bodies, {})[Name("api", "f")]) == 5
    assert group_routines(others, {}) == {}


def test_functions_of_one_row_are_computed_whatever_their_schema() -> None:
    row = taking("api.account", argument_relations=[7], schema="helpers", exposed=False)
    assert [routine.name for routine in group_computed([row], RELATIONS)[ACCOUNT]] == [Name("helpers", "f")]
    assert group_routines([row], RELATIONS) == {}
    assert group_computed([row, PLAIN], {}) == {}
