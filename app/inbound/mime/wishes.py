"""Whether somebody asks to be taken off a list.

In English, German, French, Spanish, Portuguese, Dutch and Swedish.
"""

import re

from app.inbound.mime.absence import plain_letters

_MOST_CHARS, _MOST_WORDS = 400, 50  # a longer message wants something else too
# Expressions over small letters without accents; each is bounded.
_WISHES = (
    r"\bunsubscrib(?:e|ing)\b",
    r"\bopt(?:ing)?[- ]?(?:me |us )?out\b",
    r"\b(?:remove|take|delete|drop) (?:me|us|my|this|our)\b.{0,60}"
    r"\b(?:lists?|mailings?|off|database|newsletters?|contacts)\b",
    r"\bstop (?:sending|e-?mailing|mailing|contacting|spamming|messaging)\b(?! (?:him|her|them)\b)",
    r"\b(?:do not|don't|never) (?:contact|e-?mail|write to|message) (?:me|us)\b",
    r"\bno more (?:e-?mails?|mails?|messages|newsletters)\b",
    r"^\W*(?:please )?(?:stop|remove)(?: please)?\W*$",
    # German
    r"\b(?:abmelden|abbestellen|austragen|abbestellung|abmeldung)\b",
    r"\b(?:aus|von) (?:ihrem|eurem|dem|der|ihrer|eurer)"
    r" (?:e-?mail-?|mailing-?|adress-?)?(?:verteiler|liste)\b",
    r"\bkeine (?:weiteren |mehr )?(?:werbe-?|werbe)?(?:e-?mails?|mails?|newsletter|werbung)\b",
    # French
    r"\bdesabonn",
    r"\bdesinscri",
    r"\b(?:retire[rz]?|supprime[rz]?|enleve[rz]?)(?:[ -]moi|[ -]nous| mon | notre )",
    r"\bne (?:souhaite|veux|souhaitons|voulons)? ?plus"
    r" (?:m'envoyer|me contacter|recevoir|nous contacter|m'ecrire)\b",
    # Spanish
    r"\b(?:darme|darnos|denme|deme|dame|denos) de baja\b",
    r"\bdesuscri",
    r"\b(?:eliminen?me|eliminenos|borren?me|quiten?me|saquen?me|eliminar|borrar|quitar)\b"
    r".{0,40}\blista\b",
    r"\bno (?:me|nos) (?:envien?|manden?|escriban?|contacten?) mas\b",
    r"\bno (?:quiero|deseo|queremos) recibir mas\b",
    # Portuguese
    r"\bdescadastr",
    r"\bcancelar (?:a )?(?:minha )?(?:inscricao|subscricao)\b",
    r"\b(?:remov[ae]m?|retir[ae]m?|exclu[ai]m?|tirem?)(?:-me|-nos| o meu| meu| me)?\b"
    r".{0,40}\blista\b",
    r"\bnao (?:quero|desejo|queremos) (?:mais )?receber\b",
    r"\bparem? de (?:me |nos )?(?:enviar|mandar)\b",
    # Dutch
    r"\b(?:afmelden|uitschrijven)\b",
    r"\b(?:meld|schrijf) (?:mij|me|ons) (?:\w{1,12} ){0,3}(?:af|uit)\b",
    r"\bvan (?:de|uw|jullie) (?:mailing|verzend|e-?mail)?-?lijst\b",
    r"\bgeen (?:e-?)?mails? meer\b",
    # Swedish
    r"\bavregistrera\b",
    r"\bavprenumerera\b",
    r"\bavanmal",
    r"\bta bort (?:mig|oss|min)\b",
    r"\bsluta (?:skicka|maila|mejla)\b",
    r"\binga fler (?:mail|mejl|utskick)\b",
)
# A customer who ends a contract is no reader who leaves a list: that is churn.
_CONTRACTS = (
    r"\b(?:plan|contract|licen[cs]es?|seats?|workspace|product|platform|trial|subscription)\b",
    r"\b(?:invoices?|refund|billing|charge[ds]?|renewal|renew)\b",
    r"\b(?:vertrag|tarif|abonnement|lizenz(?:en)?|kundigen|kundigung)\b",
    r"\b(?:contrat|licence|resilier|facture|contrato|licencia|licenca|plano|factura|fatura)\b",
    r"\b(?:overeenkomst|factuur|opzeggen|abonnemang|avtal|faktura|licens)\b",
)
_WISH = re.compile("|".join(_WISHES))
_CONTRACT = re.compile("|".join(_CONTRACTS))


def unsubscribe_wish(text: str) -> bool:
    """Whether a short message asks to be taken off a list, rather than to end a contract.

    Args:
        text: What was written just now, without the quoted thread.
    """
    plain = plain_letters(text[: 4 * _MOST_CHARS])
    if len(plain) > _MOST_CHARS or len(plain.split()) > _MOST_WORDS:
        return False
    return _WISH.search(plain) is not None and _CONTRACT.search(plain) is None
