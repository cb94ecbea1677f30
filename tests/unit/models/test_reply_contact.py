import subprocess
import sys
import time

import pytest

from models.text.reply import SignatureFacts, parse_signature


@pytest.mark.parametrize(
    ("signature", "region", "facts"),
    [
        (
            "-- \nYasmin Haddad\nHead of Procurement, Cedar Freight Ltd\n+44 20 7946 0958",
            None,
            ("Yasmin Haddad", "Head of Procurement", "Cedar Freight Ltd", "+442079460958"),
        ),
        (
            "Kind regards,\nDr. Paul Stone, PhD\nCTO at Bluepeak Labs\nT: (212) 736-5000",
            "US",
            ("Dr. Paul Stone", "CTO", "Bluepeak Labs", "+12127365000"),
        ),
        (
            "Mit freundlichen Grüßen\n\nJonas Wendt\nLeiter IT\nWendt & Söhne GmbH & Co. KG\n"
            "Hauptstr. 5 | 50667 Köln\nFax 0221 227-1234\nTel. 0221 2212-3456",
            "DE",
            ("Jonas Wendt", "Leiter IT", "Wendt & Söhne GmbH & Co. KG", "+4922122123456"),
        ),
        (
            "Viele Grüße aus Köln, Katja von der Heide, Geschäftsführerin",
            None,
            ("Katja von der Heide", "Geschäftsführerin", None, None),
        ),
        (
            "Cordialement,\nZoé Carlier\nResponsable achats\nCarlier Frères SARL\n01 42 68 53 00",
            "FR",
            ("Zoé Carlier", "Responsable achats", "Carlier Frères SARL", "+33142685300"),
        ),
        (
            "Saludos,\nNuria Soler\nDirectora de Compras | Textiles Soler, S.L.\n+34 912 34 56 78",
            None,
            ("Nuria Soler", "Directora de Compras", "Textiles Soler, S.L.", "+34912345678"),
        ),
        (
            "Atenciosamente,\nRui Teles\nGerente de TI\nServiços Teles, Lda\n+351 21 322 5000",
            None,
            ("Rui Teles", "Gerente de TI", "Serviços Teles, Lda", "+351213225000"),
        ),
        (
            "Met vriendelijke groet,\nBram Kuipers\nInkoper bij Kuipers Hout\n020 624 1111",
            "NL",
            ("Bram Kuipers", "Inkoper", "Kuipers Hout", "+31206241111"),
        ),
        (
            "Med vänlig hälsning\nEbba Lind\nInköpschef\nLind Bygg AB\n08-508 290 00",
            "SE",
            ("Ebba Lind", "Inköpschef", "Lind Bygg AB", "+46850829000"),
        ),
        (
            "Sarah O'Neill – VP Marketing – Northgate Group",
            None,
            ("Sarah O'Neill", "VP Marketing", "Northgate Group", None),
        ),
        ("Thanks, Mo", None, ("Mo", None, None, None)),
        ("Sent from my iPhone", None, (None, None, None, None)),
        ("", None, (None, None, None, None)),
    ],
)
def test_a_signature_says_who_wrote(signature, region, facts):
    name, title, company, phone = facts

    assert parse_signature(signature, region=region) == SignatureFacts(
        name=name, title=title, company=company, phone=phone
    )


def test_a_number_without_a_country_is_understood_only_where_a_region_is_given():
    assert parse_signature("Mo Farrow\n020 7946 0958").phone is None
    assert parse_signature("Mo Farrow\n020 7946 0958", region="GB").phone == "+442079460958"


@pytest.mark.parametrize("line", ["Order 1234567890", "VAT DE123456789", "+49 1", "+999 123456789"])
def test_a_number_that_is_no_phone_is_not_given(line):
    assert parse_signature(f"Mo Farrow\n{line}", region="DE").phone is None


@pytest.mark.parametrize("fax", ["Fax: +44 20 7946 0958", "F: +44 20 7946 0958"])
def test_a_fax_is_no_phone(fax):
    assert parse_signature(f"Mo Farrow\n{fax}").phone is None
    assert parse_signature(f"Mo Farrow\nTel. +44 20 7946 0959, {fax}").phone == "+442079460959"


def test_only_the_first_lines_are_read():
    facts = parse_signature("x\n" * 12 + "Mo Farrow\nCEO\n+44 20 7946 0958")

    assert facts == SignatureFacts()


@pytest.mark.parametrize(
    "unit", ["+44 20 ", "1", "dr. ", "A ", "a@", "(", "\n", "Head of ", ", ", "| "]
)
def test_a_long_signature_costs_no_more_than_its_first_lines(unit):
    started_s = time.process_time()
    parse_signature(unit * 200_000, region="GB")

    assert time.process_time() - started_s < 2.0  # of CPU; the slowest took 0.1


def test_who_only_splits_mails_loads_no_phone_numbers():
    program = (
        "import sys; from models.text.reply import split_reply; split_reply('Hi'); "
        "sys.exit('phonenumbers' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
