"""Which model describes a place of a document, and which keys that one has."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import BaseModel

from mvc.source import Path


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys that a mapping may have which the model describes, as YAML writes them."""
    return [field.alias or name for name, field in model.model_fields.items()]


def model_at(model: type[BaseModel], at: Path) -> type[BaseModel] | None:
    """The model that describes the mapping at a key path."""
    current: Any = model
    for part in at:
        fields = {field.alias or name: field.annotation for name, field in getattr(current, "model_fields", {}).items()}
        current = fields.get(str(part), current) if isinstance(part, str) and fields else current
        current = _first_model(current)
    return current if isinstance(current, type) and issubclass(current, BaseModel) else None


def _first_model(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_first_model(item) for item in get_args(annotation))
    return next((item for item in found if item is not None), None)
