"""SQL of other databases, and slips, as PostgreSQL has them. A text is given back only if PostgreSQL's grammar takes it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from mvc.catalog import builtins
from mvc.expression.expression import Call, ExpressionError
from mvc.expression.foreign_calls import DIFFERENCES, FOREIGN, MASKS, UNITS
from mvc.expression.grammar import check_query, check_value
from mvc.expression.lexemes import Lexeme, lexemes
from mvc.expression.parse import parse_expression
from mvc.expression.query_slips import QUERY_SLIPS
from mvc.expression.slips import SLIPS

_ARGUMENT: Final = re.compile(r"\$([0-9])([utm]?)|\$f")
_ENCLOSED: Final = re.compile(r"CASE .* END\Z|\w+\([^()]*(?:\([^()]*\)[^()]*)*\)(?:::\w+)?\Z", re.DOTALL)
_SIMPLE: Final = re.compile(r"-?\d+\Z|[\w.\"]+(?:\([^()]*\))?\Z|'[^']*'\Z|[Ii]nterval '[^']*'\Z")
_REMAINS: Final = re.compile(r"==|&&|`|\{\{")  # operators that the grammar takes and no database has
_TAKEN_FOR_SYNTAX: Final = frozenset({"if", "iif", "try_cast", "safe_cast"})
_CONVERTED: Final = frozenset(
    [
        "int",
        "integer",
        "bigint",
        "smallint",
        "numeric",
        "decimal",
        "float",
        "real",
        "double",
        "money",
        "date",
        "time",
        "datetime",
        "timestamp",
        "char",
        "varchar",
        "text",
        "json",
        "binary",
        "bit",
    ]
)
_OURS_AS_WELL: Final = frozenset({"date_add", "date_sub", "date_trunc", "decode", "median", "convert"})


def mended(text: str) -> str:
    """The expression that is meant by one that cannot be read, empty where that is not sure."""
    current = text
    if with_own_calls(text) != text and (done := _finished(text)):
        return done
    for slip in SLIPS:
        changed = slip(current)
        if changed != current and (done := _finished(changed)):
            return done
        current = changed
    return ""


def query_mended(text: str) -> str:
    """The query that is meant by one that cannot be read, empty where that is not sure."""
    current = text
    for slip in QUERY_SLIPS:
        current = slip(current)
        replaced = with_own_calls(current)
        if replaced != text and _is_query(replaced) and not _REMAINS.search(replaced):
            return replaced
    return ""


def _finished(text: str) -> str:
    """A text with the calls of other databases replaced, if it is an expression then; else empty."""
    replaced = with_own_calls(text)
    return replaced if _is_expression(replaced) else ""


def _is_expression(text: str) -> bool:
    try:
        calls = parse_expression(text).calls
        check_value(text)
    except ExpressionError:
        return False
    return all(builtins.is_known(call.name) or call.name not in FOREIGN for call in calls)


def foreign_syntax(text: str) -> ExpressionError | None:
    """A call that sqlglot takes for syntax and PostgreSQL for a function that it does not have: `if(a, b, c)`."""
    found = lexemes(text)
    for number, item in enumerate(found[:-1]):
        name = item.text.lower()
        if item.kind == "word" and name in _TAKEN_FOR_SYNTAX and found[number + 1].text == "(":
            return ExpressionError("MV106", f"no function is named `{name}`", item.start, item.end)
    return None


def mended_call(text: str, call: Call) -> str:
    """What to write in the place of a call of another database's function; empty where nothing is known of it, or where PostgreSQL
    would not take the text.
    """
    made = _wrapped(_own(call.name, arguments_of(text, call.open)), text, call.start, call.close + 1)
    whole = f"{text[: call.start]}{made}{text[call.close + 1 :]}"
    if not made:
        return ""
    return made if _is_expression(whole) or _is_query(whole) else ""


def _is_query(text: str) -> bool:
    try:
        check_query(text)
    except ExpressionError:
        return False
    return True


def with_own_calls(text: str) -> str:
    """A text with every call of another database's function replaced whose arguments can be told; the innermost first."""
    for _ in range(8):
        found = lexemes(text)
        calls = [
            (number, item)
            for number, item in enumerate(found[:-1])
            if item.kind == "word"
            and found[number + 1].text == "("
            and _is_foreign(item.text.lower(), text, found, number)
        ]
        if not calls:
            return text
        number, item = calls[-1]
        end = _closing(found, number + 1)
        given = arguments_of(text, found[number + 1].start)
        made = _wrapped(_own(item.text.lower(), given), text, item.start, found[end].end)
        if not made or end < 0:
            return text
        text = f"{text[: item.start]}{made}{text[found[end].end :]}"
    return text


def _wrapped(made: str, text: str, start: int, end: int) -> str:
    """A text in brackets where it is not one term and something stands beside it."""
    alone = text[:start].rstrip()[-1:] in ("", "(", ",") and text[end:].lstrip()[:1] in ("", ")", ",")
    return made if alone or not made or _SIMPLE.match(made) or _ENCLOSED.match(made) else f"({made})"


def _is_foreign(name: str, text: str, found: Sequence[Lexeme], number: int) -> bool:
    if name not in FOREIGN or (number and found[number - 1].text == "."):
        return False
    given = arguments_of(text, found[number + 1].start)
    if name == "date_trunc":
        return len(given) == 2 and _unit(given[0]) not in UNITS and given[1].strip("'\"").lower() in UNITS
    if name in _OURS_AS_WELL:
        return len(given) in FOREIGN[name]
    return not builtins.is_known(name) or FOREIGN[name].get(len(given)) == "$f"


def arguments_of(text: str, opening: int) -> tuple[str, ...]:
    """The texts between the bracket at a place and the one that closes it."""
    found = lexemes(text)
    first = next((number for number, item in enumerate(found) if item.start == opening), -1)
    end = _closing(found, first) if first >= 0 else -1
    if end < 0:
        return ()
    depth, cuts = 0, [found[first].end]
    for item in found[first + 1 : end]:
        depth += (item.text in ("(", "[")) - (item.text in (")", "]"))
        if item.text == "," and depth == 0:
            cuts += [item.start, item.end]
    cuts.append(found[end].start)
    pieces = tuple(text[start:stop].strip() for start, stop in zip(cuts[::2], cuts[1::2], strict=True))
    return () if pieces == ("",) else pieces


def _closing(found: Sequence[Lexeme], opening: int) -> int:
    depth = 0
    for number in range(opening, len(found)):
        depth += (found[number].text == "(") - (found[number].text == ")")
        if depth == 0:
            return number
    return -1


def _own(name: str, given: Sequence[str]) -> str:
    """PostgreSQL's text for a call, empty for one that is not known with so many arguments."""
    form = FOREIGN.get(name, {}).get(len(given), "")
    if name == "convert" and form:
        return _converted(*given)
    if name == "substring_index" and re.fullmatch(r"-?\d+", given[-1]) and given[-1] not in ("1", "-1"):
        return ""  # of more than one part PostgreSQL has no such function
    if form.startswith("diff("):
        order = [int(number) for number in re.findall(r"\$(\d)", form)]
        unit, *times = (given[number - 1] for number in order)
        return _filled(DIFFERENCES.get(_unit(unit), ""), times, name)
    return _filled(form, given, name)


def _converted(one: str, other: str) -> str:
    """`convert(int, x)` of SQL Server, `convert(x, unsigned)` of MySQL."""
    for type_, value in ((one, other), (other, one)):
        word = {"unsigned": "bigint", "signed": "bigint"}.get(type_.lower(), _unit(type_))
        if re.sub(r"\(.*", "", word) in _CONVERTED:
            return f"CAST({value} AS {word})"
    return ""


def _filled(form: str, given: Sequence[str], name: str) -> str:
    unknown: list[str] = []

    def argument(found: re.Match[str]) -> str:
        if found.group() == "$f":
            return name
        text = given[int(found[1]) - 1]
        made = _AS[found[2]](text)
        unknown.extend(() if made else (text,))
        return made

    filled = _ARGUMENT.sub(argument, form)
    return "" if unknown else filled


def _term(text: str) -> str:
    return text if _SIMPLE.match(text) else f"({text})"


def _unit(text: str) -> str:
    word = text.strip("'\" ").lower()
    return UNITS.get(word, word if re.fullmatch(r"[a-z]+(?:\(\d+(?:, ?\d+)?\))?", word) else "")


def _mask(text: str) -> str:
    """A mask of MySQL's or strftime's in PostgreSQL's letters; empty for one that has others."""
    if not re.fullmatch(r"'[^']*'", text):
        return ""
    made = re.sub(r"%.", lambda found: MASKS.get(found.group(), found.group()), text)
    return made if "%" not in made else ""


_AS: Final[dict[str, Callable[[str], str]]] = {"": str, "t": _term, "u": _unit, "m": _mask}
