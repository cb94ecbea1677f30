import time

import pytest
from support_data import dataset

from models.text.language import LANGUAGES, UNKNOWN, detect_language


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Could you send us a quote for forty seats by Friday?"),
        ("de", "Könnten Sie uns bis Freitag ein Angebot für vierzig Plätze schicken?"),
        ("fr", "Pourriez-vous nous envoyer un devis pour quarante postes avant vendredi ?"),
        ("es", "¿Nos pueden enviar un presupuesto para cuarenta usuarios antes del viernes?"),
        ("pt", "Poderiam enviar-nos um orçamento para quarenta utilizadores até sexta-feira?"),
        ("nl", "Kunt u ons voor vrijdag een offerte voor veertig gebruikers sturen?"),
        ("sv", "Kan ni skicka oss en offert för fyrtio användare senast på fredag?"),
        ("zh", "请在周五之前给我们发一份四十个用户的报价。"),
        ("ru", "Не могли бы вы прислать нам предложение на сорок пользователей до пятницы?"),
    ],
)
def test_the_language_of_a_sentence_is_told(language, text):
    assert detect_language(text) == language


@pytest.mark.parametrize("text", ["", "   ", "ok", "12345 678 !!! ???", "👍👍👍👍👍", "a1b2c3"])
def test_a_text_with_hardly_a_letter_has_no_language(text):
    assert detect_language(text) == UNKNOWN


def test_only_languages_of_the_list_are_told():
    latin = "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor."

    assert detect_language(latin) in LANGUAGES


@pytest.mark.parametrize("unit", ["a", "price ", "\u0301", "价", "1", "😀"])
def test_a_mebibyte_takes_no_longer_than_its_beginning(unit):
    detect_language("load the identifier first")
    started = time.process_time()

    language = detect_language(unit * 2**20)

    assert time.process_time() - started < 1.0  # of CPU
    assert language in {*LANGUAGES, UNKNOWN}


LEARNT = ("de", "en", "es", "fr", "nl", "pt", "sv")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("it", "Vorrei vedere il prodotto la prossima settimana, quanto costa per 20 utenti?"),
        ("da", "Hvor meget koster det for 30 brugere, og kan vi få en demo?"),
        ("no", "Kunne vi få en demonstrasjon av produktet deres neste uke?"),
        ("fi", "Haluaisimme nähdä tuotteen ensi viikolla"),
        ("pl", "Ile kosztuje licencja dla 20 osób?"),
        ("cs", "kolik to stojí?"),
        ("tr", "ürünün fiyatı nedir, lütfen bilgi verin"),
        ("ru", "Сколько стоит для 20 пользователей?"),
        ("zh", "我们想看一下产品演示，价格是多少，可以试用吗"),
    ],
)
def test_a_language_that_is_not_expected_is_told_where_it_is_sure(language, text):
    assert detect_language(text, LEARNT) == language


@pytest.mark.parametrize("text", ["hej", "ok ciao", "demo?", "pris tack", "prijs?", "price pls"])
def test_a_short_text_is_taken_for_one_of_the_languages_expected(text):
    assert detect_language(text, LEARNT) in (*LEARNT, UNKNOWN)


def test_hardly_a_message_of_the_data_is_taken_for_another_language():
    examples = dataset().examples[::5]

    told = [detect_language(e.composed, LEARNT) for e in examples]

    foreign = sum(language not in (*LEARNT, UNKNOWN) for language in told)
    assert foreign <= 0.001 * len(examples)
