"""What a dashboard asks: each question once on a view, and once on the base tables, where the answer must be the same.

The SQL on the tables is what an expert writes who knows what joins multiply: it is the fair rival. `%(organization)s` and
`%(customer)s` are filled with those of the demo's cast. Every answer has one order only, so that two can be compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Final, Literal

Person = Literal["visitor", "org admin", "super admin"]
PEOPLE: Final[tuple[Person, ...]] = ("visitor", "org admin", "super admin")


@dataclass(frozen=True, slots=True)
class Question:
    """A question to one view. `asker` is who typically asks it, and sees the whole answer."""

    title: str
    view: str
    asker: Person
    on_view: str
    on_tables: str


_ASKED: Final[tuple[tuple[str, str, Person, str], ...]] = (
    ("One organisation's dashboard", "mv_organization_dashboard", "org admin", "organization_dashboard"),
    ("Top 20 by revenue", "mv_organization_dashboard", "super admin", "organization_ranking"),
    ("Services of one organisation", "mv_service_performance", "org admin", "organization_services"),
    ("Free slots by city", "mv_location_availability", "super admin", "city_slots"),
    ("What one customer is worth", "mv_customer_lifetime_value", "super admin", "customer_value"),
    ("Top 20 customers by spending", "mv_customer_lifetime_value", "super admin", "customer_ranking"),
    ("Free slots tomorrow", "mv_realtime_availability", "visitor", "slots_tomorrow"),
    ("This year's finance by month", "mv_financial_summary", "org admin", "organization_finance"),
    ("Cremation within 300 km", "mv_search_index", "visitor", "search_nearby"),
)
_BETWEEN: Final = "-- The same on the base tables.\n"


def questions() -> tuple[Question, ...]:
    """All questions, at least one for each view. Their SQL lies in `asked/`, both forms of one question in one file."""
    return tuple(_question(*row) for row in _ASKED)


def text(name: str) -> str:
    """A file of `asked/`."""
    return (files("mvc.demo") / "asked" / f"{name}.sql").read_text(encoding="utf-8")


def _question(title: str, view: str, asker: Person, name: str) -> Question:
    on_view, _, on_tables = text(name).partition(_BETWEEN)
    return Question(title, view, asker, on_view.strip(), on_tables.strip())
