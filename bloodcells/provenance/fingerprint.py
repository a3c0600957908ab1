"""SHA-256 hashes of everything that determines the result of a run."""

import ast
import hashlib
import json
import os
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

from bloodcells.config.checkout import CHECKOUT
from bloodcells.config.typed import plain
from bloodcells.provenance.requirements import required

# Modules whose code cannot change a number of a training run. All others in the package count, including files that
# users add. When in doubt, a module counts: retraining a study costs time, but a stale number goes unnoticed.
NO_NUMBERS = (
    # Programs and the packages that only they use: they run before, after or around training.
    "__init__.py", "api.py", "train.py", "evaluate.py", "inspect.py", "report.py", "reproduce.py", "export.py",
    "predict.py", "register.py", "serve.py", "sync.py", "data/unlabeled.py",
    "sweep", "comparison", "reproduction", "deployment", "inspection", "runs/images.py", "runs/result.py",
    # Storage: where a number is written does not change it. Training state is not listed, since runs resume from it.
    "tracking", "provenance", "config/schema/tracking.py", "config/names.py", "config/checkout.py",
    "runs/killed.py", "runs/sweep_run.py",
    # Text and figures made from final numbers, including Grad-CAM. A config that fails to compose gives an error
    # message and no run.
    "reporting", "config/command.py", "config/explain.py", "config/expected.py", "config/errors.py",
    "runs/description.py",
    "training/progress.py", "training/curves.py", "training/tensorboard.py", "model/gradcam.py",
    "evaluation/figures", "evaluation/page.py",
    "evaluation/predicted_page.py", "evaluation/forecast.py", "evaluation/abstention.py",
)  # fmt: skip
# Prefixes of variables of XLA, TensorFlow, oneDNN, BLAS, NumPy, Numba and CUDA's libraries. Some only change speed or
# output, but none is set in a usual environment.
ARITHMETIC = (
    "XLA_", "TF_XLA_", "TF_ENABLE_", "TF_DISABLE_", "TF_OVERRIDE_", "TF_CUDNN_", "TF_CUBLAS_", "TF_DETERMINISTIC_",
    "ONEDNN_", "DNNL_", "MKL_", "OPENBLAS_", "NPY_", "NUMBA_", "NVIDIA_TF32_", "CUBLAS_", "CUDNN_",
)  # fmt: skip
GPU_LIBRARIES = "tensorflow[and-cuda]"  # an optional requirement that changes results if installed
FILING = ("study", "label", "step", "follows", "stand_in_for")  # settings that only describe a run
UNCOUNTED = ("tracking", "output", "sweep", *FILING, "data.path", "backbone.weights", "training.threads")


@dataclass(frozen=True)
class Fingerprint:
    """Identity of a result: runs with equal hashes on the same machine are bit-identical.

    data: pixels, labels and class names as loaded
    config: all settings except UNCOUNTED: where a run is stored or filed changes no number, files are hashed by content
        rather than path, and the number of threads is recorded with the machine
    code: the syntax trees of the package without NO_NUMBERS; docstrings, comments and formatting are ignored
    packages: versions of the distributions that bloodcells requires, and environment variables that change their
        arithmetic, see `arithmetic_variables`
    weights: the file of initial weights, or "none"
    commit, dirty: the checkout's commit, or "unknown", and whether files that count have uncommitted changes
    """

    data: str
    config: str
    code: str
    packages: str
    weights: str
    commit: str
    dirty: bool


def fingerprint(config: object, data: str, weights: Path | None = None) -> Fingerprint:
    """Returns the fingerprint of a run.

    Args:
        config: any dataclass of the config schema.
        data: SHA-256 of the images as loaded, `Images.sha256`.
        weights: the file of initial weights, if any.

    Example:
        >>> fingerprint(compose("seed=1"), images.sha256).dirty
        False
    """
    sources = ["bloodcells", "conf", "pyproject.toml", "requirements.lock"]
    exempt = [f":(exclude)bloodcells/{place}" for place in NO_NUMBERS]
    commit = _git("rev-parse", "HEAD") or "unknown"
    dirty = bool(_git("status", "--porcelain", "--", *sources, *exempt))
    return Fingerprint(data, config_hash(config), code_hash(), _packages_hash(), file_hash(weights), commit, dirty)


def packages() -> list[str]:
    """Returns all installed distributions as name==version, in alphabetical order."""
    return sorted({f"{entry.metadata['Name']}=={entry.version}" for entry in distributions()}, key=str.lower)


def arithmetic_variables() -> list[str]:
    """Returns the environment variables that can change the arithmetic of the libraries, as NAME=value, sorted.

    Numbers of threads are left out: launchers set them, and `training.threads` decides for TensorFlow.

    Example:
        >>> arithmetic_variables()  # after export ONEDNN_MAX_CPU_ISA=AVX2
        ['ONEDNN_MAX_CPU_ISA=AVX2']
    """
    names = [name for name in os.environ if name.startswith(ARITHMETIC) and not name.endswith("NUM_THREADS")]
    return sorted(f"{name}={os.environ[name]}" for name in names)


def config_hash(config: object, *without: str) -> str:
    """Returns the SHA-256 of all settings except UNCOUNTED.

    Args:
        config: any dataclass of the config schema.
        without: more keys or groups to leave out.

    Example:
        >>> config_hash(config, "training.fine_tuning")  # equal for runs that share phase 1
    """
    settings = plain(config)
    for key in (*UNCOUNTED, *without):
        *groups, last = key.split(".")
        within = settings
        for group in groups:
            within = within.get(group, {})
        within.pop(last, None)
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def code_hash() -> str:
    """Returns the SHA-256 of the code that can change a number, see `Fingerprint.code`.

    Example:
        >>> code_hash()[:12]
        '5f2b0c64d1a9'
    """
    digest = hashlib.sha256()
    for file in counted_files():
        code = "".join(_code(ast.parse(file.read_bytes())))
        digest.update(f"{file.relative_to(CHECKOUT).as_posix()}\0{code}\0".encode())
    return digest.hexdigest()


def counted_files() -> list[Path]:
    """Returns the package's source files without those of NO_NUMBERS, sorted by path."""
    package = CHECKOUT / "bloodcells"
    exempt = [package / place for place in NO_NUMBERS]
    return sorted(file for file in package.rglob("*.py") if not any(file.is_relative_to(place) for place in exempt))


def file_hash(path: Path | None) -> str:
    """Returns the SHA-256 of a file's content, or "none" without a file."""
    if path is None:
        return "none"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _code(node: object) -> Iterator[str]:
    """A syntax tree as text, without docstrings. Unlike `ast.dump`, equal under all versions of Python."""
    if isinstance(node, ast.AST):
        yield f"{type(node).__name__}("
        for name, value in ast.iter_fields(node):
            if value is not None and value != []:  # newer versions have more optional fields
                yield f"{name}="
                yield from _code(value)
        yield ")"
    elif isinstance(node, list):
        yield "["
        for entry in node:
            if not _is_docstring(entry):
                yield from _code(entry)
        yield "]"
    else:
        yield f"{node!r},"


def _is_docstring(statement: object) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(getattr(statement.value, "value", None), str)


def _packages_hash() -> str:
    """Hash of the distributions that bloodcells requires; others, such as linters, do not count."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    lines = [f"{name}=={entry.version}" for name, entry in required(*project["dependencies"], GPU_LIBRARIES).items()]
    lines += arithmetic_variables()
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _git(*arguments: str) -> str:
    """Output of git; empty without git or outside a repository."""
    try:
        done = subprocess.run(["git", *arguments], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()
