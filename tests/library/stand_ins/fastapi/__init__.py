"""As much of FastAPI as a route needs that is called by hand."""

from collections.abc import Callable
from typing import TypeVar

Route = TypeVar("Route", bound=Callable[..., object])


class Response:
    status_code = 0


class FastAPI:
    def __init__(self) -> None:
        self.routes: dict[str, Callable[..., object]] = {}

    def get(self, path: str) -> Callable[[Route], Route]:
        def keep(route: Route) -> Route:
            self.routes[path] = route
            return route

        return keep
