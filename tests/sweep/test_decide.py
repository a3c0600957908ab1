"""Jobs are skipped if a finished run has the same result."""

from dataclasses import replace

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
    """Computed once: hashing code and packages takes a while."""
    return fingerprint(composed(), "data")


@pytest.fixture(autouse=True)
def fingerprints(monkeypatch, first) -> list[str]:
    """The data of each fingerprint that is computed."""
    computed = []
    monkeypatch.setattr(module, "fingerprint", lambda config, data: computed.append(data) or first)
    return computed


def jobs(*overrides: str) -> list[Job]:
    return [
        Job(number, text, (text,), composed(*BASE, *text.split())) for number, text in enumerate(overrides, start=1)
    ]


def key(*overrides: str) -> tuple[str, ...]:
    """The key of a finished run with these overrides."""
    return module.Keys().result(Job(1, "", overrides, composed(*BASE, *overrides)))


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
        ("evaluation.chains.strength=0.5", False),
        ("training.monitor=clean", False),
        ("unfreeze=3", False),
        ("loss.gamma=1", False),
    ],
)
def test_a_job_is_skipped_if_a_finished_run_has_the_same_result(changed, skipped) -> None:
    decided = decide(jobs(changed), {key(): "run"})
    assert (decided.finished_runs == {1: "run"}) is skipped
    assert [job.number for job in decided.to_do] == ([] if skipped else [1])
    assert decided.total == 1


@pytest.mark.parametrize("part", ["config", "data", "code", "packages", "weights"])
def test_each_part_of_the_fingerprint_counts(monkeypatch, first, part) -> None:
    finished = {key(): "run"}
    assert decide(jobs(""), finished).finished_runs == {1: "run"}
    compute = module.Keys._fingerprint
    monkeypatch.setattr(module.Keys, "_fingerprint", lambda self, config: replace(compute(self, config), **{part: "x"}))
    assert decide(jobs(""), finished).finished_runs == {}


def test_the_content_of_a_weights_file_counts(tmp_path) -> None:
    weights = tmp_path / "a.weights.h5"
    weights.write_bytes(b"1")
    before = key(f"backbone.weights={weights}")
    assert key(f"backbone.weights={weights}") == before
    weights.write_bytes(b"2")
    assert key(f"backbone.weights={weights}") != before


def test_invalid_jobs_are_listed_with_their_errors(tmp_path) -> None:
    invalid = Job(5, "", (), InputError("seed=-1: expected another"))
    decided = decide(
        [*jobs("unfreeze=2", "unfreeze=blok", f"backbone.weights={tmp_path}/no.h5", "unfreeze=9"), invalid], {}
    )
    assert [job.number for job in decided.to_do] == [1, 4]
    assert {job.number: str(error)[:20] for job, error in decided.invalid.items()} == {
        2: "unfreeze=blok: small",
        3: f"backbone.weights={tmp_path}"[:20],
        5: "seed=-1: expected an",
    }


def test_jobs_that_train_phase_1_run_before_jobs_that_reuse_it() -> None:
    decided = decide(jobs("unfreeze=0 seed=0", "unfreeze=3 seed=0", "unfreeze=0 seed=1", "unfreeze=3 seed=1"), {})
    assert [job.number for job in decided.to_do] == [1, 3, 2, 4]


def test_a_thousand_jobs_read_data_and_code_once(monkeypatch, fingerprints) -> None:
    (job,) = jobs("data.seed=7")  # whose images no other test has cached
    loads, data = [], type(job.config.data)
    load = data.load
    monkeypatch.setattr(data, "load", lambda self: loads.append(self) or load(self))
    decided = decide([Job(number, "", (), job.config) for number in range(1000)], {})
    assert (decided.total, len(loads), len(fingerprints)) == (1000, 1, 1)
