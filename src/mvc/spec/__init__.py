"""The language: what a YAML file may say, as Pydantic models. Meaning comes later, in `mvc.model`."""

from mvc.spec.aggregate import AggregateSpec
from mvc.spec.dimension import DimensionSpec
from mvc.spec.measures import MeasureFile, MeasureSpec
from mvc.spec.partitions import PartitionFile, PartitionSpec
from mvc.spec.policy import PolicyFile, PolicySpec, UsingSpec
from mvc.spec.project import ProjectSpec
from mvc.spec.schedule import ScheduleFile, ScheduleSpec
from mvc.spec.source import SourceSpec
from mvc.spec.view import BodyColumnSpec, IndexColumnSpec, IndexSpec, ViewSpec
from mvc.spec.window import WindowSpec

__all__ = [
    "AggregateSpec",
    "BodyColumnSpec",
    "DimensionSpec",
    "IndexColumnSpec",
    "IndexSpec",
    "MeasureFile",
    "MeasureSpec",
    "PartitionFile",
    "PartitionSpec",
    "PolicyFile",
    "PolicySpec",
    "ProjectSpec",
    "ScheduleFile",
    "ScheduleSpec",
    "SourceSpec",
    "UsingSpec",
    "ViewSpec",
    "WindowSpec",
]
