"""Where the seconds of a program go."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from time import perf_counter
from typing import Any


class Clock:
    """Seconds by part of a program, and those of a part within another by both: no second counts twice."""

    def __init__(self) -> None:
        self.seconds: dict[tuple[str, ...], float] = defaultdict(float)
        self._open: list[str] = []
        self._since = perf_counter()

    @contextmanager
    def within(self, part: str) -> Iterator[None]:
        self._count()
        self._open.append(part)
        try:
            yield
        finally:
            self._count()
            self._open.pop()

    def timed(self, function: Callable[..., Any], part: str) -> Callable[..., Any]:
        """`function`, its time counted as that of `part`; of a context manager that of its beginning and end."""

        @wraps(function)
        def run(*arguments: Any, **named: Any) -> Any:
            with self.within(part):
                answer = function(*arguments, **named)
            return self._ends(answer, part) if isinstance(answer, AbstractContextManager) else answer

        return run

    @contextmanager
    def _ends(self, manager: AbstractContextManager[Any], part: str) -> Iterator[Any]:
        with self.within(part):
            entered = manager.__enter__()
        try:
            yield entered
        except BaseException as error:
            with self.within(part):
                if not manager.__exit__(type(error), error, error.__traceback__):
                    raise
        else:
            with self.within(part):
                manager.__exit__(None, None, None)

    def stop(self) -> None:
        """Counts up to now."""
        self._count()

    def _count(self) -> None:
        now = perf_counter()
        self.seconds[tuple(self._open)] += now - self._since
        self._since = now
