"""The command line of a program: Hydra composes the config, the schema checks it, errors are one line each."""

import functools
import gc
import os
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import hydra
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.plugins.plugin import Plugin
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.errors import InputError, JobsFailedError, error_line, readable
from bloodcells.config.explain import explain
from bloodcells.config.interrupt import raise_on_signals
from bloodcells.config.typed import Config, typed

# Settings that take any text or path as it is typed.
TEXTS = ("run_id", "name", "study", "filter", "label", "tracking.experiment", "tracking.uri")
PATHS = ("data.path", "output", "backbone.weights", "tracking.directory", "source", "target")
INTERRUPTED = 130  # exit status after Ctrl-C or SIGTERM
CLOSED = 141  # exit status if nobody reads the output any more, as after SIGPIPE
# Hydra copies this singleton, with all that it stores, for each group that --help lists. That takes most of its time,
# and is of no use, since what is read from it is copied again.
setattr(ConfigStore, "__deepcopy__", lambda store, memo: store)  # noqa: B010


def command(
    config_name: str, kind: type[Config], plugins: Collection[type[Plugin]] = ()
) -> Callable[[Callable[[Config], Any]], Callable[[], None]]:
    """Decorator that turns a function of a config into a command-line program.

    The function receives conf/CONFIG_NAME.yaml with the overrides of the command line, checked and typed as `kind`.
    plugins: Hydra plugins of this package, named hydra_plugins.bloodcells.CLASS in conf/hydra
    Exit status: 0 on success, 1 if a job failed, 130 if interrupted (SIGINT or SIGTERM). HYDRA_FULL_ERROR=1 shows
    tracebacks.
    """

    def decorate(task: Callable[[Config], Any]) -> Callable[[], None]:
        tracebacks = os.environ.get("HYDRA_FULL_ERROR") == "1"
        jobs: list[str] = []  # one error message per started job, empty if it succeeded

        @functools.wraps(task)
        def job(composed: DictConfig) -> None:
            # Hydra would print more lines around an InputError and end the sweep. Any other exception is a bug
            # and keeps its traceback.
            jobs.append("")
            try:
                config = _typed(composed, kind)
                task(config)
            except InputError as error:
                if tracebacks:
                    raise
                jobs[-1] = f"{_job_prefix()}{error}"
                print(error_line(jobs[-1]), file=sys.stderr)

        @functools.wraps(task)
        def program() -> None:
            jobs.clear()  # a process may call the program several times, as tests do
            raise_on_signals()
            # argparse rejects overrides on both sides of --multirun, so it is moved to the front.
            sys.argv[1:] = sorted(sys.argv[1:], key=lambda argument: argument not in ("--multirun", "-m"))
            for argument in sys.argv[1:]:
                if (escaped := readable(argument)) != argument:
                    sys.exit(error_line(f"{escaped}: expected UTF-8; rename the file, or use a UTF-8 terminal"))
            sys.argv[1:] = [_as_typed(argument) for argument in sys.argv[1:]]
            conf = CHECKOUT / "conf"
            if not conf.is_dir():
                sys.exit(error_line(f"{conf}: not found; expected bloodcells' checkout: run `make install` there"))
            try:
                for plugin in plugins:
                    register_plugin(plugin)
                with _hydra_raises():
                    hydra.main(version_base="1.3", config_path=str(conf), config_name=config_name)(job)()
            except JobsFailedError:
                sys.exit(1)
            except InputError as error:
                if tracebacks:
                    raise
                sys.exit(error_line(error))
            except (HydraException, OmegaConfBaseException, ValueError) as error:
                if tracebacks or jobs:
                    raise
                sys.exit(error_line(explain(error, sys.argv[1:])))
            except KeyboardInterrupt:
                print("interrupted", file=sys.stderr)
                sys.exit(INTERRUPTED)
            except BrokenPipeError:  # as when `head` has read enough
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes it when it exits
                sys.exit(CLOSED)
            finally:
                gc.freeze()  # otherwise Python looks for garbage among all objects before it exits: up to a second
            if any(jobs):
                sys.exit(1)

        return program

    return decorate


@contextmanager
def _hydra_raises() -> Iterator[None]:
    """Makes Hydra raise its exceptions instead of printing them; leaves the environment as it was."""
    previous = os.environ.get("HYDRA_FULL_ERROR", "0")
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        yield
    finally:
        os.environ["HYDRA_FULL_ERROR"] = previous


def register_plugin(plugin: type[Plugin]) -> None:
    """Registers a plugin under the name hydra_plugins.bloodcells.CLASS: Hydra accepts plugins of that package only.

    The class stays in its own module, so that it can be pickled for a launcher's workers.
    """
    Plugins.instance().class_name_to_class[f"hydra_plugins.bloodcells.{plugin.__name__}"] = plugin


def _as_typed(argument: str) -> str:
    """Quotes the value of a text or a path unless Hydra's parser leaves it as it is; expands "~" in paths.

    A path may contain "=" or "#", and Hydra would take the id 7e14 for a number. In a sweep, "a,b" and "glob(…)" are
    several values.
    """
    key, _, value = argument.partition("=")
    if key not in TEXTS + PATHS or value in ("", "null") or value[0] in "'\"":
        return argument
    several = not {"--multirun", "-m"}.isdisjoint(sys.argv) and not {",", "("}.isdisjoint(value)
    if key in PATHS:
        value = ",".join(map(os.path.expanduser, value.split(",") if several else [value]))
    if several or _parsed(f"{key}={value}") == value:
        return f"{key}={value}"
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"{key}='{escaped}'"


def _parsed(argument: str) -> Any:
    """The value that Hydra's parser finds in an override; None if it is an error."""
    try:
        return OverridesParser.create().parse_override(argument).value()
    except HydraException:
        return None


def _typed(composed: DictConfig, kind: type[Config]) -> Config:
    try:
        return typed(composed, kind)
    except OmegaConfBaseException as error:
        raise InputError(explain(error)) from error


def _job_prefix() -> str:
    settings = HydraConfig.get()
    if settings.mode != RunMode.MULTIRUN:
        return ""
    return f"job {settings.job.num} ({', '.join(settings.overrides.task)}): "
