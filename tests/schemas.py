"""What ``--json`` prints is what the published schema says, and nothing that it does not name."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

SCHEMAS = Path(__file__).parents[1] / "docs" / "schemas"


def schema(command: str) -> Any:
    """Return the published schema of a command's JSON."""
    return json.loads((SCHEMAS / f"{command}.json").read_text("utf-8"))


def closed(schema: Any) -> Any:
    """Return *schema* with every object closed, so that a field that it does not name fails."""
    if isinstance(schema, list):
        return [closed(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    out = {key: closed(value) for key, value in schema.items()}
    if out.get("type") == "object" and "properties" in out:
        out.setdefault("additionalProperties", False)
        out.setdefault("required", list(out["properties"]))
    return out


def validator(schema: Any) -> Draft202012Validator:
    """Return what holds documents against *schema*, which is looked through once: that takes longer than a document."""
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(closed(schema))


@cache
def _published(command: str) -> Draft202012Validator:
    return validator(schema(command))


def assert_promised(command: str, document: Any) -> None:
    """Fail where *document* is not what the schema of *command* promises."""
    _published(command).validate(document)
