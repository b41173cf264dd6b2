# ruff: noqa: RUF001
"""Encodings recognized from small files, as small lists are common."""

import io

import pytest

from campaigns.importing.encodings import guess_encoding


class TestGuessEncoding:
    @pytest.mark.parametrize(
        ("text", "encoding"),
        [
            ("Name;Ort\nJo;Rome\n", "utf-8"),
            ("Name;Ort\nMüller;Köln\n", "utf-8"),
            ("Name;Ort\nMüller;Köln\n", "utf-8-sig"),
            ("Name;Ort\nMüller;Köln\n", "utf-16"),
            ("Name;Ort\nMüller;Köln\n", "utf-16-le"),
            ("Name;Ort\nMüller;Köln\n", "utf-16-be"),
            ("Name;Ort\nMüller;Köln\n", "utf-32"),
            ("Name;Ort\nMüller;Köln\n", "cp1252"),
            ("naam\nRenée;’s-Hertogenbosch\nPeña € 5\n", "cp1252"),
            ("Navn;By\nSøren;Ærø\nÅse;Århus\n", "cp1252"),
            ("Nome;Città\nNiccolò;Forlì\n", "cp1252"),
            ("Nome;Cidade\nConceição;São Paulo\n", "cp1252"),
            ("Imię;Miasto\nŁukasz;Łódź\nMałgorzata;Gdańsk\n", "cp1250"),
            ("Jméno;Město\nJiří;Plzeň\nŠtěpán;Ústí\n", "cp1250"),
            ("Имя;Город\nИван;Москва\nПётр;Тверь\n", "cp1251"),
            ("Имя;Город\nИван;Москва\nПётр;Санкт-Петербург\n", "koi8_r"),
            ("Όνομα;Πόλη\nΓιώργος;Αθήνα\n", "cp1253"),
            ("名前;市\n田中;東京\n鈴木;大阪\nさくら;名古屋\n", "cp932"),
            ("姓名;城市\n王伟;北京\n李娜;上海\n", "gb18030"),
            ("이름;도시\n김철수;서울\n", "euc_kr"),
            ("Name;Ort\rMüller;Köln\rÉmile;Orléans\r", "mac_roman"),
        ],
    )
    def test_reads_the_text_as_it_was_written(self, text, encoding):
        content = text.encode(encoding)

        assert content.decode(guess_encoding(io.BytesIO(content))) == text

    def test_looks_for_the_first_odd_byte_however_far_down(self):
        content = b"Name;Ort\n" * 300_000 + "Müller;Köln\n".encode("latin-1")

        assert guess_encoding(io.BytesIO(content)) == "cp1252"

    def test_is_sure_of_utf_8_across_the_pieces_it_reads(self):
        content = ("x" + "ü" * 1_500_000).encode()

        assert guess_encoding(io.BytesIO(content)) == "utf-8"

    def test_keeps_utf_8_when_a_few_bytes_are_broken(self):
        content = "Müller;Köln\n".encode() * 20 + b"M\xfcller\n"

        assert guess_encoding(io.BytesIO(content)) == "utf-8"

    def test_takes_an_empty_file_for_utf_8(self):
        assert guess_encoding(io.BytesIO(b"")) == "utf-8"
