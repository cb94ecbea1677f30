"""How absence notes are worded, as expressions over small letters without accents.

English, German, French, Spanish, Portuguese, Dutch and Swedish. Each expression is bounded, so
that a search takes linear time.
"""

from app.inbound.mime.dates import Order

# How a subject begins.
SUBJECTS = (
    r"auto(?:mati[ck])?[- ]?(?:reply|response|responder)\b",
    r"automatic reply",
    r"automated (?:reply|response)",
    r"out of (?:the )?office(?= *(?:$|[:;,\-(!]|auto|reply|notice|notification|until|from|re\b))",
    r"ooo\b",
    r"away from (?:the |my )?(?:office|desk)",
    r"on (?:annual |parental )?leave\b(?= *(?:$|[:;,\-(]|until))",
    r"automatische antwort",
    r"abwesenheit(?:snotiz|sassistent|snachricht|smeldung)?\b",
    r"abwesend\b",
    r"nicht im (?:buro|haus)\b",
    r"reponse automatique",
    r"(?:message )?d'absence",
    r"absen(?:ce|t|te) du bureau",
    r"absence ?(?:$|:)",
    r"message d'absence",
    r"respuesta automatica",
    r"fuera de (?:la )?oficina",
    r"ausen(?:te|cia) de (?:la )?oficina",
    r"resposta automatica",
    r"fora do escritorio",
    r"ausencia (?:temporaria|do escritorio)",
    r"automatisch antwoord",
    r"afwezig(?:heid)?(?:sbericht|smelding|sassistent)?\b",
    r"niet aanwezig\b",
    r"buiten kantoor\b",
    r"autosvar\b",
    r"automatiskt svar",
    r"franvaro(?:meddelande|assistent)?\b",
    r"franvarande\b",
    r"inte pa kontoret\b",
)
# What stands before the day of return. The order is that of a day in numbers alone.
BACK = {
    Order.UNSURE: (
        r"\bback (?:in (?:the )?office )?(?:again )?(?:on|from|by|at work on)\b",
        r"\breturn(?:ing|s)?(?: to (?:the |my )?(?:office|work|desk))? (?:on|from)\b",
        r"\bback in (?:the )?office\b",
        r"\bavailable again (?:on|from)\b",
        r"\bin (?:the )?office again on\b",
    ),
    Order.DAY_FIRST: (
        r"\bwieder (?:da |im buro |im haus |erreichbar |zuruck )?(?:ab|am)\b",
        r"\bzuruck (?:am|ab)\b",
        r"\b(?:ab|am)\b(?=[^.!?]{3,30}[.]?[^.!?]{0,40} (?:wieder|zuruck)\b)",
        r"\bde retour (?:au bureau )?(?:est prevu |prevu )?(?:le|a partir du|des le)\b",
        r"\bmon retour (?:est prevu )?(?:le|a partir du)\b",
        r"\bje reviens (?:au bureau )?le\b",
        r"\bde (?:vuelta|regreso)(?: en| a)?(?: la oficina)? (?:el|a partir del)\b",
        r"\b(?:regreso|regresare|vuelvo|volvere)(?: a la oficina)? (?:el|a partir del)\b",
        r"\b(?:me reincorporo|me reincorporare) el\b",
        r"\bde volta(?: ao escritorio)? (?:em|no dia|a|dia|a partir de)\b",
        r"\b(?:regresso|retorno|voltarei|volto)(?: ao escritorio)? (?:em|no dia|a|dia)\b",
        r"\bweer (?:aanwezig|bereikbaar|terug|op kantoor)(?: op kantoor)?(?: op| vanaf)?\b",
        r"\bterug(?: op kantoor)? (?:op|vanaf)\b",
        r"\b(?:op|vanaf)\b(?=[^.!?]{3,30} weer\b)",
        r"\btillbaka(?: pa (?:kontoret|jobbet)| i tjanst)?(?: igen)?(?: den| fran(?: och med)?)?\b",
        r"\bater(?: pa kontoret| i tjanst)?(?: den)?\b",
    ),
}
# What stands before the last day of absence, without doubt.
THROUGH = {
    Order.UNSURE: (r"\bthrough\b", r"\b(?:until|up to) and including\b"),
    Order.DAY_FIRST: (
        r"\bbis (?:einschliesslich|einschl\.?|inklusive|inkl\.?)(?: zum)?(?=\W)",
        r"\bbis (?:zum )?(?=[^!?]{3,30} (?:einschliesslich|einschl|inklusive|inkl)\b)",
        r"\bjusqu'au (?=[^!?]{3,30} inclus\b)",
        r"\bhasta el (?=[^!?]{3,30} inclusive\b)",
        r"\bate (?:o dia |ao dia |dia )?(?=[^!?]{3,30} inclusive\b)",
        r"\btot en met\b",
        r"\bt/m\b",
        r"\btill och med\b",
        r"\bt\.?o\.?m\b\.?",
    ),
}
# What stands before the last day of absence or the day after it: people mean either.
UNTIL = {
    Order.UNSURE: (r"\b(?:until|till)\b",),
    Order.DAY_FIRST: (
        r"\bbis(?: zum)?\b",
        r"\bjusqu'au\b",
        r"\bhasta el\b",
        r"\bate(?: o dia| ao dia| dia)?\b",
        r"\btot\b",
        r"\btill(?:s| den)\b",
    ),
}
