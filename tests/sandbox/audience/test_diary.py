"""What the audience did, written down and added up."""

from __future__ import annotations

from sandbox.audience.diary import LARGEST_OCTETS, Diary, Entry, entries, tally


def entry(did, *, who="person", message="m1", status=200):
    return Entry(1.0, message, "anna@gmail.example", did, who, status)


class TestTally:
    def test_counts_hits_each_and_messages_once(self):
        figures = tally([entry("open"), entry("open"), entry("open", message="m2")])

        assert (figures["opens"], figures["unique_opens"]) == (3, 2)

    def test_keeps_machines_apart(self):
        figures = tally([entry("click", who="machine"), entry("click")])

        assert (figures["clicks"], figures["machine_clicks"], figures["unique_clicks"]) == (1, 1, 1)

    def test_counts_a_message_once_by_whichever_way_it_was_said(self):
        figures = tally([entry("unsubscribe"), entry("unsubscribe_by_mail"), entry("complain")])

        assert (figures["unsubscribes"], figures["complaints"]) == (1, 1)

    def test_leaves_out_what_the_web_server_did_not_take(self):
        figures = tally([entry("open", status=0), entry("reply", status=404)])

        assert not any(figures.values())


class TestDiary:
    def test_gives_back_what_was_added(self, tmp_path):
        path = tmp_path / "new" / "diary"
        diary = Diary(path)
        diary.add(entry("open"))
        diary.add(entry("reply", status=0))
        diary.close()

        assert list(entries(path)) == [entry("open"), entry("reply", status=0)]
        assert (diary.count, diary.failed) == (2, 1)

    def test_leaves_out_a_line_that_was_cut_off(self, tmp_path):
        path = tmp_path / "diary"
        diary = Diary(path)
        diary.add(entry("open"))
        diary.close()
        path.write_text(path.read_text() + '{"at": 2.0, "mess')

        assert list(entries(path)) == [entry("open")]

    def test_is_begun_anew_when_it_is_large(self, tmp_path):
        path = tmp_path / "diary.jsonl"
        path.touch()
        with path.open("r+b") as file:
            file.truncate(LARGEST_OCTETS + 1)

        Diary(path).close()

        assert path.stat().st_size == 0
        assert (tmp_path / "diary.jsonl.1").exists()
