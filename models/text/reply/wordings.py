"""How mail programs word the line above a quotation, language by language; data only.

Sources: what Gmail, Apple Mail, Outlook, Thunderbird, Yahoo and Yandex write in these languages.
"""

# ruff: noqa: RUF001  words of every script

# What says "wrote"; looked for as a word of its own.
WROTE = {
    "en": "wrote;writes",
    "de": "schrieb;schrieben;schreibt;hat geschrieben",
    "fr": "a écrit;écrit;a ecrit",
    "es": "escribió;escribio;ha escrito",
    "pt": "escreveu",
    "nl": "schreef;schreven;het volgende geschreven;heeft geschreven",
    "sv": "skrev;har skrivit",
    "da": "skrev;har skrevet",
    "nb": "skrev;har skrevet",
    "fi": "kirjoitti",
    "is": "skrifaði;ritaði",
    "it": "ha scritto;scrive",
    "pl": "napisał;napisała;napisał(a);napisano;pisze",
    "cs": "napsal;napsala;napsal(a);píše",
    "sk": "napísal;napísala;napísal(a);píše",
    "hu": "írta;ezt írta;a következőt írta",
    "ro": "a scris",
    "ru": "написал;написала;написал(а);пишет",
    "uk": "написав;написала;написав(-ла);написав(ла);пише",
    "bg": "написа",
    "tr": "yazdı;şunu yazdı;şunları yazdı",
    "el": "έγραψε",
    "hr": "je napisao;je napisala;je napisao/la;napisao je;piše",
    "sl": "je napisal;je napisala;je oseba napisala",
    "sr": "је написао;је написала;је написао/ла",
    "lt": "rašė;parašė",
    "lv": "rakstīja",
    "et": "kirjutas",
    "vi": "đã viết",
    "id": "menulis",
    "he": "כתב;כתבה;כתב/ה;מאת",
    "ar": "كتب;كتبت",
    "ca": "va escriure",
}
# The same in scripts without spaces between words.
WROTE_GLUED = {
    "ja": "のメール;のメッセージ;が書きました;は書きました;さんは書きました;より",
    "zh": "写道;寫道;撰写;的来信",
    "ko": "작성;님이 작성;님이 쓴 글;씀",
    "th": "เขียนว่า",
}
# What such a line begins with, if not with a weekday or a number.
OPENING = {
    "en": "on;at",
    "de": "am;vom",
    "fr": "le",
    "es": "el",
    "pt": "em;no dia",
    "nl": "op",
    "sv": "den;på",
    "da": "den;på",
    "nb": "den;på",
    "is": "þann;á",
    "it": "il;il giorno;in data",
    "pl": "w dniu;dnia;w;we",
    "cs": "dne;v;ve",
    "sk": "dňa;v",
    "ro": "în;la;pe",
    "ru": "в;во",
    "uk": "в;у",
    "bg": "на",
    "el": "στις;την;το;στην",
    "hr": "dana;u",
    "sl": "dne;v",
    "vi": "vào;vào lúc",
    "id": "pada",
    "he": "בתאריך;ב",
    "ar": "في",
    "ca": "el",
    "zh": "在;于;於",
}
# Weekdays as Gmail and Yahoo begin the line with them, in full and cut short.
WEEKDAY = {
    "en": "mon;tue;wed;thu;fri;sat;sun;monday;tuesday;wednesday;thursday;friday;saturday;sunday",
    "de": "mo;di;mi;do;fr;sa;so;montag;dienstag;mittwoch;donnerstag;freitag;samstag;sonntag",
    "fr": "lun;mar;mer;jeu;ven;sam;dim;lundi;mardi;mercredi;jeudi;vendredi;samedi;dimanche",
    "es": "lun;mié;jue;vie;sáb;dom;lunes;martes;miércoles;jueves;viernes;sábado;domingo",
    "pt": """
        seg; ter; qua; qui; sex; sáb; segunda; terça; quarta; quinta; sexta; segunda-feira
        terça-feira; quarta-feira; quinta-feira; sexta-feira; sábado; domingo""",
    "nl": "ma;di;wo;do;vr;za;zo;maandag;dinsdag;woensdag;donderdag;vrijdag;zaterdag;zondag",
    "sv": "mån;tis;ons;tors;fre;lör;sön;måndag;tisdag;onsdag;torsdag;fredag;lördag;söndag",
    "da": "man;tirs;tir;ons;tors;tor;fre;lør;søn;mandag;tirsdag;onsdag;torsdag;fredag;lørdag",
    "nb": "søndag;man;tir;ons;tor;fre;lør;søn",
    "fi": "ma;ti;ke;to;pe;la;su;maanantai;tiistai;keskiviikko;torstai;perjantai;lauantai;sunnuntai",
    "is": "mán;þri;mið;fim;fös;lau;sun",
    "it": "lun;mar;mer;gio;ven;sab;dom;lunedì;martedì;mercoledì;giovedì;venerdì;sabato;domenica",
    "pl": "pon;wt;śr;czw;pt;sob;niedz;poniedziałek;wtorek;środa;czwartek;piątek;sobota;niedziela",
    "cs": "po;út;st;čt;pá;so;ne;pondělí;úterý;středa;čtvrtek;pátek;sobota;neděle",
    "sk": "po;ut;st;št;pi;so;ne;pondelok;utorok;streda;štvrtok;piatok;nedeľa",
    "hu": "hétfő;kedd;szerda;csütörtök;péntek;szombat;vasárnap",
    "ro": "lun;mar;mie;joi;vin;sâm;dum;luni;marți;miercuri;vineri;duminică",
    "ru": "пн;вт;ср;чт;пт;сб;вс;понедельник;вторник;среда;четверг;пятница;суббота;воскресенье",
    "uk": "пн;вт;ср;чт;пт;сб;нд;понеділок;вівторок;середа;четвер;пʼятниця;субота;неділя",
    "tr": "pzt;sal;çar;per;cum;cmt;paz;pazartesi;salı;çarşamba;perşembe;cuma;cumartesi;pazar",
    "el": "δευ;τρι;τετ;πεμ;παρ;σαβ;κυρ;δευτέρα;τρίτη;τετάρτη;πέμπτη;παρασκευή;σάββατο;κυριακή",
    "hr": "pon;uto;sri;čet;pet;sub;ned",
    "sl": "pon;tor;sre;čet;pet;sob;ned",
}
