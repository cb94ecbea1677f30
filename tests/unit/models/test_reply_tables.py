import pytest

from models.text.reply.endings import CLOSING, THANKS
from models.text.reply.headers import delimiter_of, role_of
from models.text.reply.headings import FORWARDED, KEYS, ORIGINAL
from models.text.reply.line import fold, lines_of, phrases
from models.text.reply.signature import closing_of, is_mobile_footer
from models.text.reply.split import split_reply
from models.text.reply.wordings import WROTE, WROTE_GLUED

LANGUAGES = {
    *("en", "de", "fr", "es", "pt", "nl", "sv", "da", "nb", "fi", "is", "it", "pl", "cs"),
    *("sk", "hu", "ro", "ru", "uk", "tr", "el", "ja", "zh", "ko"),
}


def line(text):
    return lines_of(text)[0]


def test_the_tables_know_the_promised_languages():
    assert set(WROTE) | set(WROTE_GLUED) >= LANGUAGES
    assert set(CLOSING) >= LANGUAGES
    assert set(THANKS) >= LANGUAGES


@pytest.mark.parametrize(
    "footer",
    [
        *(
            "Sent from my iPhone",
            "Sent from Mail for Windows",
            "Get Outlook for iOS<https://aka.ms/x>",
        ),
        *("Sent from my phone, please excuse typos.", "Von meinem iPhone gesendet"),
        *("Gesendet mit der GMX Mail App", "Envoyé de mon iPhone", "Enviado desde mi iPhone"),
        *("Enviado do meu iPhone", "Verstuurd vanaf mijn iPhone", "Skickat från min iPhone"),
        *("Sendt fra min iPhone", "Lähetetty iPhonesta", "Inviato da iPhone", "Wysłane z iPhone'a"),
        *(
            "Odesláno z iPhonu",
            "Odoslané z iPhonu",
            "Elküldve az iPhone-omról",
            "Trimis de pe iPhone",
        ),
        *("Отправлено с iPhone", "Надіслано з iPhone", "iPhone'umdan gönderildi"),
        *("Στάλθηκε από το iPhone μου", "iPhoneから送信", "发自我的iPhone", "從我的 iPhone 傳送"),
        *("나의 iPhone에서 보냄", "Sent úr iPhone", "Provenance : Courrier pour Windows"),
    ],
)
def test_what_a_phone_adds_is_known(footer):
    assert is_mobile_footer(line(footer))


@pytest.mark.parametrize(
    "text",
    [
        "Sent from our office the files arrive, from the branch in Hull they do not, why is that",
        "Sent: Monday",
        "Sent from where?",
        "Outlook for the year is good",
        "iPhone",
    ],
)
def test_what_a_person_says_is_no_footer(text):
    assert not is_mobile_footer(line(text))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        *(("Kind regards,", "c"), ("Thanks and best regards", "c"), ("VIELE GRÜSSE", "c")),
        *(
            ("Cordialement, Zoé", "c"),
            ("Mvh Ebba", None),
            ("Danke und Gruß", "c"),
            ("С уважением", "c"),
        ),
        *(("Thanks!", "k"), ("谢谢", "k"), ("Thanks, Mo", "n"), ("Best price?", None)),
        *(
            ("Best, but not cheap", None),
            ("Thanks for the call", None),
            ("Regards the invoice", None),
        ),
    ],
)
def test_a_closing_wish_is_told_from_a_sentence(text, kind):
    assert closing_of(line(text)) == kind


@pytest.mark.parametrize("words", sorted(phrases(ORIGINAL)))
def test_every_wording_of_an_original_message_is_a_delimiter(words):
    assert delimiter_of(line(f"-----{words.upper()}-----")) == "d"
    assert split_reply(f"Yes.\n\n---- {words} ----\n\nWell?").newest == "Yes."


@pytest.mark.parametrize("words", sorted(phrases(FORWARDED)))
def test_what_every_wording_of_a_forwarded_message_announces_is_kept(words):
    assert delimiter_of(line(f"{words}:")) == "f"
    assert split_reply(f"Yes.\n\n---------- {words} ----------\n\nWell?").newest == "Yes.\n\nWell?"


def test_no_header_word_has_two_roles():
    roles = [word for words in KEYS.values() for word in phrases(words)]

    assert sorted(roles) == sorted(set(roles))


@pytest.mark.parametrize("text", ["From: x", "> From: x", "*From:* x", " from : x", "**From**: x"])
def test_a_header_line_is_known_however_it_is_drawn(text):
    assert role_of(line(text)) == "F"


def test_folding_makes_spellings_equal():
    assert fold("Prénom\u200e’S ＡＢＣ： ÇIĞ") == fold("PRE\u0301NOM's abc: çığ".upper())


@pytest.mark.parametrize(
    ("language", "verb"),
    [(lang, verb) for lang, verbs in WROTE.items() for verb in verbs.split(";")],
)
def test_every_verb_ends_an_attribution(language, verb):
    mail = f"Yes.\n\nLena <lena@inlet.example>, 3/3/2025, 09:14 {verb}:\n\nWell?"

    assert split_reply(mail).newest == "Yes."


@pytest.mark.parametrize(
    "verb", [verb for verbs in WROTE_GLUED.values() for verb in verbs.split(";")]
)
def test_every_verb_without_spaces_ends_an_attribution(verb):
    assert split_reply(f"好\n\n2025年3月3日 9:14 王芳{verb}：\n\n您好").newest == "好"
