"""What stands above quoted and forwarded mails, in many languages; data only.

Sources: what Outlook, Apple Mail, Gmail, Thunderbird, Lotus Notes, Yandex, NetEase and Naver write.
"""

# ruff: noqa: RUF001  words of every script

KEYS = {
    "F": """
        from; von; de; exp; expéditeur; remitente; van; afzender; från; fra; avsender; afsender
        lähettäjä; mittente; da; od; nadawca; odesílatel; odosielateľ; feladó; de la; expeditor
        от; от кого; отправитель; від; від кого; відправник; gönderen; kimden; από; αποστολέας
        差出人; 送信者; 发件人; 寄件者; 寄件人; 보낸 사람; 보낸사람; 발신; frá; pošiljatelj
        sender; từ; dari; מאת; من""",
    "D": """
        sent; date; sent at; sent on; gesendet; gesendet am; datum; envoyé; envoyé le
        date d'envoi; message du; enviado; enviado el; enviado em; fecha; data; data de envio
        verzonden; verzonden op; skickat; skickad; skickades; sendt; dato; lähetetty; päivämäärä
        päiväys; inviato; inviata; data invio; wysłano; wysłane; odesláno; odoslané; dátum
        elküldve; küldve; trimis; data trimiterii; отправлено; отправлен; дата; дата отправки
        надіслано; відправлено; gönderildi; gönderme tarihi; gönderim tarihi; tarih; στάλθηκε
        εστάλη; ημερομηνία; 送信日時; 日付; 日時; 送信日; 发送时间; 发送日期; 时间; 日期
        傳送日期; 寄件日期; 보낸 날짜; 날짜; 보낸날짜; 보낸 시간; sent date; poslano; ngày
        tanggal; תאריך; נשלח; التاريخ; sänt""",
    "T": """
        to; an; à; a; pour; para; aan; naar; till; til; vastaanottaja; kenelle; do; komu; pro
        címzett; către; catre; la; кому; для; получатель; kime; alıcı; προς; 宛先; 收件人
        收件者; 받는 사람; 받는사람; 수신; tới; đến; kepada; אל; ל; إلى; destinataire
        destinatario; empfänger""",
    "C": """
        cc; bcc; cci; kopie; copie; copie à; copia; cópia; c.c; c/c; kopio; kopia; kópia; dw
        udw; kopie an; másolatot kap; másolat; копия; копія; bilgi; κοιν; κοινοποίηση; 抄送
        副本; 참조; 숨은 참조; reply-to; reply to; antwort an; répondre à; responder a
        importance; wichtigkeit; priority; priorität; attachments; anlagen; anhänge
        pièces jointes; categories; organization; organisation; x-mailer; envoyé par; sent by
        mailed-by; message-id; ref; kategorien; kopi; bijlagen; importancia; prioridad
        添付ファイル; 附件; 密送; 첨부""",
    "S": """
        subject; betreff; betr; objet; sujet; asunto; assunto; onderwerp; ämne; emne; aihe
        oggetto; temat; předmět; predmet; tárgy; subiect; тема; тема письма; konu; θέμα; 件名
        主题; 主題; 主旨; 标题; 제목; efni; tiêu đề; chủ đề; subjek; perihal; נושא; الموضوع
        titel; re""",
}
# Above a quoted mail.
ORIGINAL = """
    original message; original email; original e-mail; original appointment; reply message
    ursprüngliche nachricht; originalnachricht; original-nachricht; ursprüngliche e-mail
    message d'origine; message original; message initial; mensaje original; mensagem original
    oorspronkelijk bericht; origineel bericht; originalmeddelande; ursprungligt meddelande
    ursprungligt mejl; oprindelig meddelelse; oprindelig besked; original meddelelse
    opprinnelig melding; original melding; alkuperäinen viesti; upphafleg skilaboð
    messaggio originale; messaggio originario; oryginalna wiadomość; wiadomość oryginalna
    oryginalny list; původní zpráva; původní e-mail; pôvodná správa; eredeti üzenet
    mesaj original; mesajul original; исходное сообщение; оригинальное сообщение
    первоначальное сообщение; исходное письмо; оригінальне повідомлення; вихідне повідомлення
    оригинално съобщение; özgün ileti; orijinal mesaj; orijinal ileti; asıl ileti; αρχικό μήνυμα
    元のメッセージ; 元のメール; 原始邮件; 原邮件; 原始郵件; 原始信件; 邮件原件; 回复的原邮件
    原始訊息; 원본 메시지; 원본 메일; 원본 이메일; original nachricht; izvorna poruka
    izvirno sporočilo; thư gốc; pesan asli; الرسالة الأصلية; הודעה מקורית"""
# Above a forwarded mail.
FORWARDED = """
    forwarded message; begin forwarded message; forwarded email; start of forwarded message
    weitergeleitete nachricht; weitergeleitete e-mail; anfang der weitergeleiteten nachricht
    anfang der weitergeleiteten e-mail; beginn der weitergeleiteten nachricht; message transféré
    message réexpédié; courriel transféré; début du message transféré
    début du message réexpédié; mensaje reenviado; inicio del mensaje reenviado
    comienzo del mensaje reenviado; mensagem encaminhada; mensagem reencaminhada
    início da mensagem encaminhada; início da mensagem reencaminhada; doorgestuurd bericht
    begin doorgestuurd bericht; begin van doorgestuurd bericht; vidarebefordrat meddelande
    vidarebefordrat brev; vidarebefordrat mejl; början på vidarebefordrat meddelande
    vidarebefordrat mail; videresendt besked; videresendt meddelelse; videresendt mail
    start på videresendt besked; videresendt melding; videresendt e-post
    start på videresendt melding; edelleenlähetetty viesti; välitetty viesti
    edelleen lähetetty viesti; välitetty viesti alkaa; framsent skeyti; áframsend skilaboð
    messaggio inoltrato; inizio messaggio inoltrato; inizio del messaggio inoltrato
    wiadomość przekazana dalej; przekazana wiadomość; przesłana wiadomość
    treść przekazanej wiadomości; początek przekazywanej wiadomości
    początek przekazanej wiadomości; przeposlaná zpráva; přeposlaná zpráva; předaná zpráva
    začátek přeposlané zprávy; začátek přesměrované zprávy; preposlaná správa
    začiatok preposlanej správy; továbbított üzenet; továbbított levél
    továbbított üzenet kezdete; mesaj redirecționat; mesaj transmis; mesaj înaintat
    mesaj transmis mai departe; începutul mesajului redirecționat; пересылаемое сообщение
    пересланное сообщение; пересылаемое письмо; начало пересылаемого сообщения
    начало переадресованного сообщения; переслане повідомлення; пересланий лист
    початок пересланого повідомлення; препратено съобщение; yönlendirilmiş ileti
    yönlendirilen ileti; iletilen mesaj; iletilmiş ileti; yönlendirilen mesaj
    iletilmiş mesajın başlangıcı; yönlendirilmiş mesaj; προωθημένο μήνυμα
    αρχή προωθημένου μηνύματος; 転送されたメッセージ; 転送メッセージ; 転送されたメール
    转发的邮件; 转发邮件; 转发的信息; 轉寄郵件; 轉寄的郵件; 轉寄訊息; 转寄邮件; 开始转发的邮件
    전달된 메시지; 전달된 메일; 전달된 이메일; proslijeđena poruka; posredovano sporočilo"""
FORWARDED_BY = ("forwarded by ", "weitergeleitet von ", "transféré par ", "reenviado por ")
# A note on top of a forwarded mail, where the subject does not say so.
NOTE = """
    fyi; f.y.i; for your information; see below; see the mail below; forwarding; forwarded; fwd
    please see below; passing this on; passing on; can you take this; can you handle this
    zur info; zur kenntnis; zur information; z.k; siehe unten; weitergeleitet
    wie besprochen unten; leite ich weiter; pour info; pour information; voir ci-dessous
    je transmets; je te transfère; je vous transfère; para tu información; ver abajo; te reenvío
    os reenvío; le reenvío; para conhecimento; ver abaixo; encaminho; reencaminho; ter info
    ter informatie; zie hieronder; doorgestuurd; för kännedom; fk; se nedan; vidarebefordrar
    til info; til orientering; se nedenfor; videresender; tiedoksi; katso alla; per conoscenza
    vedi sotto; inoltro; do wiadomości; patrz poniżej; przesyłam dalej; na vědomí; viz níže
    přeposílám; na vedomie; tájékoztatásul; lásd lent; spre știință; vezi mai jos; к сведению
    см. ниже; пересылаю; до відома; див. нижче; пересилаю; bilginize; aşağıya bakınız
    προς ενημέρωση; δείτε παρακάτω; ご参考; 転送します; 下記ご確認; 供参考; 转发给你; 請參考
    참고하세요; 전달합니다"""
# Before the colon of a forwarded mail's subject; not `vs`, with which Finns answer.
FORWARD_SUBJECT = """
    fw; fwd; wg; tr; rv; enc; vb; vl; i; pd; fs; továbbítás; doorst; ilt; πρθ; 转发; 轉寄; переслать
    전달"""
