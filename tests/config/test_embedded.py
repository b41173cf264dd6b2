"""The embedded services, started for real: what they hand out, and what they leave behind."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.config.place import PROBE, WAIT_SECONDS, Place, is_running, new_place

LONGEST_SOCKET_PATH = 107  # octets, unix(7)


@pytest.fixture
def place() -> Iterator[Place]:
    with new_place() as made:
        yield made


@pytest.fixture(scope="module")
def used() -> Iterator[Place]:
    """Yield a place whose database exists already, at a path too long for a socket."""
    with new_place("/".join(["long" * 20, "path" * 20])) as made:
        made.probe("--keep")
        yield made


class TestTemporaryServices:
    def test_work_on_loopback_alone_and_vanish(self, place: Place) -> None:
        seen = place.probe()

        assert seen["visits"] == 1
        assert seen["ping"] is True
        assert (seen["listening"], seen["broker_bind"]) == ("", "127.0.0.1")
        assert seen["fsync"] == "off"
        assert place.processes() == []
        assert [path.name for path in (place.data / "tmp").iterdir()] == ["lock"]
        assert not Path(str(seen["DATABASE_URL"]).partition("host=")[2]).exists()

    def test_do_not_meet_each_other(self, place: Place, tmp_path: Path) -> None:
        first = place.start(ready=tmp_path / "first")
        try:
            seen = place.probe("--durable")

            assert seen["visits"] == 1
            assert seen["fsync"] == "on"
            assert is_running(int((tmp_path / "first").read_text()))
        finally:
            first.terminate()
            first.wait(WAIT_SECONDS)

    def test_of_a_killed_run_are_swept_by_the_next(self, place: Place, tmp_path: Path) -> None:
        killed = place.start(ready=tmp_path / "ready")
        killed.kill()
        killed.wait()
        assert place.processes() != []

        place.probe()

        assert place.processes() == []
        assert [path.name for path in (place.data / "tmp").iterdir()] == ["lock"]


class TestExitCode:
    @pytest.mark.parametrize(
        ("script", "code"), [("exit 3", 3), ("kill -9 $$", 137), ("kill -SEGV $$", 139)]
    )
    def test_is_that_of_the_command(self, place: Place, script: str, code: int) -> None:
        place.given = {
            "DATABASE_URL": "postgresql://elsewhere/db",
            "REDIS_URL": "redis://elsewhere",
        }

        assert place.run(program=["sh", "-c", script]).returncode == code

    def test_is_127_for_a_program_that_is_missing(self, place: Place) -> None:
        place.given = {
            "DATABASE_URL": "postgresql://elsewhere/db",
            "REDIS_URL": "redis://elsewhere",
        }

        done = place.run(program=["no-such-program"])

        assert done.returncode == 127
        assert "cannot run no-such-program" in done.stderr


class TestGivenUrls:
    def test_start_no_service(self, place: Place) -> None:
        place.given = {
            "DATABASE_URL": "postgresql://db.example/mail",
            "REDIS_URL": "redis://broker.example",
        }

        done = place.run("--keep", program=["sh", "-c", 'echo "$DATABASE_URL $REDIS_URL"'])

        assert done.stdout.split() == list(place.given.values())
        assert not (place.data / "postgresql").exists()
        assert not (place.data / "valkey").exists()

    def test_start_the_other_service_only(self, place: Place) -> None:
        place.given = {"DATABASE_URL": "postgresql://db.example/mail"}

        done = place.run("--keep", program=["sh", "-c", 'echo "$DATABASE_URL $REDIS_URL"'])

        database, broker = done.stdout.split()
        assert database == "postgresql://db.example/mail"
        assert broker.startswith("redis://:")
        assert not (place.data / "postgresql").exists()

    def test_leave_given_secrets_alone(self, place: Place) -> None:
        place.given = {
            "DATABASE_URL": "postgresql://db.example/mail",
            "REDIS_URL": "redis://broker.example",
            "SECRET_KEY": "given",
            "MAILWRIGHT_TOKEN_KEYS": "k9:given",
            "MAILWRIGHT_DEMO_PASSWORD": "given too",
            "MAILWRIGHT_DEMO_INBOX_KEY": "and this",
        }

        done = place.run(
            "--keep", program=["sh", "-c", 'echo "$SECRET_KEY $MAILWRIGHT_TOKEN_KEYS"']
        )

        assert done.stdout.split() == ["given", "k9:given"]
        assert not (place.data / "secrets.env").exists()


class TestKeptServices:
    def test_keep_rows_and_secrets_and_hide_the_secrets(self, used: Place) -> None:
        first = used.probe("--keep")
        second = used.probe("--keep")

        assert second["visits"] == first["visits"] + 1
        assert first["fsync"] == "on"
        assert first["SECRET_KEY"] == second["SECRET_KEY"]
        assert first["MAILWRIGHT_TOKEN_KEYS"] == second["MAILWRIGHT_TOKEN_KEYS"]
        assert (used.data / "secrets.env").stat().st_mode & 0o777 == 0o600

    def test_serve_a_second_command_beside_the_first(self, used: Place, tmp_path: Path) -> None:
        first = used.start("--keep", ready=tmp_path / "ready")
        try:
            seen = used.probe("--keep")

            assert is_running(int((tmp_path / "ready").read_text()))
            assert json.loads((used.data / "services.json").read_text()) == {
                name: seen[name] for name in ("DATABASE_URL", "REDIS_URL")
            }
        finally:
            first.terminate()
            first.wait(WAIT_SECONDS)

    def test_start_again_after_their_owner_was_killed(self, used: Place, tmp_path: Path) -> None:
        killed = used.start("--keep", ready=tmp_path / "ready")
        orphan = int((tmp_path / "ready").read_text())
        killed.kill()
        killed.wait()
        assert is_running(orphan)

        assert used.probe("--keep")["ping"] is True

        assert not is_running(orphan)
        assert used.processes() == []

    def test_take_no_notice_of_a_pid_that_is_somebody_elses(self, used: Place) -> None:
        stale = f"{os.getpid()}\n{used.data}/postgresql\n1\n5432\n/tmp\n\n0 0\nready\n"
        (used.data / "postgresql" / "postmaster.pid").write_text(stale)
        (used.data / "valkey" / "pid").write_text(str(os.getpid()))

        assert used.probe("--keep")["ping"] is True

    def test_replace_a_database_whose_making_was_cut_short(self, place: Place) -> None:
        (place.data / "postgresql.new").mkdir()
        (place.data / "postgresql.new" / "PG_VERSION").write_text("18\n")

        assert place.probe("--keep")["visits"] == 1


class TestStopping:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
    def test_of_the_whole_group_leaves_no_process(
        self, used: Place, tmp_path: Path, number: signal.Signals
    ) -> None:
        process = used.start("--keep", ready=tmp_path / "ready")

        os.killpg(process.pid, number)

        assert process.wait(WAIT_SECONDS) == 128 + number
        assert used.processes() == []

    def test_by_a_signal_to_the_owner_alone_ends_the_command(
        self, used: Place, tmp_path: Path
    ) -> None:
        process = used.start("--keep", ready=tmp_path / "ready")

        process.terminate()

        assert process.wait(WAIT_SECONDS) == 128 + signal.SIGTERM
        assert not is_running(int((tmp_path / "ready").read_text()))
        assert used.processes() == []

    def test_of_a_command_that_crashed_takes_its_children_along(self, used: Place) -> None:
        script = "setsid sleep 60 >/dev/null 2>&1 & kill -9 $$"

        done = used.run("--keep", program=["sh", "-c", script])

        assert done.returncode == 137
        assert used.processes() == []

    def test_follows_the_death_of_a_service_and_names_it(self, used: Place, tmp_path: Path) -> None:
        process = used.start("--keep", ready=tmp_path / "ready")
        (valkey,) = [each for each in used.processes() if each.name() == "valkey-server"]

        valkey.kill()

        _, message = process.communicate(timeout=WAIT_SECONDS)
        assert process.returncode == 1
        assert "Valkey ended unexpectedly" in message
        assert used.processes() == []


class TestPlaces:
    @pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the database as another user")
    def test_closed_to_the_database_user_work_and_say_where_the_data_went(
        self, place: Place
    ) -> None:
        place.data.chmod(0o700)
        closed = Place(place.data / "clone" / ".data")

        first = closed.run("--keep", program=[sys.executable, "-c", PROBE])
        second = closed.probe("--keep")

        moved_to = (closed.data / "postgresql").readlink()
        assert first.returncode == 0, first.stderr
        assert f"its data is kept in {moved_to.parent}" in first.stderr
        assert second["visits"] == 2

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the database as another user")
    def test_closed_to_the_database_user_keep_nothing_of_a_temporary_run(
        self, place: Place
    ) -> None:
        place.data.chmod(0o700)
        before = set(Path("/tmp").glob("mailwright-data-*"))

        seen = place.probe()

        assert seen["visits"] == 1
        assert set(Path("/tmp").glob("mailwright-data-*")) <= before

    def test_with_a_very_long_path_work(self, used: Place) -> None:
        assert len(str(used.data)) > LONGEST_SOCKET_PATH

        assert used.probe("--keep")["ping"] is True

    def test_that_cannot_be_written_are_named_with_the_way_out(self, place: Place) -> None:
        occupied = place.data / "file"
        occupied.write_text("")

        done = Place(occupied).run("--keep", program=["true"])

        assert done.returncode == 1
        assert f"cannot keep data in {occupied}" in done.stderr
        assert "MAILWRIGHT_DATA_DIR" in done.stderr
        assert "Traceback" not in done.stderr
