"""What all spec models share: frozen, no unknown keys, no guessing between types."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema

Sql = Annotated[str, Field(min_length=1, json_schema_extra={"x-language": "sql"})]
Name = Annotated[str, Field(min_length=1)]
Names = tuple[Name, ...]
SomeNames = Annotated[Names, Field(min_length=1)]  # where none would mean all, or that nothing is done
Setting = bool | int | float | str

TYPE: Final = "A type of PostgreSQL that the result is cast to, e.g. `numeric(12,2)`."
COLUMN_WAS: Final = "The name that the column had before: it is renamed where it is, and not computed anew."


class SpecModel(BaseModel):
    """A mapping of the language. Unknown keys are errors; values are never converted from one type to another."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class DefaultSpec(SpecModel):
    """A value in SQL instead of NULL."""

    sql: Sql = Field(description="An expression without columns and aggregates, e.g. `interval '0'`.")


class OrText:
    """Marks a mapping for which a text may stand: the text is read as the mapping before the models see it (`mvc.spec.taken`)."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Either of the two, for editors."""
        return {"anyOf": [handler(core), {"minLength": 1, "type": "string", "x-language": "sql"}]}
