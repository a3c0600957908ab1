"""Changes of code, packages and machine since a run was trained."""

from dataclasses import replace

from bloodcells.provenance.fingerprint import Fingerprint
from bloodcells.reproduction.conditions import Conditions, changes, present_conditions
from tests.conftest import composed

MACHINE = {"processor": "A 1", "gpus": [], "python": "3.11.7", "threads": 4, "variables": []}
THEN = Conditions("c" * 64, "d" * 64, "none", "commit abc", {"numpy": "2.1.0", "zict": "1.0"}, MACHINE)


def test_unchanged_conditions_are_not_listed() -> None:
    assert changes(THEN, replace(THEN, commit="commit def")) == []  # a commit that changed no code


def test_changed_code_is_named_by_commit_and_changed_config_hash_only_if_the_code_is_the_same() -> None:
    now = replace(THEN, code="e" * 64, config="f" * 64, commit="commit def with uncommitted changes")
    assert changes(THEN, now) == ["code: commit abc, now commit def with uncommitted changes"]
    assert changes(THEN, replace(THEN, config="f" * 64)) == ["config: same settings, different SHA-256"]


def test_changed_weights_file_is_listed() -> None:
    assert changes(THEN, replace(THEN, weights="a" * 64)) == ["backbone.weights: the file has changed"]


def test_first_changed_packages_are_named_and_the_rest_counted() -> None:
    now = replace(THEN, packages={"zict": "1.1", "keras": "3.1", "numpy": "2.2.0"})
    assert changes(THEN, now) == ["packages: keras none, now 3.1; numpy 2.1.0, now 2.2.0; zict 1.0, now 1.1"]
    many = {f"p{k}": "1" for k in range(7)}
    assert changes(THEN, replace(THEN, packages=THEN.packages | many)) == [
        "packages: p0 none, now 1; p1 none, now 1; p2 none, now 1; p3 none, now 1; and 3 more"
    ]


def test_changes_of_the_machine_are_listed() -> None:
    now = {
        "processor": "B 2",
        "gpus": ["H100", "H100"],
        "python": "3.12.0",
        "threads": 2,
        "variables": ["XLA_FLAGS=a", "ONEDNN_MAX_CPU_ISA=AVX2"],
    }
    assert changes(THEN, replace(THEN, machine=now)) == [
        "processor: A 1, now B 2",
        "gpus: none, now H100 and H100",
        "python: 3.11.7, now 3.12.0",
        "threads: 4, now 2",
        "variables: none, now XLA_FLAGS=a and ONEDNN_MAX_CPU_ISA=AVX2",
    ]
    older = replace(THEN, machine=MACHINE | {"threads": None})
    assert changes(older, replace(THEN, machine=MACHINE | {"threads": 1})) == ["threads: not recorded, now 1"]


def test_present_conditions_are_those_of_this_process() -> None:
    import numpy as np

    fingerprint = Fingerprint("data", "config", "code", "packages", "weights", "0123456789", True)
    now = present_conditions(composed("training.threads=3"), fingerprint)
    assert (now.config, now.code, now.weights) == ("config", "code", "weights")
    assert now.commit == "commit 01234567 with uncommitted changes"
    assert now.packages["numpy"] == np.__version__
    assert now.machine["threads"] == 3
