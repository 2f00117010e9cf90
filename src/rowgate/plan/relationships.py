"""Which relationship an embed means: found by target, narrowed by hint, refused with help."""

from rowgate.catalog.model import Cardinality, Catalog, Name, Relationship
from rowgate.catalog.suggest import nearest
from rowgate.errors import Refusal
from rowgate.request.model import SelectEmbed

RELATED_ALIKE = 0.33  # what a known relation leads to is no secret: a distant guess still helps


def find_relationship(catalog: Catalog, origin: Name, embed: SelectEmbed) -> Relationship:
    """The one relationship from ``origin`` that the embed names, by relation, foreign key or column."""
    computed = _computed(catalog, origin, embed.target)
    if computed:
        return computed
    candidates = _candidates(catalog, origin, embed.target)
    if embed.hint:
        candidates = [way for way in candidates if _fits_hint(way, embed.hint)]
    candidates = [way for way in candidates if not _backwards(way, embed)]
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        raise _ambiguous(origin, embed, candidates)
    raise _missing(catalog, origin, embed)


def _computed(catalog: Catalog, origin: Name, target: str) -> Relationship | None:
    """A function from a row to rows is a relationship by its own name, before any that was detected."""
    for routine in catalog.computed.get(origin, ()):
        leads_to = routine.returns.relation
        if routine.name.name == target and leads_to and leads_to.schema == origin.schema:
            many = routine.returns.many and not routine.returns.single
            cardinality = Cardinality.ONE_TO_MANY if many else Cardinality.MANY_TO_ONE
            return Relationship(origin, leads_to, cardinality, "", function=routine.name)
    return None


def _backwards(way: Relationship, embed: SelectEmbed) -> bool:
    """Whether a foreign key of a relation to itself is meant the other way round.

    By the relation's own name the rows that point here are meant; by the key or its column, the row
    that is pointed to.
    """
    if not way.self_referencing or way.junction or way.cardinality is Cardinality.ONE_TO_ONE:
        return False
    wanted = Cardinality.ONE_TO_MANY if embed.target == way.target.name else Cardinality.MANY_TO_ONE
    return way.cardinality is not wanted


def _candidates(catalog: Catalog, origin: Name, target: str) -> list[Relationship]:
    """By the target's name, or by the foreign key or its column, which mean the table before its views."""
    ways = _ways(catalog, origin)
    named = [way for way in ways if way.target.name == target]
    keyed = [way for way in ways if _led_by(way, target) and way not in named]
    tables = [way for way in keyed if "view" not in catalog.relations[way.target].kind]
    return named + (tables or keyed)


def _ways(catalog: Catalog, origin: Name) -> list[Relationship]:
    """All that start here and stay in the schema: a request speaks of one schema at a time."""
    return [way for way in catalog.relationships.get(origin, ()) if way.target.schema == origin.schema]


def _led_by(way: Relationship, key: str) -> bool:
    to_one = way.cardinality in (Cardinality.MANY_TO_ONE, Cardinality.ONE_TO_ONE) and not way.backward
    return bool(way.constraint) and (key == way.constraint or (to_one and key in own_columns(way)))


def _fits_hint(way: Relationship, hint: str) -> bool:
    if way.junction:
        junction = way.junction
        return hint in (junction.relation.name, junction.origin_constraint, junction.target_constraint)
    columns = own_columns(way) if way.cardinality is Cardinality.MANY_TO_ONE else foreign_columns(way)
    return hint == way.constraint or hint in columns


def own_columns(way: Relationship) -> tuple[str, ...]:
    """The origin's column, where a single one leads to the target."""
    return (way.pairs[0].origin,) if len(way.pairs) == 1 else ()


def foreign_columns(way: Relationship) -> tuple[str, ...]:
    """The columns of either side, where the key is a single one."""
    return (way.pairs[0].origin, way.pairs[0].target) if len(way.pairs) == 1 else ()


def _missing(catalog: Catalog, origin: Name, embed: SelectEmbed) -> Refusal:
    known = sorted({way.target.name for way in _ways(catalog, origin)})
    guess = nearest(embed.target, known, RELATED_ALIKE)
    hint = f"'{origin.name}' can embed: {', '.join(known)}." if known else None
    if guess and guess != embed.target:
        hint = f"Perhaps you meant '{guess}' instead of '{embed.target}'."
    using = f" using the hint '{embed.hint}'" if embed.hint else ""
    return Refusal(
        400,
        "PGRST200",
        f"Could not find a relationship between '{origin.name}' and '{embed.target}' in the schema cache",
        f"Searched for a foreign key relationship between '{origin.name}' and '{embed.target}'{using} "
        f"in the schema '{origin.schema}', but no matches were found.",
        hint,
    )


def _ambiguous(origin: Name, embed: SelectEmbed, candidates: list[Relationship]) -> Refusal:
    spellings = ", ".join(f"'{embed.target}!{_by(way)}'" for way in candidates)
    return Refusal(
        300,
        "PGRST201",
        "Could not embed because more than one relationship was found for "
        f"'{origin.name}' and '{embed.target}'",
        [_describe(way) for way in candidates],
        f"Try changing '{embed.target}' to one of the following: {spellings}. "
        "Find the desired relationship in the 'details' key.",
    )


def _by(way: Relationship) -> str:
    return way.junction.relation.name if way.junction else way.constraint


def _describe(way: Relationship) -> dict[str, str]:
    if way.junction:
        junction = way.junction
        using = (
            f"{junction.relation.name} using {junction.origin_constraint}"
            f"({', '.join(pair.target for pair in junction.origin_pairs)}) and {junction.target_constraint}"
            f"({', '.join(pair.origin for pair in junction.target_pairs)})"
        )
    else:
        using = (
            f"{way.constraint} using {way.origin.name}({', '.join(pair.origin for pair in way.pairs)}) "
            f"and {way.target.name}({', '.join(pair.target for pair in way.pairs)})"
        )
    return {
        "cardinality": way.cardinality.value,
        "embedding": f"{way.origin.name} with {way.target.name}",
        "relationship": using,
    }
