"""Verdicts on access against brute force: every reader in every set of roles, every truth of the conditions."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import chain, combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mvc.comparison.access import access_changes
from mvc.comparison.changes import ReaderAdded, RulesChanged
from mvc.compiled.view import AccessRestriction, AccessRule, CompiledAccess

pytestmark = pytest.mark.slow

ROLES = ("a", "b", "c")
CONDITIONS = ("p", "q", "r")


def subsets(items) -> Iterator[frozenset[str]]:
    return (frozenset(some) for some in chain.from_iterable(combinations(items, n) for n in range(len(items) + 1)))


def some_of(items, most: int) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(items), max_size=most, unique=True).map(tuple)


rules = st.builds(AccessRule, some_of(ROLES, 2), some_of(CONDITIONS, 2))
restrictions = st.builds(
    AccessRestriction,
    some_of(ROLES, 2),
    st.lists(st.builds(AccessRule, st.just(()), some_of(CONDITIONS, 2)), max_size=2).map(tuple),
)
accesses = st.builds(
    CompiledAccess,
    some_of(("public", *ROLES), 2),
    st.lists(rules, max_size=3).map(tuple),
    st.lists(restrictions, max_size=2).map(tuple),
    st.just(()),
)


def reads(access: CompiledAccess, member: AbstractSet[str]) -> bool:
    return "public" in access.readers or bool(member & set(access.readers))


def sees(access: CompiledAccess, member: frozenset[str], true: frozenset[str]) -> bool:
    """The meaning of the exposure: some rule, and all restrictions, that are for a reader with these roles."""
    mine = [item for item in access.rules if not item.roles or member & set(item.roles)]
    over_me = [item for item in access.restrictions if not item.roles or member & set(item.roles)]
    return any(set(item.conditions) <= true for item in mine) and all(
        any(set(item.conditions) <= true for item in some.rules) for some in over_me
    )


def shows(access: CompiledAccess, member: frozenset[str], true: frozenset[str]) -> bool:
    return reads(access, member) and sees(access, member, true)


def verdict_of(before, after, member) -> str:
    worlds = list(subsets(CONDITIONS))
    more = any(sees(after, member, true) and not sees(before, member, true) for true in worlds)
    less = any(sees(before, member, true) and not sees(after, member, true) for true in worlds)
    return {(True, True): "undecided", (True, False): "loosened", (False, True): "tightened"}.get((more, less), "equal")


def tidy(access: CompiledAccess) -> CompiledAccess:
    """As the compiler makes it: rules only for roles that read."""
    return replace(
        access, rules=tuple(rule for rule in access.rules if all(reads(access, {role}) for role in rule.roles))
    )


def for_all(access: CompiledAccess) -> CompiledAccess:
    """Every restriction for all readers."""
    return replace(access, restrictions=tuple(AccessRestriction((), item.rules) for item in access.restrictions))


def loosens(item) -> bool:
    return isinstance(item, ReaderAdded) or (
        isinstance(item, RulesChanged) and item.verdict in ("loosened", "undecided")
    )


@settings(max_examples=300, deadline=None)
@given(accesses, accesses)
def test_no_new_row_is_missed(before, after):
    """Whoever sees a row that they did not see, in whatever roles they are: something is said to loosen access."""
    new_rows = any(
        shows(after, member, true) and not shows(before, member, true)
        for member in subsets(ROLES)
        for true in subsets(CONDITIONS)
    )
    assert any(map(loosens, access_changes(before, after, {}))) or not new_rows


@settings(max_examples=300, deadline=None)
@given(accesses, st.sampled_from(CONDITIONS), st.data())
def test_no_new_row_through_a_changed_column_is_missed(before, column, data):
    """A condition that reads a changed column may hold now where it did not: its truth before and after are two things."""
    after = data.draw(st.one_of(st.just(before), accesses))
    before, after = (replace(item, columns=CONDITIONS) for item in (before, after))
    new_rows = any(
        shows(after, member, true) and not shows(before, member, was)
        for member in subsets(ROLES)
        for true in subsets(CONDITIONS)
        for was in (true | {column}, true - {column})
    )
    assert any(map(loosens, access_changes(before, after, {column: "is another"}))) or not new_rows


@settings(max_examples=300, deadline=None)
@given(accesses, accesses)
def test_no_lost_row_is_missed(before, after):
    """Whoever loses a row: something is said."""
    lost = any(
        shows(before, member, true) and not shows(after, member, true)
        for member in subsets(ROLES)
        for true in subsets(CONDITIONS)
    )
    assert access_changes(before, after, {}) or not lost


@settings(max_examples=300, deadline=None)
@given(accesses, accesses)
def test_nothing_is_invented(before, after):
    """Rules that are said to let more through do so for somebody who could read before; the same for fewer."""
    before, after = tidy(before), tidy(after)
    kinds = {
        verdict_of(before, after, member) for member in subsets(ROLES) if reads(before, member) and reads(after, member)
    }
    for item in access_changes(before, after, {}):
        if isinstance(item, RulesChanged):
            assert item.verdict in kinds or "undecided" in kinds or kinds >= {"loosened", "tightened"}


@settings(max_examples=300, deadline=None)
@given(accesses, accesses)
def test_the_line_of_a_role_is_exact(before, after):
    """Where every restriction is for all readers, a line says of its role just what brute force says."""
    before, after = for_all(tidy(before)), for_all(tidy(after))
    lines = {item.role: item.verdict for item in access_changes(before, after, {}) if isinstance(item, RulesChanged)}
    named = {role for one in (before, after) for rule in one.rules for role in rule.roles}
    for role in named | set(before.readers) | set(after.readers):
        member = frozenset() if role == "public" else frozenset({role})
        if reads(before, member) and reads(after, member):
            exact = verdict_of(before, after, member)
            if role in lines:
                assert lines[role] == exact
            else:  # a role whose line would be that of everyone has none
                assert exact in ("equal", lines.get("public"))


@given(accesses)
def test_the_same_is_no_change(access):
    assert access_changes(access, access, {}) == []
