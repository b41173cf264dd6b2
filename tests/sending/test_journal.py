"""What a process wrote on the wire outlives it."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending import journal as journal_module
from sending.journal import ROOM_BYTES, FileJournal, Journals, read_abandoned
from sending.transports.base import Answer, Receipt, Stage

OWNER = "0b6a1f0e-5f0f-4d7e-9a57-2f1f5a7c3d10"
OTHER = "7d3c1c52-50a1-4f9e-8f6b-0c9d6f2a1b11"
NOON = datetime(2026, 11, 23, 12, 0, 1, 250, tzinfo=UTC)


def receipt(number, *, answer=Answer.ACCEPTED, response="2.0.0 Ok: queued as X", code=250):
    """Return a receipt for a recipient."""
    return Receipt(number, answer, Stage.BODY, code, "2.0.0", response, "X", NOON)


def leave(journal):
    """Let go of a journal as a killed process does."""
    journal._memory.close()
    os.close(journal._fd)


def only(directory):
    """Return the one abandoned journal of a directory."""
    [abandoned] = read_abandoned(directory)
    return abandoned


class TestReadAbandoned:
    """Finds what dead owners left, and only that."""

    def test_tells_answered_from_in_doubt(self, tmp_path):
        journal = FileJournal(tmp_path, owner=OWNER)
        for number in (1, 2, 3):
            journal.handing_over(number)
        journal.answered(receipt(1))
        journal.answered(receipt(3, answer=Answer.REFUSED, code=554))
        journal.answered(receipt(4, answer=Answer.UNREACHED, code=None))
        leave(journal)

        with only(tmp_path) as abandoned:
            assert abandoned.owner == OWNER
            assert abandoned.trustworthy
            assert abandoned.in_doubt == {2}
            assert sorted(one.recipient_id for one in abandoned.receipts) == [1, 3, 4]

    @given(
        response=st.text(max_size=100),
        code=st.none() | st.integers(200, 599),
        number=st.integers(0, 2**63 - 1),
    )
    def test_returns_receipts_as_they_were(self, tmp_path_factory, response, code, number):
        directory = tmp_path_factory.mktemp("journal")
        journal = FileJournal(directory, owner=OWNER)
        given_receipt = receipt(number, response=response, code=code)
        journal.answered(given_receipt)
        leave(journal)

        with only(directory) as abandoned:
            assert abandoned.receipts == (given_receipt,)

    def test_leaves_the_living_alone(self, tmp_path):
        journal = FileJournal(tmp_path, owner=OWNER)

        assert read_abandoned(tmp_path) == []
        journal.close()

    def test_of_an_empty_or_absent_directory_finds_nothing(self, tmp_path):
        assert read_abandoned(tmp_path) == []
        assert read_abandoned(tmp_path / "absent") == []

    def test_gives_a_journal_to_one_recoverer_at_a_time(self, tmp_path):
        leave(FileJournal(tmp_path, owner=OWNER))

        first = only(tmp_path)
        assert read_abandoned(tmp_path) == []
        first.release()
        with only(tmp_path) as second:
            second.remove()
        assert read_abandoned(tmp_path) == []
        assert list(tmp_path.iterdir()) == []

    def test_returns_a_journal_again_if_its_recoverer_failed(self, tmp_path):
        leave(FileJournal(tmp_path, owner=OWNER))

        with pytest.raises(ValueError, match="no database"), only(tmp_path):
            raise ValueError("no database")

        only(tmp_path).release()

    @pytest.mark.parametrize("torn", [b">", b">1", b"<", b"<(5,'accepted','bo", b"<(5,'accepted')"])
    def test_passes_over_a_line_that_was_cut_off(self, tmp_path, torn):
        journal = FileJournal(tmp_path, owner=OWNER)
        journal.handing_over(5)
        journal._append(torn)
        leave(journal)

        with only(tmp_path) as abandoned:
            assert abandoned.in_doubt == {5}
            assert abandoned.receipts == ()
            assert abandoned.trustworthy

    @pytest.mark.parametrize("line", [b">x", b"nonsense", b"<[1]", b"<null", b"-", b"", b"\0\0\0"])
    def test_does_not_trust_a_file_with_a_broken_line(self, tmp_path, line):
        journal = FileJournal(tmp_path, owner=OWNER)
        journal.handing_over(5)
        journal._append(line + b"\n>6\n")
        leave(journal)

        with only(tmp_path) as abandoned:
            assert abandoned.in_doubt == {5, 6}
            assert not abandoned.trustworthy

    def test_does_not_trust_a_file_of_an_earlier_boot(self, tmp_path, monkeypatch):
        journal = FileJournal(tmp_path, owner=OWNER)
        journal.handing_over(5)
        leave(journal)
        other = tmp_path / "boot_id"
        other.write_text(f"{uuid.uuid4()}\n")
        monkeypatch.setattr(journal_module, "BOOT_ID_FILE", other)

        with only(tmp_path) as abandoned:
            assert abandoned.in_doubt == {5}
            assert not abandoned.trustworthy

    def test_does_not_trust_where_the_system_names_no_boot(self, tmp_path, monkeypatch):
        monkeypatch.setattr(journal_module, "BOOT_ID_FILE", tmp_path / "absent")
        leave(FileJournal(tmp_path, owner=OWNER))

        with only(tmp_path) as abandoned:
            assert not abandoned.trustworthy

    @pytest.mark.parametrize("content", [b"", b"{}", b"{}\n", b"\n", b'{"boot":1}\n', b"[]\n>1\n"])
    def test_does_not_trust_a_file_without_a_header(self, tmp_path, content):
        (tmp_path / f"{OWNER}.journal").write_bytes(content)

        with only(tmp_path) as abandoned:
            assert abandoned.owner == OWNER
            assert not abandoned.trustworthy


class TestJournals:
    """Files used again, by one owner after the other."""

    def test_tell_nothing_of_the_owner_before(self, tmp_path):
        journals = Journals(tmp_path)
        journal = journals.take(owner=OWNER)
        for number in range(1000):
            journal.handing_over(number)
        journals.give_back(journal)

        again = journals.take(owner=OTHER)
        again.handing_over(7)
        again.close()

        with only(tmp_path) as abandoned:
            assert abandoned.owner == OTHER
            assert abandoned.trustworthy
            assert abandoned.in_doubt == {7}

    def test_are_held_by_their_process_while_spare(self, tmp_path):
        journals = Journals(tmp_path)
        journals.give_back(journals.take(owner=OWNER))

        assert read_abandoned(tmp_path) == []

    def test_discarded_leave_nothing(self, tmp_path):
        journals = Journals(tmp_path)
        taken = [journals.take(owner=str(uuid.uuid4())) for _ in range(3)]
        for journal in taken:
            journals.give_back(journal)

        journals.discard()

        assert list(tmp_path.iterdir()) == []

    def test_left_spare_by_a_killed_process_hold_nothing(self, tmp_path):
        journals = Journals(tmp_path)
        journal = journals.take(owner=OWNER)
        journal.handing_over(1)
        journals.give_back(journal)
        journal._memory[: journal._end] = bytes(journal._end)  # as far as it got
        leave(journal)

        with only(tmp_path) as abandoned:
            assert not abandoned.in_doubt


class TestFileJournal:
    """Writes what may not be lost, and no more."""

    def test_has_a_header_that_says_whose_it_is(self, tmp_path):
        journal = FileJournal(tmp_path, owner=OWNER)
        header = json.loads((tmp_path / f"{OWNER}.journal").read_text().splitlines()[0])
        journal.close()

        assert header["owner"] == OWNER
        assert header["pid"] == os.getpid()

    def test_is_readable_by_its_user_alone(self, tmp_path):
        journal = FileJournal(tmp_path / "new", owner=OWNER)
        journal.handing_over(1)
        journal.close()

        assert (tmp_path / "new").stat().st_mode & 0o077 == 0
        assert (tmp_path / "new" / f"{OWNER}.journal").stat().st_mode & 0o077 == 0

    @pytest.mark.parametrize("owner", ["", "../../etc/passwd", "worker-1"])
    def test_takes_only_a_uuid_for_its_owner(self, tmp_path, owner):
        with pytest.raises(ValueError, match="UUID"):
            FileJournal(tmp_path, owner=owner)

    def test_does_not_overwrite_another(self, tmp_path):
        leave(FileJournal(tmp_path, owner=OWNER))

        with pytest.raises(FileExistsError):
            FileJournal(tmp_path, owner=OWNER)

    def test_sent_again_counts_only_the_last_time(self, tmp_path):
        journal = FileJournal(tmp_path, owner=OWNER)
        journal.handing_over(1)
        journal.answered(receipt(1, answer=Answer.DEFERRED, code=451))
        journal.handing_over(1)
        leave(journal)

        with only(tmp_path) as abandoned:
            assert abandoned.in_doubt == {1}
            assert abandoned.receipts == ()

    def test_grows_with_what_is_said(self, tmp_path):
        journal = FileJournal(tmp_path, owner=OWNER)
        for number in range(3000):
            journal.handing_over(number)
            journal.answered(receipt(number, response="x" * 200))
        leave(journal)

        with only(tmp_path) as abandoned:
            assert len(abandoned.receipts) == 3000
            assert abandoned.trustworthy

    def test_is_gone_once_everything_is_stored_elsewhere(self, tmp_path):
        journal = FileJournal(tmp_path, owner=OWNER)
        journal.handing_over(1)
        journal.answered(receipt(1))

        journal.discard()

        assert list(tmp_path.iterdir()) == []

    def test_closed_leaves_its_file_to_recovery(self, tmp_path):
        journal = FileJournal(tmp_path, owner=OWNER)

        journal.close()

        with only(tmp_path) as abandoned:
            assert abandoned.trustworthy
            assert not abandoned.in_doubt

    def test_on_a_full_disk_says_so_and_stays_whole(self, tmp_path, monkeypatch):
        journal = FileJournal(tmp_path, owner=OWNER)
        journal.handing_over(1)

        def full(fd, offset, length):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "posix_fallocate", full)
        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
            journal.answered(receipt(1, response="x" * ROOM_BYTES))
        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
            FileJournal(tmp_path, owner=str(uuid.uuid4()))
        journal.handing_over(2)
        leave(journal)

        with only(tmp_path) as abandoned:
            assert abandoned.in_doubt == {1, 2}
            assert abandoned.trustworthy


WRITER = textwrap.dedent(
    """
    import itertools, sys
    from datetime import UTC, datetime
    from pathlib import Path
    from sending.journal import FileJournal
    from sending.transports.base import Answer, Receipt, Stage

    journal = FileJournal(Path(sys.argv[1]), owner=sys.argv[2])
    now = datetime(2026, 11, 23, tzinfo=UTC)
    for number in itertools.count():
        journal.handing_over(number)
        print(number, flush=True)
        journal.answered(
            Receipt(number, Answer.ACCEPTED, Stage.BODY, 250, "2.0.0", "2.0.0 Ok", "", now)
        )
    """
)


class TestKilledOwner:
    """Killed without warning, in the middle of writing."""

    @pytest.mark.parametrize("milliseconds", [1, 7, 23])
    def test_loses_nothing_that_was_said(self, tmp_path, milliseconds):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), OWNER],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        ) as child:
            child.stdout.readline()
            assert read_abandoned(tmp_path) == []
            time.sleep(milliseconds / 1000)
            child.send_signal(signal.SIGKILL)
            said = [0, *(int(line) for line in child.stdout if line.endswith(b"\n"))]
            child.wait()

        with only(tmp_path) as abandoned:
            answered = {one.recipient_id for one in abandoned.receipts}
            assert abandoned.trustworthy
            assert len(abandoned.in_doubt) <= 1
            assert set(said) <= answered | abandoned.in_doubt
            assert len(answered | abandoned.in_doubt) <= len(said) + 1
