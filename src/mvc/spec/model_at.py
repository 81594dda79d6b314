"""Which model describes a place of a document, and which keys that one has."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import BaseModel

from mvc.source import Path


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys that a mapping may have which the model describes, as YAML writes them."""
    return list(fields_of(model))


def fields_of(model: type[BaseModel]) -> dict[str, str]:
    """key, as YAML writes it → the model's own name for it. The two differ where the key is a word of Python."""
    return {str(field.validation_alias or name): name for name, field in model.model_fields.items()}


def model_at(model: type[BaseModel], at: Path) -> type[BaseModel] | None:
    """The model that describes the mapping at a key path."""
    current: Any = model
    for part in at:
        if isinstance(current, type) and issubclass(current, BaseModel) and isinstance(part, str):
            name = fields_of(current).get(part)
            current = current.model_fields[name].annotation if name else current
        current = _first_model(current)
    return current if isinstance(current, type) and issubclass(current, BaseModel) else None


def _first_model(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_first_model(item) for item in get_args(annotation))
    return next((item for item in found if item is not None), None)
