"""What is wrong in a project, as data. Prose, excerpts and colour belong to `mvc.report`."""

from mvc.diagnostics.diagnostic import Diagnostic, Label, ProjectError, Severity, Span, error, warning
from mvc.diagnostics.findings import Findings
from mvc.diagnostics.suggest import did_you_mean

__all__ = ["Diagnostic", "Findings", "Label", "ProjectError", "Severity", "Span", "did_you_mean", "error", "warning"]
