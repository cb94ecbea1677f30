"""How people and programs end a mail, language by language; data only."""

# ruff: noqa: RUF001  words of every script

# A wish that stands on a line of its own; what follows is a signature.
CLOSING = {
    "en": """
        regards; best regards; kind regards; kindest regards; warm regards; warmest regards
        with best regards; with kind regards; many regards; best wishes; with best wishes; best
        all the best; all best; cheers; sincerely; yours sincerely; sincerely yours; yours truly
        yours faithfully; yours; respectfully; cordially; rgds; brgds; br; kr; take care; warmly""",
    "de": """
        mit freundlichen grüßen; mit freundlichen grüssen; mit freundlichem gruß
        mit freundlichem gruss; freundliche grüße; freundliche grüsse; viele grüße; viele grüsse
        beste grüße; beste grüsse; liebe grüße; liebe grüsse; herzliche grüße; herzliche grüsse
        schöne grüße; schöne grüsse; mit besten grüßen; mit besten grüssen
        mit herzlichen grüßen; mit den besten grüßen; freundlicher gruß; herzlichst; gruß; grüße
        gruss; grüsse; mfg; vg; lg; bg; vlg; hochachtungsvoll; mit vielen grüßen
        mit lieben grüßen; schönen gruß; sonnige grüße; besten gruß; ganz liebe grüße""",
    "fr": """
        cordialement; bien cordialement; très cordialement; bien à vous; salutations; cdlt; cdt
        sincères salutations; meilleures salutations; salutations distinguées; sincèrement
        cordiales salutations; bien sincèrement; respectueusement; bonne journée
        bonne réception; amicalement; avec mes meilleures salutations; bonne fin de journée""",
    "es": """
        saludos; un saludo; saludos cordiales; un cordial saludo; cordiales saludos; atentamente
        muy atentamente; cordialmente; reciba un cordial saludo; reciban un cordial saludo
        un saludo cordial; saluda atentamente; atte; un abrazo; saludos atentos; mis saludos""",
    "pt": """
        atenciosamente; cumprimentos; melhores cumprimentos; com os melhores cumprimentos; att
        abs; com cumprimentos; respeitosamente; abraços; abraço; um abraço; cordialmente
        atentamente; os meus cumprimentos; grande abraço""",
    "nl": """
        met vriendelijke groet; met vriendelijke groeten; vriendelijke groet
        vriendelijke groeten; groet; groeten; groetjes; hartelijke groet; hartelijke groeten
        met hartelijke groet; mvg; hoogachtend; beste groeten; beste groet; met groet
        met beste groet; gr""",
    "sv": """
        med vänlig hälsning; med vänliga hälsningar; vänlig hälsning; vänliga hälsningar
        hälsning; hälsningar; bästa hälsningar; med bästa hälsningar; varma hälsningar; mvh; vh
        hälsar""",
    "da": """
        med venlig hilsen; venlig hilsen; med venlige hilsner; venlige hilsner; hilsen
        mange hilsner; bedste hilsner; de bedste hilsner; med bedste hilsner; mvh; vh
        bedste hilsen; kh""",
    "nb": """
        med vennlig hilsen; vennlig hilsen; vennlige hilsner; hilsen; beste hilsen; hilsen fra
        med vennlige hilsner; mange hilsener; beste hilsener""",
    "fi": """
        ystävällisin terveisin; parhain terveisin; terveisin; terveiset; yt; t; kunnioittavasti
        ystävällisesti; yst. terv; yst.terv""",
    "is": """
        kveðja; bestu kveðjur; með kveðju; með bestu kveðju; kær kveðja; kveðjur
        virðingarfyllst""",
    "it": """
        cordiali saluti; distinti saluti; saluti; un saluto; un cordiale saluto; cordialmente
        cordialità; tanti saluti; i migliori saluti; con i migliori saluti; buona giornata""",
    "pl": """
        pozdrawiam; z poważaniem; z wyrazami szacunku; pozdrowienia; z pozdrowieniami
        serdecznie pozdrawiam; pozdrawiam serdecznie; łączę pozdrowienia; pozdr; z szacunkiem""",
    "cs": """
        s pozdravem; s přátelským pozdravem; s přáním hezkého dne; s úctou; zdravím; hezký den
        s přáním pěkného dne; pěkný den""",
    "sk": """
        s pozdravom; s priateľským pozdravom; s úctou; pekný deň; zdravím; s prianím pekného dňa""",
    "hu": """
        üdvözlettel; tisztelettel; köszönettel; üdv; szívélyes üdvözlettel; baráti üdvözlettel""",
    "ro": """
        cu stimă; cu respect; toate cele bune; cu prietenie; cu considerație; o zi bună
        numai bine""",
    "ru": """
        с уважением; с наилучшими пожеланиями; всего доброго; всего хорошего; искренне ваш
        с благодарностью; хорошего дня; с ув; искренне ваша""",
    "uk": """
        з повагою; з найкращими побажаннями; всього найкращого; щиро ваш; гарного дня
        з вдячністю""",
    "tr": """
        saygılarımla; saygılarımızla; iyi çalışmalar; iyi günler; sevgiler; selamlar; saygılar
        iyi çalışmalar dilerim; en iyi dileklerimle""",
    "el": """
        με εκτίμηση; φιλικά; με φιλικούς χαιρετισμούς; χαιρετισμούς; μετά τιμής; με τιμή
        χαιρετισμοί; ευχαριστώ εκ των προτέρων""",
    "ja": "敬具; 以上; 草々",
    "zh": "此致; 敬礼; 祝好; 此致敬礼; 顺颂商祺; 祝商祺; 顺祝商祺; 敬祝; 祝 好; 順頌商祺; 敬上",
    "ko": "드림; 올림; 감사드립니다",
    "hr": "lijep pozdrav; srdačan pozdrav; lp; s poštovanjem; lep pozdrav",
}
# Thanks close a mail only where a name follows: else they are something that was said.
THANKS = {
    "en": """
        thanks; thank you; many thanks; thanks again; thanks a lot; thx; thanks in advance; tia
        thanks so much; thank you so much; thank you in advance; thank you very much; ta; tnx""",
    "de": """
        danke; vielen dank; besten dank; herzlichen dank; danke im voraus; vielen dank im voraus""",
    "fr": "merci; merci d'avance; merci beaucoup; merci par avance; en vous remerciant",
    "es": "gracias; muchas gracias; gracias de antemano; mil gracias",
    "pt": "obrigado; obrigada; muito obrigado; muito obrigada; desde já obrigado; grato; grata",
    "nl": """
        bedankt; dank; alvast bedankt; dank je wel; dank u wel; hartelijk dank; bvd; dank alvast""",
    "sv": "tack; tack på förhand; tack så mycket; stort tack",
    "da": "tak; mange tak; på forhånd tak; tak på forhånd",
    "nb": "takk; tusen takk; på forhånd takk; mange takk",
    "fi": "kiitos; kiitos etukäteen; kiitoksia; kiitos paljon; kiittäen",
    "is": "takk; takk fyrir; með fyrirfram þökk",
    "it": "grazie; grazie mille; molte grazie; grazie in anticipo; grazie e saluti",
    "pl": "dziękuję; dzięki; z góry dziękuję; dziękuje",
    "cs": "děkuji; díky; předem děkuji; děkuji předem; děkujeme",
    "sk": "ďakujem; vopred ďakujem; ďakujeme",
    "hu": "köszönöm; köszönöm szépen; előre is köszönöm",
    "ro": "mulțumesc; vă mulțumesc; mulțumesc anticipat; multumesc",
    "ru": "спасибо; заранее спасибо; благодарю; заранее благодарю",
    "uk": "дякую; заздалегідь дякую; щиро дякую",
    "tr": "teşekkürler; teşekkür ederim; şimdiden teşekkürler; teşekkür ederiz",
    "el": "ευχαριστώ; ευχαριστώ πολύ; σας ευχαριστώ",
    "ja": """
        よろしくお願いいたします; よろしくお願いします; 宜しくお願いいたします
        宜しくお願い致します; よろしくお願い致します""",
    "zh": "谢谢; 謝謝; 多谢; 感谢",
    "ko": "감사합니다; 고맙습니다",
    "hr": "hvala; unaprijed hvala; hvala lepa",
}
# Between thanks and a wish: `Thanks and regards`, `Danke und viele Grüße`.
AND = "and; &; und; et; y; e; en; och; og; ja; i; a; ve; и; та; και; +; with; mit; kaj; si; és"
# Before the place that a greeting comes from: `Viele Grüße aus Köln`.
FROM_PLACE = "from; aus; de; depuis; desde; uit; från; fra; da; z; ze; из; з; din; vom"
POSTSCRIPT = "ps; p.s; p.s.; p. s; p. s.; n.b; nb; pd; p.d; post scriptum; ps."

# What a phone or a mail program adds, at the start of the line.
MOBILE_START = """
    sent from my; sent from; sent via; sent with; sent using; sent by my; get outlook for
    get bluemail for; sent on the go; download outlook for; typed on my; written on my
    from my iphone; sent by; von meinem; gesendet von; gesendet mit; gesendet über; gesendet aus
    von unterwegs gesendet; diese nachricht wurde von meinem; diese e-mail wurde von meinem
    holen sie sich outlook für; outlook für ios; outlook für android; laden sie outlook für
    versendet von meinem; envoyé de mon; envoyé depuis; envoyé à partir de; envoyé avec
    envoyé par; envoyé via; envoyée de mon; envoyé de; téléchargez outlook pour
    télécharger outlook pour; obtenez outlook pour; obtenir outlook pour; provenance : courrier
    provenance: courrier; enviado desde; enviado con; enviado de; enviado por
    obtener outlook para; obtenga outlook para; descargar outlook para; enviado mediante
    enviado do; enviado da; enviado via; enviado a partir; enviado através; enviado pelo
    obter o outlook para; obtenha o outlook para; baixe o outlook para; verzonden vanaf
    verzonden met; verzonden via; verzonden vanuit; verstuurd vanaf; verstuurd met
    verstuurd via; verstuurd vanuit; outlook voor; download outlook voor; skickat från
    skickad från; skickat via; skickat med; skickad via; hämta outlook för; skaffa outlook för
    sendt fra; sendt med; sendt via; hent outlook til; hent outlook for; skaff deg outlook for
    få outlook for; få outlook til; last ned outlook; lähetetty; hanki outlook for
    lataa outlook; sent úr; sækja outlook; inviato da; inviata da; inviato dal; inviato con
    inviato tramite; scarica outlook per; ottieni outlook per; wysłane z; wysłano z
    wysłane za pomocą; wysłano przez; pobierz outlook dla; pobierz aplikację outlook
    uzyskaj program outlook; pobierz program outlook; uzyskaj outlook dla; odesláno z
    odesláno ze; odesláno pomocí; odesláno přes; získejte outlook; získat outlook
    stáhnout outlook; získejte aplikaci outlook; odoslané z; odoslané zo; odoslané cez
    odoslané pomocou; získajte outlook; získať outlook; elküldve a; elküldve az
    az outlook beszerzése; outlook beszerzése; küldve; trimis de pe; trimis din; trimis de la
    trimis folosind; trimis cu; obțineți outlook pentru; descărcați outlook pentru; отправлено с
    отправлено из; отправлено через; отправлено от; скачать outlook для; получить outlook для
    послано с; надіслано з; надіслано із; надіслано через; відправлено з; відправлено із
    отримати outlook для; завантажити outlook для; изпратено от; στάλθηκε από; εστάλη από
    αποκτήστε το outlook; λήψη του outlook; ios için outlook; android için outlook
    ios 版 outlook; outlook for ios; outlook for android; 发自我的; 發自我的; 来自我的; 從我的
    从我的; 发自; 获取 outlook; 取得 outlook; 获取适用于; 下载适用于; 나의 iphone; 내 iphone
    나의 갤럭시; ios용 outlook; android용 outlook; poslano s; poslano z; poslato sa; išsiųsta iš
    saadetud; đã gửi từ; dikirim dari; נשלח מה; نسلت من; أرسلت من; أُرسلت من"""
# The same at the end of the line.
MOBILE_END = """
    gönderildi; gönderilmiştir; から送信; より送信; から送信されました; を入手; 에서 보냄
    에서 보낸 메일; 에서 전송; -omról küldve; -emről küldve; telefonomról küldve; 发送; 傳送
    を使用して送信"""

# What says that a paragraph is small print; a paragraph needs words of two of the first three.
PRIVATE = """
    confidential; privileged; proprietary; vertraulich; confidentiel; confidencial; confidenzial
    riservat; vertrouwelijk; konfidentiell; sekretess; fortrolig; luottamuksell; poufn; důvěrn
    dôvern; bizalmas; confidențial; конфиденц; конфіденц; gizli; εμπιστευτικ; 機密; 秘密; 保密
    机密; 기밀; 비밀; geschützte informationen; rechtlich geschützt; trúnaðar; povjerljiv"""
READER = """
    intended recipient; addressee; intended only; intended solely; intended for; named recipient
    individual or entity; solely for; bestimmungsgemäße; richtige adressat; nicht der adressat
    ausschließlich für; nicht der richtige; vorgesehene empfänger; empfänger bestimmt
    destinataire; à l'attention exclusive; destinatario; destinatári; geadresseerde
    bestemd voor; ontvanger; avsedd för; avsett för; mottagare; adressat; modtager; tiltenkt
    mottaker; vastaanottaj; uso esclusivo; uso exclusivo; adresat; příjemc; adresát; príjemc
    címzett; destinatarul; получател; адресат; alıcı; παραλήπτη; 受信者; 宛先; 收件人; 接收人
    指定收件; 수신인; 수신자; viðtakand"""
MISTAKE = """
    in error; by mistake; received this; unauthorized; unauthorised; delete this; destroy
    notify the sender; notify us; disclosure; distribution; irrtümlich; versehentlich
    vernichten; unbefugt; informieren sie bitte; löschen sie; nicht gestattet; par erreur
    détruire; supprimer; toute utilisation; non autorisée; por error; elimin; por engano; apague
    per errore; cancell; non possono copiare; ten onrechte; abusievelijk; verwijder
    per vergissing; av misstag; radera; förstör; ved en fejl; slette; ved feil; vahingossa
    omyłk; błęd; usunię; omylem; smaž; vymaž; tévedés; törölj; din greșeală; ștergeți; по ошибке
    удалит; помилково; видалит; yanlışlıkla; siliniz; εκ παραδρομής; διαγράψ; 誤って; 削除; 误收
    誤收; 删除; 刪除; 잘못; 삭제; fyrir mistök"""
# Lines that are small print by themselves.
SMALL_PRINT = """
    consider the environment; before printing; this email has been scanned; this e-mail has been
    this message has been scanned; virus-free; virenfrei; sans virus; libre de virus
    livre de vírus; virusvrij; privo di virus; virusfri; без вирусов; wolny od wirusów
    scanned for viruses; you received this message because you are subscribed
    to unsubscribe from this group; to stop receiving emails from it; confidentiality notice
    legal notice; disclaimer:; email disclaimer; denken sie an die umwelt
    bitte prüfen sie, ob diese; der umwelt zuliebe; pensez à l'environnement; avant d'imprimer
    antes de imprimir; medio ambiente; meio ambiente; denk aan het milieu; tänk på miljön
    tænk på miljøet; tenk på miljøet; prima di stampare; avviso di riservatezza; aviso legal
    aviso de confidencialidad; avis de confidentialité; informativa sulla privacy
    hinweis zur vertraulichkeit; vertraulichkeitshinweis; registered in england
    registered office; ajattele ympäristöä; zanim wydrukujesz; mielőtt kinyomtatja
    подумайте об окружающей; çevreye duyarlı; amtsgericht; handelsregister
    sitz der gesellschaft; geschäftsführer:; wir verarbeiten ihre daten"""
# What a gateway of the reader's own organisation puts on top.
BANNER_START = """
    caution; external; [external; warning; attention; achtung; extern; [extern; externe
    vorsicht; *external; [ext; avertissement; attenzione; atención; atenção; let op; varning
    advarsel; this message originated; this email originated; this message came from outside
    this sender is; you don't often get email; diese e-mail stammt; diese e-mail kommt"""
BANNER_SAYS = """
    outside; external; extern; do not click; don't often get; externe; esterno; externo
    extérieur; außerhalb; utanför; uden for; unknown sender; unverified; originated from"""
