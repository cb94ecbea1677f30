"""What /docs and /openapi.json say: bodies are read by hand, so they are described by hand."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema

from app.api.problems import MEDIA_TYPE
from app.api.schemas import (
    AcknowledgeRequest,
    BatchRequest,
    FeedbackRequest,
    MessageRequest,
    ReplayRequest,
    TextRequest,
)
from app.inbound.chat.generic import ChatRequest

_REF = "#/components/schemas/{model}"
_OPEN_PATHS = ("/livez", "/readyz", "/v1/inbound/{source}")  # providers have proofs of their own
_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "`inlet keys create` makes one."},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


class FieldProblem(BaseModel):
    """One place in a request, and what is wrong there."""

    path: str = Field(examples=["messages[3].text"])
    problem: str = Field(examples=["holds nothing that a person could read"])


class Problem(BaseModel):
    """Why a request was not served; `code` is stable, `detail` is for people."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Unprocessable Entity"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["messages[3].text holds nothing that a person could read"])
    code: str = Field(examples=["empty_text"])
    request_id: str | None = Field(examples=["0b8f5a52-3f53-4b1e-9a59-0c3c0b4e8f51"])
    settled_by: str | None = Field(
        None, description="With 409 of an acknowledgement: who took or closed the message before."
    )
    errors: list[FieldProblem] | None = Field(None, description="With 422: every place, up to 20.")


class InletAPI(FastAPI):
    """FastAPI, with the schemas of the bodies that we read ourselves added to its description."""

    def openapi(self) -> dict[str, Any]:
        """Describe the whole API, as OpenAPI 3.1."""
        if self.openapi_schema is None:
            described = super().openapi()
            components = described.setdefault("components", {})
            components.setdefault("schemas", {}).update(_own_schemas())
            components["securitySchemes"] = _SECURITY
            described["security"] = [{name: []} for name in _SECURITY]
            for path in _OPEN_PATHS:
                for operation in described["paths"].get(path, {}).values():
                    operation["security"] = []
        assert self.openapi_schema is not None
        return self.openapi_schema


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe an endpoint's refusals, for the `responses` of its route."""
    return {status: _problem_response(status) for status in statuses}


def body_of(*schemas: type[BaseModel], examples: dict[str, Any]) -> dict[str, Any]:
    """Describe the body that an endpoint reads by hand, for the `openapi_extra` of its route."""
    references = [{"$ref": _REF.format(model=schema.__name__)} for schema in schemas]
    schema = references[0] if len(references) == 1 else {"oneOf": references}
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema, "examples": examples}},
        }
    }


def parameter(name: str, description: str, *, pattern: str) -> dict[str, Any]:
    """Describe an optional header that an endpoint reads by hand."""
    schema = {"type": "string", "pattern": pattern}
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": schema,
    }


def _problem_response(status: int) -> dict[str, Any]:
    return {
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}},
    }


def _own_schemas() -> dict[str, Any]:
    bodies = (TextRequest, BatchRequest, MessageRequest, AcknowledgeRequest, FeedbackRequest)
    schemas = (*bodies, ReplayRequest, ChatRequest, Problem)
    _, described = models_json_schema(
        [(schema, "validation") for schema in schemas], ref_template=_REF
    )
    definitions: dict[str, Any] = described["$defs"]
    return definitions
