"""What is said of code, packages and machine that are not as they were."""

from dataclasses import replace

from bloodcells.provenance.fingerprint import Fingerprint
from bloodcells.reproduction.surroundings import Surroundings, differences, present
from tests.conftest import composed

MACHINE = {"processor": "A 1", "gpus": [], "python": "3.11.7", "threads": 4, "onednn": "on"}
THEN = Surroundings("c" * 64, "d" * 64, "none", "commit abc", {"numpy": "2.1.0", "zict": "1.0"}, MACHINE)


def test_what_is_as_it_was_is_not_told() -> None:
    assert differences(THEN, replace(THEN, commit="commit def")) == []  # a commit that changed no code


def test_another_code_is_told_by_its_commit_and_a_hash_made_otherwise_where_the_code_is_the_same() -> None:
    now = replace(THEN, code="e" * 64, config="f" * 64, commit="commit def with files changed since")
    assert differences(THEN, now) == ["code: that of commit abc, now that of commit def with files changed since"]
    assert differences(THEN, replace(THEN, config="f" * 64)) == ["config: the same settings, now with another SHA-256"]


def test_another_file_of_weights_is_told() -> None:
    assert differences(THEN, replace(THEN, weights="a" * 64)) == ["backbone.weights: another file than then"]


def test_packages_are_named_the_weightiest_first_and_the_rest_counted() -> None:
    now = replace(THEN, packages={"zict": "1.1", "keras": "3.1", "numpy": "2.2.0"})
    assert differences(THEN, now) == ["packages: keras none, now 3.1; numpy 2.1.0, now 2.2.0; zict 1.0, now 1.1"]
    many = {f"p{k}": "1" for k in range(7)}
    assert differences(THEN, replace(THEN, packages=THEN.packages | many)) == [
        "packages: p0 none, now 1; p1 none, now 1; p2 none, now 1; p3 none, now 1; and 3 more"
    ]


def test_the_machine_is_told_fact_by_fact() -> None:
    now = {"processor": "B 2", "gpus": ["H100", "H100"], "python": "3.12.0", "threads": 2, "onednn": "off"}
    assert differences(THEN, replace(THEN, machine=now)) == [
        "processor: A 1, now B 2",
        "gpus: none, now H100 and H100",
        "python: 3.11.7, now 3.12.0",
        "threads: 4, now 2",
        "onednn: on, now off",
    ]
    older = replace(THEN, machine=MACHINE | {"threads": None})
    assert differences(older, replace(THEN, machine=MACHINE | {"threads": 1})) == ["threads: not on record, now 1"]


def test_the_present_is_of_this_process() -> None:
    import numpy as np

    fingerprint = Fingerprint("data", "config", "code", "packages", "weights", "0123456789", True)
    now = present(composed("training.threads=3"), fingerprint)
    assert (now.config, now.code, now.weights) == ("config", "code", "weights")
    assert now.commit == "commit 01234567 with files changed since"
    assert now.packages["numpy"] == np.__version__
    assert now.machine["threads"] == 3
