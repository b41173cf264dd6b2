"""What people call the columns of a contact list, in the languages they keep it in."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_LETTERS: Final = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "œ": "oe",
        "\u0131": "i",
        "þ": "th",
        "ð": "d",
    }
)
_SEPARATORS: Final = re.compile(r"[\W_]+")

# English, German, French, Spanish, Italian, Dutch, Portuguese, Polish; also Swedish, Danish,
# Norwegian, Czech, Russian, Turkish. Lower-case, without accents and punctuation.
_NAMES: Final = {
    "email": (
        "email", "e mail", "mail", "email address", "e mail address", "emailaddress", "mailaddress",
        "mail address", "subscriber email", "contact email", "primary email", "work email",
        "email id",
        "emailadresse", "email adresse", "e mail adresse", "mail adresse",  # typos-ignore
        "mailadresse",
        "courriel", "adresse email", "adresse e mail", "adresse mail",  # typos-ignore
        "adresse courriel", "adresse electronique",  # typos-ignore
        "correo", "correo electronico", "direccion de correo", "direccion de email",  # typos-ignore
        "direccion de correo electronico",  # typos-ignore
        "posta elettronica", "indirizzo email", "indirizzo e mail", "indirizzo mail",
        "indirizzo di posta elettronica",
        "emailadres", "e mailadres", "e mail adres", "mailadres",  # typos-ignore
        "endereco de email", "endereco de e mail", "endereco email", "endereco eletronico",
        "correio eletronico", "correio electronico",
        "adres email", "adres e mail", "adres mailowy",  # typos-ignore
        "poczta", "poczta elektroniczna",
        "epost", "e post", "e postadress", "epostadress", "e postadresse", "epostadresse",
        "e posta", "eposta", "e mailova adresa",
        "электронная почта", "почта", "эл почта", "адрес электронной почты",
    ),
    "first_name": (
        "first name", "firstname", "first", "fname", "given name", "givenname", "forename",
        "christian name", "vorname", "rufname", "prenom", "nombre", "primer nombre",
        "nombre de pila", "nome", "primo nome", "nome di battesimo", "voornaam", "roepnaam",
        "primeiro nome", "nome proprio", "imie", "fornamn", "fornavn", "jmeno", "krestni jmeno",
        "имя", "ad", "adi", "isim",
    ),
    "last_name": (
        "last name", "lastname", "last", "lname", "surname", "family name", "familyname",
        "second name", "nachname", "familienname", "zuname", "nom", "nom de famille", "apellido",
        "apellidos", "primer apellido", "cognome", "achternaam", "familienaam", "geslachtsnaam",
        "sobrenome", "apelido", "ultimo nome", "nome de familia", "nazwisko", "efternamn",
        "efternavn", "etternavn", "prijmeni", "фамилия", "soyad", "soyadi", "soyisim",
    ),
    "name": (
        "name", "full name", "fullname", "contact name", "customer name", "display name",
        "your name", "vollstandiger name", "nom et prenom",
        "vor und nachname", "nom complet",  # typos-ignore
        "prenom et nom", "nombre completo", "nombre y apellidos", "nome completo",
        "nome e cognome", "naam", "volledige naam", "imie i nazwisko", "namn", "navn",
        "fullt namn", "fuldt navn", "cele jmeno", "фио", "полное имя", "ad soyad",
    ),
    "language": (
        "language", "lang", "locale", "language code", "preferred language", "sprache",
        "sprachcode", "langue", "idioma", "lengua", "lingua", "taal", "jezyk", "sprak", "sprog",
        "jazyk", "язык", "dil",
    ),
    "timezone": (
        "timezone", "time zone", "tz", "zeitzone", "fuseau horaire", "zona horaria", "huso horario",
        "fuso orario", "tijdzone", "fuso horario", "strefa czasowa", "tidszon", "tidszone",
        "casove pasmo", "часовой пояс", "saat dilimi",
    ),
}  # fmt: skip
_TARGETS: Final = {name: target for target, names in _NAMES.items() for name in names}


def known_target(header: str) -> str | None:
    """Return the field that a header names, such as `first_name` for "Prénom"."""
    return _TARGETS.get(_SEPARATORS.sub(" ", without_accents(header)).strip())


def without_accents(text: str) -> str:
    """Return the text in lower case with plain letters, as far as they have a plain form."""
    decomposed = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS))
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))
