"""Which jobs are skipped: those with a finished run that would come out the same."""

import pytest

from bloodcells.config.errors import InputError
from bloodcells.provenance.fingerprint import fingerprint
from bloodcells.sweep import decide as module
from bloodcells.sweep.decide import decide
from bloodcells.sweep.expand import Job
from tests.conftest import composed

BASE = ("data.images=200", "data.image_size=32", "study=a")


@pytest.fixture(scope="module")
def first():
    """Code and packages take a while to hash."""
    return fingerprint(composed(), "data")


@pytest.fixture(autouse=True)
def hashed_once(monkeypatch, first) -> list[str]:
    """The data of each fingerprint asked for."""
    asked = []
    monkeypatch.setattr(module, "fingerprint", lambda config, data: asked.append(data) or first)
    return asked


def jobs(*overrides: str) -> list[Job]:
    return [
        Job(number, text, (text,), composed(*BASE, *text.split())) for number, text in enumerate(overrides, start=1)
    ]


def key(*overrides: str) -> tuple[str, ...]:
    """What a finished run of these overrides would be found by."""
    return module._Known().key(Job(1, "", overrides, composed(*BASE, *overrides)))


@pytest.mark.parametrize(
    ("changed", "skipped"),
    [
        ("seed=0", True),
        ("label=x", True),
        ("training.threads=2", True),
        ("sweep.rerun=true", True),
        ("tracking.directory=elsewhere", True),
        ("seed=1", False),
        ("study=b", False),
        ("data.images=201", False),
        ("data.seed=1", False),
        ("data.split.test_share=0.3", False),
        ("data.clean.enabled=false", False),
        ("evaluation=clean", False),
        ("unfreeze=3", False),
        ("loss.gamma=1", False),
    ],
)
def test_a_job_is_skipped_only_if_what_was_run_would_come_out_the_same(changed, skipped) -> None:
    decided = decide(jobs(changed), {key(): "run"})
    assert (decided.done == {1: "run"}) is skipped
    assert [job.number for job in decided.to_do] == ([] if skipped else [1])
    assert decided.total == 1


def test_code_packages_and_weights_count_too(tmp_path) -> None:
    finished = {key(): "run"}
    assert decide(jobs(""), finished).done
    for place in (1, 2, 3, 4, 5):
        (other,) = finished
        assert not decide(jobs(""), {(*other[:place], "changed", *other[place + 1 :]): "run"}).done
    weights = tmp_path / "a.weights.h5"
    weights.write_bytes(b"1")
    before = key(f"backbone.weights={weights}")
    assert key(f"backbone.weights={weights}") == before
    weights.write_bytes(b"2")
    assert key(f"backbone.weights={weights}") != before


def test_jobs_that_cannot_be_run_are_told_apart_with_what_is_wrong(tmp_path) -> None:
    wrong = Job(5, "", (), InputError("seed=-1: expected another"))
    decided = decide(
        [*jobs("unfreeze=2", "unfreeze=blok", f"backbone.weights={tmp_path}/no.h5", "unfreeze=9"), wrong], {}
    )
    assert [job.number for job in decided.to_do] == [1, 4]
    assert {job.number: str(error)[:20] for job, error in decided.wrong.items()} == {
        2: "unfreeze=blok: small",
        3: f"backbone.weights={tmp_path}"[:20],
        5: "seed=-1: expected an",
    }


def test_those_that_train_a_phase_1_come_before_those_that_take_it_over() -> None:
    decided = decide(jobs("unfreeze=0 seed=0", "unfreeze=3 seed=0", "unfreeze=0 seed=1", "unfreeze=3 seed=1"), {})
    assert [job.number for job in decided.to_do] == [1, 3, 2, 4]


def test_a_thousand_jobs_read_their_data_and_the_code_once(monkeypatch, hashed_once) -> None:
    loads, load = [], module.load
    monkeypatch.setattr(module, "load", lambda data: loads.append(data) or load(data))
    (job,) = jobs("")
    decided = decide([Job(number, "", (), job.config) for number in range(1000)], {})
    assert (decided.total, len(loads), len(hashed_once)) == (1000, 1, 1)
