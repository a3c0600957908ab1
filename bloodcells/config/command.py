"""The command line of an entry point: Hydra composes, the schema types, errors are one line."""

import functools
import os
import signal
import sys
from collections.abc import Callable, Collection
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.plugins.plugin import Plugin
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.errors import InputError, JobsFailedError
from bloodcells.config.explain import explain
from bloodcells.config.typed import Config, typed

TEXTS = ("run_id", "study", "filter")  # settings that people paste
INTERRUPTED = 130  # what a shell reports for a program that Ctrl-C ended


def command(
    config_name: str, kind: type[Config], plugins: Collection[type[Plugin]] = ()
) -> Callable[[Callable[[Config], Any]], Callable[[], None]]:
    """Makes `task` a program: `conf/<config_name>.yaml` and the overrides, typed as a `kind`, are its argument.

    plugins: Hydra's, of our own, which conf/hydra names as hydra_plugins.bloodcells.CLASS.
    Exit status: 0; 1 where a job failed; 130 where it was interrupted (SIGINT or SIGTERM). HYDRA_FULL_ERROR=1
    asks for tracebacks.
    """

    def decorate(task: Callable[[Config], Any]) -> Callable[[], None]:
        tracebacks = os.environ.get("HYDRA_FULL_ERROR") == "1"
        jobs: list[str] = []  # the error of each that began, or nothing

        @functools.wraps(task)
        def job(composed: DictConfig) -> None:
            # What a user can mend is kept from Hydra, which would print lines of its own around it; in a sweep
            # the other jobs go on. Any other exception goes through: it is a defect, and its traceback is wanted.
            jobs.append("")
            try:
                config = _typed(composed, kind)
                task(config)
            except InputError as error:
                if tracebacks:
                    raise
                jobs[-1] = f"error: {_job_prefix()}{error}"
                print(jobs[-1], file=sys.stderr)

        @functools.wraps(task)
        def program() -> None:
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra hands its exceptions over instead of printing them
            # argparse takes overrides on one side of an option only; this one people type in their midst.
            sys.argv[1:] = sorted(sys.argv[1:], key=lambda argument: argument not in ("--multirun", "-m"))
            sys.argv[1:] = [_literal(argument) for argument in sys.argv[1:]]
            conf = CHECKOUT / "conf"
            if not conf.is_dir():
                sys.exit(f"error: {conf}: not found; bloodcells runs from its checkout: install it with `make install`")
            try:
                for plugin in plugins:
                    register_plugin(plugin)
                hydra.main(version_base="1.3", config_path=str(conf), config_name=config_name)(job)()
            except JobsFailedError:
                sys.exit(1)
            except InputError as error:
                if tracebacks:
                    raise
                sys.exit(f"error: {error}")
            except (HydraException, OmegaConfBaseException, ValueError) as error:
                if tracebacks or jobs:
                    raise
                sys.exit(f"error: {explain(error)}")
            except KeyboardInterrupt:
                print("interrupted", file=sys.stderr)
                sys.exit(INTERRUPTED)
            if any(jobs):
                sys.exit(1)

        return program

    return decorate


def register_plugin(plugin: type[Plugin]) -> None:
    """Lets conf/ name a plugin of ours as `_target_: hydra_plugins.bloodcells.CLASS`; Hydra accepts no other package.

    The class stays importable from its own module, so that it reaches a launcher's workers like any other.
    """
    Plugins.instance().class_name_to_class[f"hydra_plugins.bloodcells.{plugin.__name__}"] = plugin


def _literal(argument: str) -> str:
    """An override of a text, quoted, so that Hydra takes it as it stands: names have "=", and 7e14 is no number."""
    key, _, value = argument.partition("=")
    several = "," in value and not {"--multirun", "-m"}.isdisjoint(sys.argv)
    if key not in TEXTS or value in ("", "null") or value[0] in "'\"" or several:
        return argument
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"{key}='{escaped}'"


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
