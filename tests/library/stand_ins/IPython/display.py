"""As much of IPython as a cell needs: what it has displayed."""

displayed: list[object] = []


class Markdown:
    def __init__(self, data: str) -> None:
        self.data = data


def display(item: object) -> None:
    displayed.append(item)
