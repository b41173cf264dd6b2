"""The admin's pages are there for those who show or check them, and for nobody else."""

import json
import subprocess
import sys

from django.conf import settings

SEEN = """
import json, sys
import config.celery

config.celery.app.loader.import_default_modules()
loaded = [name for name in sys.modules if name == "config.urls" or ".admin." in f"{name}."]
ours = [name for name in loaded if not name.startswith(("django.", "unfold.", "import_export."))]

from django.contrib import admin
from django.core.checks import Tags, run_checks

faults = run_checks(tags=[Tags.admin])
print(json.dumps([ours, len(faults), len(admin.site._registry)]))
"""


class TestAdminConfig:
    def test_loads_pages_for_the_checks_but_not_for_workers(self):
        done = subprocess.run(
            [sys.executable, "-c", SEEN],
            cwd=settings.BASE_DIR,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )

        by_worker, faults, pages = json.loads(done.stdout)
        assert by_worker == []
        assert faults == 0
        assert pages > 20
