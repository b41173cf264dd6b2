"""The architecture holds, and the contracts that say so can fail."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

# Left may import right, never back; the same as in .importlinter.
ORDER = [
    "config", "sandbox", "sending", "warmup", "suppression iprouting", "insights", "campaigns",
    "common",
]  # fmt: skip
PACKAGES = [package for layer in ORDER for package in layer.split()]
BROKEN = {
    "Apps import only what stands below them": ("campaigns/states.py", "import sending.plan"),
    "Inside an app, edges call operations": ("sending/plan.py", "import sending.feedback"),
    "Pure modules know no framework": ("sending/plan.py", "import django.db"),
    "Edges of an app are nobody else's business": ("common/errors.py", "import config.urls"),
    "Migrations stand on their own": (
        "campaigns/migrations/0001_initial.py",
        "import campaigns.states",
    ),
}


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the code, to be broken."""
    folder = tmp_path_factory.mktemp("architecture")
    for package in PACKAGES:
        shutil.copytree(
            settings.BASE_DIR / package,
            folder / package,
            ignore=lambda _folder, names: [
                name for name in names if "." in name and not name.endswith(".py")
            ],
        )
    shutil.copy(settings.BASE_DIR / ".importlinter", folder)
    return folder


def lint(folder: Path) -> str:
    """Return what the import contracts say of a folder."""
    linted = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin", "COLUMNS": "200"},
    )
    return linted.stdout + linted.stderr


class TestImportContracts:
    def test_are_all_kept(self, copied):
        assert "5 kept, 0 broken" in lint(copied)

    @pytest.mark.parametrize("contract", BROKEN)
    def test_break_when_they_should(self, copied, contract):
        name, line = BROKEN[contract]
        module = copied / name
        whole = module.read_text()
        module.write_text(whole.replace("from __future__ import annotations\n", "", 1) + line)

        said = lint(copied)

        module.write_text(whole)
        assert any(
            row.startswith(contract) and row.endswith("BROKEN") for row in said.splitlines()
        ), said

    def test_give_every_new_module_a_place(self, copied):
        stray = copied / "sending" / "utils.py"
        stray.write_text("")

        said = lint(copied)

        stray.unlink()
        assert "sending.utils" in said


class TestModels:
    def test_point_the_way_that_imports_do(self):
        place = {package: n for n, layer in enumerate(ORDER) for package in layer.split()}
        wrong = [
            f"{model.__name__}.{field.name}"
            for model in apps.get_models()
            for field in model._meta.get_fields()
            if field.is_relation and field.concrete and field.related_model
            if model._meta.app_label in place and field.related_model._meta.app_label in place
            if place[model._meta.app_label] > place[field.related_model._meta.app_label]
        ]

        assert wrong == []
