"""What a role may do, as far as a description of the API needs to know."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from rowgate.catalog.model import Relation, Routine


@dataclass(frozen=True, slots=True)
class Rights:
    """The rights of a role on a relation; on some of its columns is enough."""

    select: bool = True
    insert: bool = True
    update: bool = True
    delete: bool = True


@dataclass(frozen=True, slots=True)
class Grants:
    """``relations`` by name, ``functions`` by name and input arguments; both of one schema."""

    relations: Mapping[str, Rights] = field(default_factory=dict)
    functions: frozenset[tuple[str, tuple[str, ...]]] = frozenset()
    everything: bool = False

    def on(self, relation: Relation) -> Rights:
        """What the role may do and the relation can."""
        nothing = Rights(select=False, insert=False, update=False, delete=False)
        held = Rights() if self.everything else self.relations.get(relation.name.name, nothing)
        return Rights(
            held.select,
            held.insert and relation.insertable,
            held.update and relation.updatable,
            held.delete and relation.deletable,
        )

    def may_call(self, routine: Routine) -> bool:
        arguments = tuple(parameter.name for parameter in routine.parameters)
        return self.everything or (routine.name.name, arguments) in self.functions


EVERYTHING = Grants(everything=True)


def read_grants(body: bytes) -> Grants:
    """The grants that ``rowgate.sql.privileges`` asks for; an empty body means none."""
    found = json.loads(body or b'{"relations": {}, "functions": []}')
    return Grants(
        {name: Rights(*held) for name, held in found["relations"].items()},
        frozenset((name, tuple(arguments)) for name, arguments in found["functions"]),
    )
