"""`policies/*.yml`: who may see which rows of which view."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from mvc.spec.base import Name, SomeNames, SpecModel, Sql


class UsingSpec(SpecModel):
    """A condition made of named predicates."""

    predicate: Name | None = Field(default=None, description="One named predicate.")
    any: tuple[Name | UsingSpec, ...] | None = Field(default=None, min_length=1, description="At least one holds (OR).")
    all: tuple[Name | UsingSpec, ...] | None = Field(default=None, min_length=1, description="All hold (AND).")
    sql: Sql | None = Field(default=None, description="A condition in SQL, beside named ones.")

    @model_validator(mode="after")
    def _one_form(self) -> UsingSpec:
        if len(self.model_fields_set) != 1:
            raise ValueError("a condition has exactly one of `predicate`, `any`, `all` and `sql`")
        return self


class PolicySpec(SpecModel):
    """A row rule. Permissive rules of a role are joined by OR, restrictive ones by AND."""

    policy: Name = Field(description="A name for people; it stands in the SQL's comments.")
    view: Name | SomeNames = Field(description="The view or views it guards: `name`, or `schema.name`.")
    to: Name | SomeNames = Field(default=(), description="A role, or several; left out, it is for PUBLIC: everybody.")
    as_: Literal["permissive", "restrictive"] = Field(
        default="permissive", validation_alias="as", serialization_alias="as"
    )
    using: Sql | bool | UsingSpec = Field(description="Which rows: a condition in SQL, `true`, or named predicates.")
    description: str | None = None


class PolicyFile(SpecModel):
    """A policies file: named predicates to share, and policies."""

    predicates: dict[Name, Sql] = Field(default_factory=dict, description="name → condition in SQL, for `using`.")
    policies: tuple[PolicySpec, ...] = ()
