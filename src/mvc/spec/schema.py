"""The JSON Schema of the language, for editors: made from the models, so that it cannot say anything else than they do."""

from __future__ import annotations

from typing import Any, Final

from pydantic.json_schema import models_json_schema

from mvc.spec.measures import MeasureFile
from mvc.spec.partitions import PartitionFile
from mvc.spec.policy import PolicyFile
from mvc.spec.project import ProjectSpec
from mvc.spec.schedule import ScheduleFile
from mvc.spec.view import ViewSpec

FILES: Final = {
    "view": ViewSpec,
    "policies": PolicyFile,
    "schedules": ScheduleFile,
    "partitions": PartitionFile,
    "measures": MeasureFile,
    "project": ProjectSpec,
}


def json_schema() -> dict[str, Any]:
    """One schema for every file of a project. `$defs` has one entry per kind, named as in `FILES`."""
    inputs = [(model, "validation") for model in FILES.values()]
    _, made = models_json_schema(inputs, by_alias=True)  # type: ignore[arg-type]
    definitions = made["$defs"]
    kinds = {kind: {"$ref": f"#/$defs/{model.__name__}"} for kind, model in FILES.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mvc",
        "description": "A file of an mvc project: mvc.yml, or one of views/, measures/, policies/, schedules/ and partitions/.",
        "anyOf": [{"$ref": f"#/$defs/{kind}"} for kind in kinds],
        "$defs": {**kinds, **definitions},
    }
