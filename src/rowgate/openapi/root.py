"""Answers for the root, remembered by role: a description costs more than any other request."""

from rowgate.auth import Caller
from rowgate.catalog.model import Catalog
from rowgate.config import Config
from rowgate.execute import Executor, Run, Said
from rowgate.openapi import EVERYTHING, Grants, RootRequest, document, parse_root, read_grants
from rowgate.openapi.negotiate import Form
from rowgate.request import Incoming
from rowgate.response import Answer
from rowgate.sql import render_privileges

REMEMBERED = 64


class Root:
    """Describes what a role may use. Rights are asked for once a role, and again when the catalog changes."""

    def __init__(self, config: Config, executor: Executor) -> None:
        self._config = config
        self._executor = executor
        self._catalog: Catalog | None = None
        self._answers: dict[tuple[str, str, Form], Answer] = {}

    async def answer(self, caller: Caller, incoming: Incoming, catalog: Catalog) -> Answer:
        root = parse_root(incoming, self._config)
        if catalog is not self._catalog:
            self._catalog, self._answers = catalog, {}
        key = (caller.role, root.schema, root.form)
        found = self._answers.get(key)
        if found is None:
            found = document(root, catalog, await self._grants(caller, root, incoming), self._config)
            self._remember(key, found, catalog)
        return found if incoming.method == "GET" else found._replace(body=b"", sized=False)

    def _remember(self, key: tuple[str, str, Form], answer: Answer, catalog: Catalog) -> None:
        if catalog is not self._catalog:
            return  # the schema changed while the rights were asked for
        if len(self._answers) >= REMEMBERED:
            del self._answers[next(iter(self._answers))]
        self._answers[key] = answer

    async def _grants(self, caller: Caller, root: RootRequest, incoming: Incoming) -> Grants:
        if self._config.openapi_mode == "ignore-privileges":
            return EVERYTHING
        statement = render_privileges(root.schema)
        said = Said(root.schema, incoming.method, incoming.path, incoming.headers)
        result = await self._executor.run(caller, said, statement, Run(read_only=True))
        return read_grants(result.body)
