"""Which runs are compared."""

from bloodcells.config.errors import InputError
from bloodcells.config.explain import nearest
from bloodcells.config.schema import ReportConfig
from bloodcells.tracking.stored import StoredRun, search


def select(config: ReportConfig) -> list[StoredRun]:
    """The training runs of the study that the filter finds, the oldest first.

    Raises InputError where there is none, and as `search` does.
    """
    conditions = [config.filter] if config.filter else []
    if config.study is not None:
        conditions.insert(0, f"tags.study = '{config.study}'")
    runs = search(config.tracking, " and ".join(conditions) or None)
    if runs:
        return runs
    everything = search(config.tracking)
    studies = sorted({run.run.data.tags["study"] for run in everything if "study" in run.run.data.tags})
    if config.study is not None and config.study not in studies:
        known = f"one of {', '.join(studies)}" if studies else "a name that runs were trained with, study=NAME"
        raise InputError(
            f"study={config.study}: none of the {len(everything)} training runs of this tracking.experiment has it; "
            f"expected {known}{nearest(config.study, studies)}"
        )
    asked = f"filter={config.filter}" if config.filter else "tracking.experiment"
    raise InputError(f"{asked}: no training run there; expected what finds one or more, study={config.study}")
