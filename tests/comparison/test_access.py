"""Access compared as logic: the cases that a reviewer meets, in words, and what cannot be decided."""

from __future__ import annotations

from dataclasses import replace

import pytest
from views import access, anew, changes, column, of, project, restriction, rule, view

from mvc.comparison.changes import ColumnRedefined, ReaderAdded, ReaderRemoved, RulesChanged
from mvc.comparison.compare import compare
from mvc.comparison.formula import LIMIT


def access_changes(before, after):
    return changes(view(access=before), view(access=after))


def one(before, after) -> RulesChanged:
    """The one change of rules."""
    (found,) = access_changes(before, after)
    assert isinstance(found, RulesChanged)
    return found


class TestReaders:
    def test_added(self):
        assert access_changes(access(rule("a")), access(rule("a"), readers=("app", "audit"))) == [ReaderAdded("audit")]

    def test_removed(self):
        assert access_changes(access(rule("a"), readers=("app", "audit")), access(rule("a"))) == [
            ReaderRemoved("audit")
        ]

    def test_public_added_takes_nobody_away(self):
        assert access_changes(access(rule("a")), access(rule("a"), readers=("public",))) == [ReaderAdded("public")]

    def test_public_removed_adds_nobody(self):
        assert access_changes(access(rule("a"), readers=("public",)), access(rule("a"))) == [ReaderRemoved("public")]

    def test_who_stays_is_compared_when_public_comes(self):
        found = access_changes(access(rule("a")), access(rule("a"), rule("b"), readers=("public",)))
        assert [type(item) for item in found] == [ReaderAdded, RulesChanged]
        assert (found[1].role, found[1].verdict) == ("app", "loosened")

    def test_a_role_that_cannot_read_on_one_side_is_not_compared_further(self):
        before = access(rule("a", to=("app",)), rule("b", to=("audit",)), readers=("app", "audit"))
        assert access_changes(before, access(rule("a"))) == [ReaderRemoved("audit")]

    def test_the_rules_of_one_policy_gain_their_role_when_a_second_comes(self):
        after = access(rule("a", to=("app",)), rule("b", to=("audit",)), readers=("app", "audit"))
        assert access_changes(access(rule("a")), after) == [ReaderAdded("audit")]


class TestVerdicts:
    @pytest.mark.parametrize(
        ("before", "after", "verdict"),
        [
            (access(rule("a")), access(rule("a"), rule("b")), "loosened"),
            (access(rule("a"), rule("b")), access(rule("a")), "tightened"),
            (access(rule("a")), access(rule("a", "b")), "tightened"),
            (access(rule("a", "b")), access(rule("a")), "loosened"),
            (access(rule("a")), access(rule()), "loosened"),
            (access(rule()), access(rule("a")), "tightened"),
            (access(rule("a")), access(), "tightened"),
            (access(), access(rule("a")), "loosened"),
            (access(rule("a")), access(rule("b")), "undecided"),
            (access(rule("a"), rule("b", "c")), access(rule("a", "c"), rule("b")), "undecided"),
            (access(rule("a")), access(rule("a"), also=[restriction(rule("r"))]), "tightened"),
            (access(rule("a"), also=[restriction(rule("r"))]), access(rule("a")), "loosened"),
            (access(rule("a"), also=[restriction()]), access(rule("a")), "loosened"),
            (access(rule("a"), also=[restriction(rule("r"), rule("s"))]), access(rule("a", "r")), "tightened"),
        ],
    )
    def test_of_a_role(self, before, after, verdict):
        assert one(before, after).verdict == verdict

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            (access(rule("a")), access(rule("a"), rule("a", "b"))),
            (access(rule()), access(rule(), rule("a"))),
            (access(rule("a"), also=[restriction(rule("b"))]), access(rule("a", "b"))),
            (access(rule("a"), also=[restriction(rule())]), access(rule("a"))),
            (access(), access(rule("a"), also=[restriction()])),
            (
                access(rule("a"), also=[restriction(rule("b"), rule("c"))]),
                access(rule("a", "b"), rule("a", "c")),
            ),
            (access(rule("a")), access(rule("a", to=("app",)))),
        ],
    )
    def test_equal_is_no_change(self, before, after):
        assert access_changes(before, after) == []


class TestWords:
    def test_an_added_branch(self):
        found = one(access(rule("own")), access(rule("own"), rule("team", "open")))
        assert (found.before, found.after) == ("own", "own OR (team AND open)")
        assert found.reason == "seen now: rows where open AND team"

    def test_an_added_restriction(self):
        found = one(
            access(rule("own"), rule("boss")), access(rule("own"), rule("boss"), also=[restriction(rule("on"))])
        )
        assert (found.before, found.after) == ("own OR boss", "(own OR boss) AND on")
        assert found.reason == "no longer all seen: rows where boss; rows where own"

    def test_all_and_no_rows(self):
        found = one(access(), access(rule()))
        assert (found.before, found.after, found.reason) == ("no rows", "all rows", "seen now: all rows")

    def test_a_restriction_of_all_rows(self):
        found = one(access(rule()), access(rule(), also=[restriction(rule("a or b", "c"))]))
        assert (found.before, found.after) == ("all rows", "(a or b) AND c")

    def test_an_or_inside_a_condition_stands_alone(self):
        assert one(access(rule("a")), access(rule("x or y"))).after == "x or y"

    def test_undecided_names_what_differs(self):
        found = one(access(rule("a", "b")), access(rule("a", "c")))
        assert found.reason.startswith("`b` counted before and `c` counts now;")

    def test_undecided_names_a_mere_recombination(self):
        found = one(access(rule("a"), rule("b", "c")), access(rule("a", "c"), rule("b")))
        assert found.reason.startswith("the same conditions are combined in another way;")

    def test_many_terms_are_counted(self):
        found = one(access(rule("own")), access(rule("own"), *(rule(text) for text in "abcde")))
        assert found.reason == "seen now: rows where a; rows where b; rows where c; and 2 more"


class TestRoles:
    def test_only_the_role_whose_rule_changed_has_a_line(self):
        readers = ("app", "audit")
        before = access(rule("a", to=("app",)), rule("b", to=("audit",)), readers=readers)
        after = access(rule("a", to=("app",)), rule("b", "c", to=("audit",)), readers=readers)
        assert (one(before, after).role, one(before, after).verdict) == ("audit", "tightened")

    def test_each_role_has_its_own_verdict(self):
        readers = ("app", "audit")
        before = access(rule("a", to=("app",)), rule("b", to=("audit",)), readers=readers)
        after = access(rule("a", "x", to=("app",)), rule("b", to=("audit",)), rule("c", to=("audit",)), readers=readers)
        assert [(item.role, item.verdict) for item in access_changes(before, after)] == [
            ("app", "tightened"),
            ("audit", "loosened"),
        ]

    def test_public_is_whoever_else_reads(self):
        before = access(rule("a"), rule(to=("admin",)), readers=("public",))
        after = access(rule("a", "b"), rule(to=("admin",)), readers=("public",))
        found = one(before, after)
        assert (found.role, found.before, found.after) == ("public", "a", "a AND b")

    def test_a_role_that_reads_as_everyone(self):
        before = access(rule("a"), rule(to=("admin",)), readers=("public",))
        found = one(before, access(rule("a"), readers=("public",)))
        assert (found.role, found.verdict, found.before) == ("admin", "tightened", "all rows")

    def test_a_role_with_the_same_change_as_everyone_is_not_told_again(self):
        before = access(rule("a"), readers=("public",), also=[restriction(rule("r"), to=("admin",))])
        after = replace(before, rules=(rule("b"),))
        assert [item.role for item in access_changes(before, after)] == ["public", "admin"]
        plain = replace(before, restrictions=(), rules=(rule("a"), rule("a", to=("admin",))))
        assert [item.role for item in access_changes(plain, replace(plain, rules=(rule("b"),)))] == ["public"]


class TestMembership:
    """A restriction for one role also holds for those who read through another and are members of both."""

    def test_a_restriction_for_a_role_that_does_not_read(self):
        before = access(rule("own"), also=[restriction(rule("day"), to=("guest",))])
        found = one(before, access(rule("own")))
        assert (found.role, found.verdict) == ("app", "loosened")
        assert (found.before, found.after) == ("own AND (day OR not a member of guest)", "own")

    def test_and_that_comes(self):
        after = access(rule("own"), also=[restriction(rule("day"), to=("guest",))])
        assert one(access(rule("own")), after).verdict == "tightened"

    def test_told_by_the_role_itself_where_that_reads(self):
        readers = ("app", "guest")
        before = access(rule("own"), readers=readers, also=[restriction(rule("day"), to=("guest",))])
        found = one(before, access(rule("own"), readers=readers))
        assert (found.role, found.verdict, found.before) == ("guest", "loosened", "own AND day")

    def test_told_by_another_role_where_the_own_line_hides_it(self):
        """Guests see the same by themselves; those who are in both roles see more."""
        rules = (rule("own", to=("guest",)), rule(to=("app",)))
        before = access(*rules, readers=("app", "guest"), also=[restriction(rule("own"), to=("guest",))])
        found = one(before, replace(before, restrictions=()))
        assert (found.role, found.verdict, found.after) == ("app", "loosened", "all rows")
        assert found.before == "own OR not a member of guest"

    def test_a_line_that_loosens_hides_none_that_tightens(self):
        rules = (rule("own", to=("guest",)), rule("day", to=("app",)))
        before = access(*rules, readers=("app", "guest"), also=[restriction(rule("day"), to=("guest",))])
        after = replace(before, restrictions=(restriction(rule("home"), to=("intern",)),))
        assert [(item.role, item.verdict) for item in access_changes(before, after)] == [
            ("app", "tightened"),
            ("guest", "loosened"),
        ]

    def test_a_restriction_on_both_sides_is_the_same_for_all(self):
        same = restriction(rule("day"), rule("own"), to=("guest", "intern"))
        turned = restriction(rule("own"), rule("day"), to=("intern", "guest"))
        assert access_changes(access(rule("own"), also=[same]), access(rule("own"), also=[turned])) == []

    def test_rules_of_a_restriction_may_be_for_a_role(self):
        before = access(rule("own"), also=[restriction(rule("a"), rule(to=("boss",)))])
        found = one(before, access(rule("own"), also=[restriction(rule("a"))]))
        assert (found.verdict, found.before) == ("tightened", "own AND (a OR member of boss)")

    def test_rules_for_a_role_that_does_not_read(self):
        """The compiler makes none, but what is deployed may be anything."""
        found = one(access(rule("own")), access(rule("own"), rule(to=("audit",))))
        assert (found.role, found.verdict, found.after) == ("app", "loosened", "own OR member of audit")


class TestLimits:
    def test_too_many_combinations_are_undecided(self):
        many = [restriction(*(rule(f"{letter}{n}") for n in range(8))) for letter in "abcde"]
        found = one(access(rule("own"), also=many), access(rule("own"), also=[*many[:-1], restriction(rule("x"))]))
        assert (found.verdict, found.reason) == (
            "undecided",
            f"the rules have more than {LIMIT:,} combinations, too many to compare",
        )

    def test_the_same_conditions_in_restrictions_do_not_multiply(self):
        many = [restriction(*(rule(f"c{n}") for n in range(20))) for _ in range(6)]
        assert access_changes(access(rule("own"), also=many), access(rule("own"), also=many[:1])) == []


class TestChangedColumns:
    """A rule whose text stays means something else when the column that it reads does."""

    base = view(access=access(rule("v.total = 1"), reads=("total",)))

    def rules(self, *own, **changed):
        found = changes(self.base, anew(self.base, columns=own, **changed))
        return [item for item in found if isinstance(item, RulesChanged)]

    def test_redefined(self):
        (found,) = self.rules(column("id"), column("total", "other"))
        assert (found.verdict, found.before, found.after) == ("undecided", "v.total = 1", "v.total = 1")
        assert found.reason == "the rule reads `total`, which is computed differently now"

    def test_retyped(self):
        (found,) = self.rules(column("id"), column("total", type="text"))
        assert found.reason == "the rule reads `total`, which is text now, no longer integer"

    def test_renamed(self):
        renamed = access(rule("v.sum = 1"), reads=("sum",))
        (found,) = self.rules(column("id"), column("sum", "orders.total"), access=renamed)
        assert found.verdict == "undecided"
        assert found.reason == "the rule reads `total`, which is named `sum` now"

    def test_a_column_that_no_rule_reads(self):
        assert self.rules(column("id", "other"), column("total")) == []

    def test_fewer_rows_stay_decided(self):
        (found,) = self.rules(column("id"), column("total", "other"), access=access(reads=()))
        assert found.verdict == "tightened"

    def test_a_rule_that_does_not_read_it_stays_decided(self):
        before = view(
            access=access(rule("v.total = 1", to=("a",)), rule("x", to=("b",)), readers=("a", "b"), reads=("total",))
        )
        after = anew(before, columns=(column("id"), column("total", "other")))
        assert [item.role for item in changes(before, after) if isinstance(item, RulesChanged)] == ["a"]

    def test_a_restriction_for_a_role_that_does_not_read_itself(self):
        day = restriction(rule("v.total = 1"), to=("guest",))
        before = view(access=access(rule("own"), also=[day], reads=("total",)))
        after = anew(before, columns=(column("id"), column("total", "other")))
        (found,) = [item for item in changes(before, after) if isinstance(item, RulesChanged)]
        assert (found.role, found.verdict) == ("app", "undecided")
        assert found.before == "own AND (v.total = 1 OR not a member of guest)"

    def test_a_condition_that_reads_it_unnamed(self):
        before = view(access=access(rule("allowed(v)"), reads=("total",)))
        after = anew(before, columns=(column("id"), column("total", "other")))
        assert [item.verdict for item in changes(before, after) if isinstance(item, RulesChanged)] == ["undecided"]

    def test_through_another_view(self):
        below = view(
            "below",
            column("id"),
            column("owner", "v.total", lineage=("public.v.total",)),
            access=access(rule("below.owner = 1"), reads=("owner",)),
            upstream=("v",),
        )
        changed = anew(self.base, columns=(column("id"), column("total", "other")))
        found = of(compare(project(self.base, below), project(changed, anew(below))), "below")
        assert not any(isinstance(item.change, ColumnRedefined) for item in found.changes)
        (rules,) = [item.change for item in found.changes if isinstance(item.change, RulesChanged)]
        assert rules.verdict == "undecided"
        assert rules.reason == "the rule reads `owner`, which is computed from `v.total`, which is not what it was"
