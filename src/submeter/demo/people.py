"""Made-up people: names, e-mail addresses and telephone numbers that reach nobody.

Addresses end in example.org and example.com (RFC 2606); numbers are those that Ofcom keeps free for drama.
"""

from dataclasses import dataclass
from uuid import UUID, uuid5

_NAMESPACE = UUID("5d0c6d5e-6f0f-5a3c-9a52-3d5d0d3a7c11")

_GIVEN = (
    "Amara", "Tom", "Priya", "Gareth", "Zofia", "Daniel", "Leila", "Owen", "Ruth", "Kwame", "Hannah",
    "Imran", "Freya", "Marcus", "Mei", "Callum", "Nadia", "Peter", "Sian", "Tariq", "Olive", "Jacob",
    "Ingrid", "Luis", "Bethan", "Samuel", "Anya", "Douglas", "Farah", "Henry", "Yusuf", "Clara",
    "Rohan", "Edith", "Mateo", "Joyce", "Noah", "Shreya", "Angus", "Tessa", "Viktor",
)  # fmt: skip
_FAMILY = (
    "Ashdown", "Bellweather", "Carrow", "Dunmore", "Eastlake", "Fernsby", "Goldacre", "Harrowby",
    "Inchbald", "Jessop", "Kettleby", "Larkrise", "Mossford", "Netherby", "Oakhurst", "Pennyworth",
    "Quillfeather", "Rushbrook", "Saltmarsh", "Thornbury", "Underhill", "Vexley", "Whitcombe",
    "Yardley", "Zouche", "Applegarth", "Brackenbury", "Cotterell", "Drayford", "Elmstead", "Foxcote",
    "Greystoke", "Hollins",
)  # fmt: skip
_STRIDE = 8  # coprime to the number of family names, so that neighbours differ


@dataclass(frozen=True)
class Person:
    """Somebody to be a customer, before a database knows them."""

    key: str
    """Names the person for ever; their id follows from it."""
    name: str
    email: str | None
    phone: str | None
    kind: str = "person"

    @property
    def id(self) -> UUID:
        return key_id(self.key)


def key_id(*parts: object) -> UUID:
    """The id of a thing of the demonstration: from its name alone, the same in every database."""
    return uuid5(_NAMESPACE, "/".join(str(part) for part in parts))


def make_person(esco: str, number: int, *, reachable: bool = True) -> Person:
    """The person of a number in an ESCO; `reachable` says whether they gave an e-mail address."""
    place = number + sum(esco.encode())
    given = _GIVEN[place % len(_GIVEN)]
    family = _FAMILY[place * _STRIDE % len(_FAMILY)]
    email = f"{given}.{family}@example.{('org', 'com')[number % 2]}".lower() if reachable else None
    return Person(f"{esco}/customer/{number}", f"{given} {family}", email, _phone(esco, number))


def make_partner(person: Person, number: int) -> Person:
    """Somebody who shares a home, the family name and the e-mail address with `person`."""
    given = _GIVEN[(number * 3 + 20) % len(_GIVEN)]
    family = person.name.rpartition(" ")[2]
    return Person(f"{person.key}/partner", f"{given} {family}", person.email, None)


def make_company(esco: str, key: str, name: str, mailbox: str) -> Person:
    """A company as a customer."""
    return Person(f"{esco}/company/{key}", name, f"{mailbox}@example.com", _phone(esco, 900), "company")


def _phone(esco: str, number: int) -> str:
    return f"07700 900{(sum(esco.encode()) * 7 + number) % 1000:03}"
