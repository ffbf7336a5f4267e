"""The server at the base URL, in the place of an application: it is asked over the network and makes its own schema."""

import json
from http import HTTPStatus
from typing import Any, Final

from pytest_backend_gates.probes.contract.document import ContractError, NoSchemaError
from pytest_backend_gates.probes.contract.wire import Request, WireError, ask
from pytest_backend_gates.taps.address import Address

#: Below the base URL: where frameworks publish their schema.
SCHEMA: Final = "/openapi.json"
#: In seconds: so long is waited for it.
_PATIENCE: Final = 10.0
_ELSE: Final = "name the schema's file: backend_gates_schema = openapi.yaml"


class Server:
    """The server at *address*; *place* says where that was written."""

    def __init__(self, address: Address, place: str = "backend_gates_base_url") -> None:
        self.address = address
        self.place = place
        self._schema: dict[str, Any] | None = None

    def openapi(self) -> dict[str, Any]:
        """Return the schema that the server publishes; it is fetched once.

        Raises :class:`ContractError`, and :class:`NoSchemaError` when it publishes none.
        """
        if self._schema is None:
            self._schema = self._fetched()
        return self._schema

    def _fetched(self) -> dict[str, Any]:
        asked = f"{self.place}: GET {self.address}{SCHEMA}"
        request = Request("GET", self.address.path + SCHEMA, [("Accept", "application/json")])
        try:
            answer = ask(self.address, request, _PATIENCE)
        except WireError as error:
            raise ContractError(
                f"{asked}: {error}; start the server before the tests are collected, or {_ELSE}"
            ) from error
        if answer.status != HTTPStatus.OK:
            raise NoSchemaError(
                f"no API schema configured: GET {self.address}{SCHEMA} answered {answer.status}"
            )
        try:
            schema = json.loads(b"".join(answer.pieces))
        except ValueError as error:
            raise ContractError(f"{asked} answered no JSON: {error}; {_ELSE}") from error
        if not isinstance(schema, dict) or not {"openapi", "swagger"} & schema.keys():
            raise ContractError(f"{asked} answered no OpenAPI schema; {_ELSE}")
        return schema
