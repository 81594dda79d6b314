"""What is computed from columns of a view, and what picks its rows then, as canonical text: each column by what it means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mvc.expression import Expression
from mvc.expression.canonical import canonical
from mvc.expression.split import conjuncts
from mvc.model.view import Computed, OrderTerm, Setting, Sql
from mvc.model.window import Step, Windowed
from mvc.model.window_functions import Over
from mvc.quoting import constant, identifier

Known = Mapping[str, str]


def derived(item: Computed | Windowed, known: Known) -> str:
    """A column that is computed from others; `known` is what these mean."""
    if isinstance(item, Computed):
        return f"{_over(item.sql.expression, known)}{_cast(item)}{otherwise(item.default)}"
    value = _over(item.value.expression, known) if item.value else ""
    if item.known.over is Over.PLACE:
        text = f"{item.function}({_order(item, known)}{f', {item.buckets}' if item.buckets else ''})"
    else:
        text = f"{item.function}({value or '*'}){_aside(item, known)}"
    return f"{text}{_cast(item)}{otherwise(item.default)}"


def windowed(items: Iterable[Computed | Windowed]) -> tuple[str, ...]:
    """The columns that are computed over rows of the view, in an order in which they can be."""
    found: list[str] = []
    for item in items:
        read = {ref.name for expression in item.expressions for ref in expression.columns}
        if isinstance(item, Windowed) or read & set(found):
            found.append(item.name)
    return tuple(found)


def picked(condition: Expression, known: Known) -> tuple[str, ...]:
    """The conditions that AND joins, in an order of their own."""
    return tuple(sorted(_over(part, known) for part in conjuncts(condition)))


def _aside(item: Windowed, known: Known) -> str:
    parts = [f" order by {_order(item, known)}"] if item.order else []
    parts += [f" by {_step(item.by)}"] if item.known.over is Over.STEP else []
    if item.frame:
        frame = f"last {_step(item.frame.last)}" if item.frame.last else item.frame.unit or "all"
        parts.append(f" frame {frame}")
    parts += [f" where {' and '.join(picked(item.where.expression, known))}"] if item.where else []
    return _within(item, known) + "".join(parts)


def _within(item: Windowed, known: Known) -> str:
    texts = sorted(_over(sql.expression, known) for sql in item.within)
    return f" within {', '.join(texts)}" if texts else ""


def _order(item: Windowed, known: Known) -> str:
    text = ", ".join(_term(term, known) for term in item.order)
    return f"{text}{_within(item, known)}" if item.known.over is Over.PLACE else text


def _term(term: OrderTerm, known: Known) -> str:
    return f"{_over(term.ordered.expression, known)}{term.ordered.suffix.lower()}"


def _step(step: Step) -> str:
    return f"{step.count} {step.unit or 'row'}{'' if step.count == 1 else 's'}"


def _cast(item: Computed | Windowed) -> str:
    return f" as {item.type.name}" if item.type else ""


def otherwise(value: Setting | Sql | None) -> str:
    """What stands for NULL."""
    if isinstance(value, Sql):
        return f" else ({canonical(value.expression, lambda _, name: identifier(name))})"
    return "" if value is None else f" else {constant(value)}"


def _over(expression: Expression, known: Known) -> str:
    """The expression with each column that it reads replaced by what that means."""
    return canonical(expression, lambda _, name: f"[{known[name]}]" if name in known else identifier(name))
