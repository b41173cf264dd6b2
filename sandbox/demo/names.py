"""Names and places of the demo's people, in the scripts that real lists hold. All made up.

A name that is not written in plain Latin letters is followed by how its owner writes it in an
address: `Юлия/yulia`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Name:
    """A name as it is written, and as it stands in an address."""

    written: str
    in_address: str


@dataclass(frozen=True, slots=True)
class Region:
    """Where some of the people live. `share` is how many of a thousand.

    `places` are pairs of a city and its time zone.
    """

    language: str
    share: int
    first_names: tuple[Name, ...]
    last_names: tuple[Name, ...]
    places: tuple[tuple[str, str], ...]


def _names(text: str) -> tuple[Name, ...]:
    pairs = (word.replace("_", " ").partition("/") for word in text.split())
    return tuple(Name(written, ascii_ or written.lower()) for written, _, ascii_ in pairs)


def _places(text: str) -> tuple[tuple[str, str], ...]:
    pairs = (word.partition("@") for word in text.split())
    return tuple((city.replace("_", " "), zone) for city, _, zone in pairs)


def _region(language: str, share: int, first: str, last: str, places: str) -> Region:
    return Region(language, share, _names(first), _names(last), _places(places))


REGIONS = (
    _region(
        "en", 240,
        "Olivia James Amelia Noah Isla Jack Grace Henry Freya Oscar Ruby Arthur Maya Leo Chloe Sam",
        "Smith O'Brien/obrien Taylor Walker Hughes Clarke Bennett Foster Reid Marsh "
        "D'Angelo/dangelo Kelly Doyle Parker Shaw",
        "London@Europe/London Dublin@Europe/Dublin Boston@America/New_York Austin@America/Chicago "
        "Seattle@America/Los_Angeles Toronto@America/Toronto Sydney@Australia/Sydney "
        "Auckland@Pacific/Auckland",
    ),
    _region(
        "de", 150,
        "Anna Jürgen/juergen Sophie Björn/bjoern Käthe/kaethe Lukas Mia Felix Jörg/joerg Lena Max "
        "Änne/aenne",
        "Müller/mueller Schmidt Weiß/weiss Großmann/grossmann Köhler/koehler Fischer "
        "Schäfer/schaefer Vogel Brandt Lindner",
        "Berlin@Europe/Berlin Hamburg@Europe/Berlin München@Europe/Berlin Wien@Europe/Vienna "
        "Zürich@Europe/Zurich",
    ),
    _region(
        "fr", 90,
        "Élodie/elodie François/francois Chloé/chloe Hélène/helene Théo/theo Zoé/zoe Inès/ines "
        "Louis Noël/noel Agnès/agnes",
        "Dupont Lefèvre/lefevre Béranger/beranger Moreau Gauthier Fournier Mercier Noël/noel",
        "Paris@Europe/Paris Lyon@Europe/Paris Nantes@Europe/Paris Montréal@America/Toronto "
        "Genève@Europe/Zurich",
    ),
    _region(
        "es", 90,
        "Lucía/lucia José/jose Sofía/sofia Andrés/andres Íñigo/inigo María/maria Martín/martin "
        "Begoña/begona Raúl/raul",
        "García/garcia Núñez/nunez Peña/pena López/lopez Hernández/hernandez Ibáñez/ibanez Castro "
        "Muñoz/munoz",
        "Madrid@Europe/Madrid Sevilla@Europe/Madrid Bogotá@America/Bogota "
        "Buenos_Aires@America/Argentina/Buenos_Aires México@America/Mexico_City",
    ),
    _region(
        "pt-BR", 60,
        "João/joao Conceição/conceicao Beatriz Antônio/antonio Luísa/luisa Caio Vitória/vitoria",
        "Gonçalves/goncalves Araújo/araujo Souza Brandão/brandao Magalhães/magalhaes Lima",
        "São_Paulo@America/Sao_Paulo Recife@America/Recife Lisboa@Europe/Lisbon",
    ),
    _region(
        "pl", 40,
        "Łukasz/lukasz Małgorzata/malgorzata Żaneta/zaneta Paweł/pawel Świętosława/swietoslawa Jan",
        "Wójcik/wojcik Kowalczyk Zieliński/zielinski Dąbrowska/dabrowska Wiśniewski/wisniewski",
        "Warszawa@Europe/Warsaw Kraków@Europe/Warsaw Łódź@Europe/Warsaw",
    ),
    _region(
        "sv", 30,
        "Åsa/asa Göran/goran Björn/bjorn Märta/marta Ingrid Östen/osten",
        "Lindström/lindstrom Åkesson/akesson Sjöberg/sjoberg Holm",
        "Stockholm@Europe/Stockholm Malmö@Europe/Stockholm",
    ),
    _region(
        "tr", 30,
        "Ayşe/ayse Çağrı/cagri Gül/gul İsmail/ismail Özgür/ozgur Şule/sule",  # noqa: RUF001
        "Yılmaz/yilmaz Öztürk/ozturk Çelik/celik Güneş/gunes",  # noqa: RUF001
        "İstanbul@Europe/Istanbul İzmir@Europe/Istanbul",
    ),
    _region(
        "vi", 25,
        "Nguyệt/nguyet Hương/huong Đức/duc Thảo/thao Quỳnh/quynh",
        "Nguyễn/nguyen Trần/tran Phạm/pham Đặng/dang",
        "Hà_Nội@Asia/Ho_Chi_Minh Đà_Nẵng@Asia/Ho_Chi_Minh",
    ),
    _region(
        "ru", 45,
        "Анна/anna Дмитрий/dmitry Юлия/yulia Сергей/sergey Ольга/olga Фёдор/fyodor",
        "Иванова/ivanova Щербаков/shcherbakov Кузнецов/kuznetsov Соловьёв/solovyov",
        "Рига@Europe/Riga Алматы@Asia/Almaty Тбилиси@Asia/Tbilisi",
    ),
    _region(
        "uk", 30,
        "Оксана/oksana Їжак/yizhak Єва/yeva Андрій/andriy Соломія/solomiya",
        "Шевченко/shevchenko Ґудзь/gudz Мельник/melnyk Коваленко/kovalenko",
        "Київ@Europe/Kyiv Львів@Europe/Kyiv Одеса@Europe/Kyiv",
    ),
    _region(
        "el", 20,
        "Ελένη/eleni Γιώργος/giorgos Δήμητρα/dimitra Νίκος/nikos",
        "Παπαδόπουλος/papadopoulos Οικονόμου/oikonomou Γεωργίου/georgiou",
        "Αθήνα@Europe/Athens Θεσσαλονίκη@Europe/Athens",
    ),
    _region(
        "ar", 30,
        "ليلى/layla محمد/mohammed نور/noor يوسف/yousef سارة/sara",
        "الحداد/alhaddad منصور/mansour الخطيب/alkhatib حسن/hassan",
        "القاهرة@Africa/Cairo دبي@Asia/Dubai عمّان@Asia/Amman",
    ),
    _region(
        "he", 15,
        "נועה/noa איתן/eitan תמר/tamar יונתן/yonatan",
        "כהן/cohen לוי/levi מזרחי/mizrahi",
        "תל_אביב@Asia/Jerusalem חיפה@Asia/Jerusalem",
    ),
    _region(
        "hi", 30,
        "आरव/aarav प्रिया/priya दीया/diya रोहन/rohan",
        "शर्मा/sharma वर्मा/verma गुप्ता/gupta अय्यर/iyer",
        "मुंबई@Asia/Kolkata दिल्ली@Asia/Kolkata",
    ),
    _region(
        "zh", 30,
        "伟/wei 秀英/xiuying 欣怡/xinyi 浩然/haoran 子涵/zihan",
        "王/wang 李/li 张/zhang 欧阳/ouyang",
        "上海@Asia/Shanghai 台北@Asia/Taipei 新加坡@Asia/Singapore",
    ),
    _region(
        "ja", 25,
        "さくら/sakura 陽翔/haruto 結衣/yui 健一/kenichi",
        "佐藤/sato 髙橋/takahashi 渡邉/watanabe",
        "東京@Asia/Tokyo 京都@Asia/Tokyo 札幌@Asia/Tokyo",
    ),
    _region(
        "ko", 15,
        "민준/minjun 서연/seoyeon 하은/haeun",
        "김/kim 박/park 최/choi",
        "서울@Asia/Seoul 부산@Asia/Seoul",
    ),
    _region(
        "th", 5,
        "สมชาย/somchai มาลี/malee",
        "ศรีสุข/srisuk ทองดี/thongdee",
        "กรุงเทพฯ@Asia/Bangkok",
    ),
)  # fmt: skip
