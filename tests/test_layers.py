"""The layers printed in bloodcells/README.md hold: no module imports from a layer above its own."""

import ast
import re
from pathlib import Path

import pytest

from bloodcells.config.checkout import CHECKOUT

PACKAGE = CHECKOUT / "bloodcells"
SECTION = (PACKAGE / "README.md").read_text().partition("## Layers")[2].partition("\n## ")[0]
LAYERS = re.findall(r"^    (\w+) {2,}\S", SECTION, re.MULTILINE)  # from the top


def layer_of(module: str) -> str:
    """The layer of a dotted module name; a module directly in the package is a program."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and (PACKAGE / parts[1]).is_dir() else "programs"


def imports(file: Path) -> set[str]:
    """The modules of this package that a file imports anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import"
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.startswith("bloodcells.")}


def test_readme_lists_every_folder_once():
    folders = {entry.name for entry in PACKAGE.iterdir() if any(entry.glob("*.py"))}
    assert sorted(LAYERS) == sorted({"programs", *folders})


@pytest.mark.parametrize("layer", LAYERS)
def test_layer_imports_from_itself_and_below_only(layer):
    files = PACKAGE.glob("*.py") if layer == "programs" else (PACKAGE / layer).rglob("*.py")
    wrong = {
        f"{file.relative_to(CHECKOUT)} imports {name}"
        for file in files
        for name in imports(file)
        if LAYERS.index(layer_of(name)) < LAYERS.index(layer)
    }
    assert not wrong
