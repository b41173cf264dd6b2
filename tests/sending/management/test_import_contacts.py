"""Contacts brought in from the command line."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from campaigns.models import Contact, ImportJob, Subscription
from tests.factories.campaigns import ContactListFactory
from tests.factories.suppression import SuppressionFactory

pytestmark = pytest.mark.django_db

ROWS = "Mail;Town\njo@example.com;Rome\nnobody;Oslo\nstop@example.com;Bern\n"


@pytest.fixture(autouse=True)
def _import_directory(settings, tmp_path):
    settings.MAILWRIGHT = {**settings.MAILWRIGHT, "IMPORT_DIR": tmp_path / "imports"}


@pytest.fixture
def list_():
    return ContactListFactory(name="Our news", slug="news")


@pytest.fixture
def call(list_, tmp_path):
    """Return a function that runs the command on a file and gives what it printed."""

    def write_and_call(*arguments, content=ROWS, list_name="news"):
        path = tmp_path / "people.csv"
        path.write_text(content)
        printed = StringIO()
        onto = ["--list", list_name] if list_name else []
        call_command(
            "import_contacts",
            str(path),
            "--org",
            list_.organization.slug,
            *onto,
            *arguments,
            stdout=printed,
        )
        return printed.getvalue()

    return write_and_call


class TestImportContacts:
    def test_brings_contacts_in_and_names_the_rows_that_need_a_look(self, call, list_):
        SuppressionFactory(organization=list_.organization, email="stop@example.com")

        printed = call()

        assert "3 rows: 1 were created, 0 updated, 1 skipped, 1 refused" in printed
        assert "row 3 refused: The address has no @." in printed
        assert "row 4 skipped: The address is on the suppression list (manual)" in printed
        assert Contact.objects.get().attributes == {"town": "Rome"}
        assert Subscription.objects.get().list == list_

    @pytest.mark.parametrize("name", ["news", "Our news", "number"])
    def test_finds_the_list_by_slug_name_or_number(self, call, list_, name):
        call(list_name=str(list_.pk) if name == "number" else name)

        assert Subscription.objects.filter(list=list_).count() == 2

    def test_makes_only_contacts_without_a_list(self, call):
        call(list_name=None)

        assert Contact.objects.count() == 2
        assert not Subscription.objects.exists()

    def test_takes_a_mapping(self, call):
        call("--map", 'Mail=email, "Town"=last_name')

        assert Contact.objects.get(email_key="jo@example.com").last_name == "Rome"

    def test_changes_nothing_in_a_dry_run(self, call):
        printed = call("--dry-run")

        assert "2 would be created" in printed
        assert not Contact.objects.exists()

    def test_writes_the_report(self, call, tmp_path):
        call("--report", str(tmp_path / "report.csv"))

        assert "address_without_at" in (tmp_path / "report.csv").read_text()

    @pytest.mark.parametrize(
        ("arguments", "options", "message"),
        [
            (["--org", "nobody"], {}, "no organization"),
            ([], {"list_name": "weather"}, "no list “weather”"),
            (["--map", "Mail"], {}, "COLUMN=TARGET"),
            (["--map", "Post=email"], {}, "no column “Post”"),
            ([], {"content": ""}, "The file is empty"),
            ([], {"content": "Town\nRome\n"}, "No column is mapped"),
        ],
    )
    def test_says_what_is_missing(self, call, arguments, options, message):
        with pytest.raises(CommandError, match=message):
            call(*arguments, **options)

        assert not ImportJob.objects.exists()

    def test_says_that_there_is_no_file(self, list_, tmp_path):
        with pytest.raises(CommandError, match="No such file"):
            call_command(
                "import_contacts", str(tmp_path / "gone.csv"), "--org", list_.organization.slug
            )
