"""Optuna's study of a search. It is kept in memory: the runs in the store are what a resumed search starts from.

Each trial is drawn by a sampler with a seed of its own, so it follows from the seed of the config and the results of
the trials before its batch.
"""

from collections.abc import Sequence

import numpy as np
import optuna
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner
from optuna.samplers import TPESampler
from optuna.study import Study
from optuna.trial import Trial as OptunaTrial

from bloodcells.sweep.search.settings import Pruner, SearchSettings
from bloodcells.sweep.search.space import Dimension

optuna.logging.set_verbosity(optuna.logging.ERROR)  # the search logs its trials itself


def new_study(settings: SearchSettings, epochs: int) -> Study:
    """A study without trials; epochs: the most that a trial trains."""
    # Hyperband assigns trials to brackets by the study's name.
    return optuna.create_study(direction="maximize", study_name="search", pruner=_pruner(settings, epochs))


def ask(study: Study, space: Sequence[Dimension], *, seed: int, startup_trials: int) -> OptunaTrial:
    """The next trial, with a value for each dimension."""
    own_seed = int(np.random.SeedSequence([seed, len(study.get_trials(deepcopy=False))]).generate_state(1)[0])
    # The constant liar keeps trials that are asked at once apart from each other.
    study.sampler = TPESampler(n_startup_trials=startup_trials, constant_liar=True, seed=own_seed)
    return study.ask({dimension.key: dimension.distribution for dimension in space})


def overrides_of(trial: OptunaTrial, space: Sequence[Dimension]) -> list[str]:
    """The overrides of a trial, in the order of the dimensions."""
    return [dimension.override(trial.params[dimension.key]) for dimension in space]


def _pruner(settings: SearchSettings, epochs: int) -> BasePruner:
    match settings.pruner:
        case Pruner.median:
            return MedianPruner(n_startup_trials=settings.startup_trials, n_warmup_steps=settings.min_epochs)
        case Pruner.hyperband:
            return HyperbandPruner(min_resource=settings.min_epochs, max_resource=max(epochs, settings.min_epochs))
    return NopPruner()
