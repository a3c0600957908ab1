"""Errors of MLflow, its database, a server and the file system, in one line that names the store and the remedy."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from bloodcells.config.errors import InputError

STORE_ERRORS = (OSError, MlflowException, SQLAlchemyError)  # server down, disk full, database locked
CREDENTIALS = "set the environment variables MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
CAUSE = re.compile(r"Failed to resolve '[^']*'|\[(?:Errno|SSL)[^\"'()]*|timed out")  # in the text of requests
STATUS = re.compile(r"failed with error code (\d+)|too many (\d+) error responses")


class NoResponseError(InputError):
    """The server does not respond, or responds with an error of its own: it may work later.

    problem: the message without the remedy
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}; {remedy}")
        self.problem = problem


@contextmanager
def store_errors(store: str, experiment: str) -> Iterator[None]:
    """Converts errors into an InputError; store: as it is named in messages; experiment: the name of MLflow's.

    Raises NoResponseError if the same request may succeed later.
    """
    for library in ("mlflow", "alembic", "sqlalchemy.pool", "urllib3"):  # they would print tracebacks before our line
        logging.getLogger(library).setLevel(logging.CRITICAL)
    try:
        yield
    except STORE_ERRORS as error:
        raise _explained(store, experiment, error) from error


def _explained(store: str, experiment: str, error: Exception) -> InputError:
    reason = str(error).splitlines()[0]
    if not reason.startswith("API request"):
        return InputError(
            f"{store}: cannot access experiment “{experiment}” there ({reason}); fix the cause, or choose another "
            "store or experiment"
        )
    status = int(next(filter(None, match.groups()))) if (match := STATUS.search(reason)) else 0
    if status == 401:
        return InputError(f"{store}: the server refuses the name and password (status 401): {CREDENTIALS}")
    if status == 403:
        return InputError(
            f"{store}: the server denies this user access to experiment “{experiment}” (status 403): ask its "
            f"administrator for the permission to edit it, or {CREDENTIALS} of another user"
        )
    if status == 404 or "not in a valid JSON format" in reason:
        found = f"status {status}" if status else "no JSON"
        return InputError(
            f"{store}: a server responds, but not as MLflow's does ({found}); expected the address that also opens "
            "MLflow's pages: check host, port and path"
        )
    if status:
        return NoResponseError(
            f"{store}: the MLflow server fails with status {status}", "see its own log, or try again later"
        )
    cause = match[0].strip() if (match := CAUSE.search(reason)) else reason
    return NoResponseError(f"{store}: no MLflow server responds there ({cause})", "start it, or check the address")
