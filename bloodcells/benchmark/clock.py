"""Where the seconds of a program go."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from typing import Any


class Clock:
    """Seconds by part of a program, and those of a part within another by both: no second counts twice.

    now: gives the time in seconds
    """

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self.seconds: dict[tuple[str, ...], float] = defaultdict(float)
        self._open: list[str] = []
        self._now, self._since = now, now()

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
        yield entered
        with self.within(part):
            manager.__exit__(None, None, None)

    def stop(self) -> None:
        """Counts up to now."""
        self._count()

    def _count(self) -> None:
        now = self._now()
        self.seconds[tuple(self._open)] += now - self._since
        self._since = now
