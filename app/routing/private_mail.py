"""Hosts at which anybody may have an address: they say nothing of a company."""

_FAMILIES = {  # a name -> the endings under which its owner gives addresses
    "aol": "at be ch co.nz co.uk com com.ar com.au com.br com.co com.mx cz de dk es fi fr in it jp "
    "nl pl se",
    "gmx": "at biz ch cn co.in co.uk com com.br com.my com.tr cz de es eu fr hk ie info it li lt "
    "lu lv net org ph pt ru se sg si sk",
    "hotmail": "at be bg ca ch cl co co.id co.il co.in co.jp co.kr co.nz co.th co.uk co.za com "
    "com.ar com.au com.br com.co com.hk com.mx com.my com.pe com.ph com.sg com.tr com.tw com.ve "
    "com.vn cz de dk es fi fr gr hu ie it jp lt lu lv my net.ar nl no ph pt ro rs ru se sg sk th",
    "live": "at be ca ch cl cn co.in co.kr co.uk co.za com com.ar com.au com.co com.mx com.my "
    "com.ph com.pt com.sg com.ve de dk fi fr hk ie in it jp lu nl no ph pt ru se",
    "msn": "ca cn co.uk com de es fr it nl se",
    "outlook": "at be bg cl co co.id co.il co.nz co.th com com.ar com.au com.br com.gr com.pe "
    "com.tr com.vn cz de dk es fr gr hu ie in it jp kr lv my ph pt ro sa sg sk",
    "yahoo": "at be bg ca ch cl cn co co.id co.il co.in co.jp co.kr co.nz co.th co.uk co.za com "
    "com.ar com.au com.br com.cn com.co com.ec com.hk com.mx com.my com.pe com.ph com.pk com.pl "
    "com.sg com.tr com.tw com.ua com.ve com.vn cz de dk ee es fi fr gr hr hu ie in it jp lt lv nl "
    "no pl pt ro rs ru se si sk",
    "yandex": "az by co.il com com.ge com.tr ee fr kg kz lt lv md net pl ru tj tm ua uz",
    "zoho": "com eu in",
}
_WORLDWIDE = """
    gmail.com googlemail.com icloud.com me.com mac.com ymail.com rocketmail.com myyahoo.com aim.com
    passport.com windowslive.com proton.me protonmail.com protonmail.ch pm.me tutanota.com
    tutanota.de tutamail.com tuta.com tuta.io keemail.me mail.com email.com usa.com post.com
    europe.com asia.com consultant.com engineer.com dr.com myself.com mail.ee fastmail.com
    fastmail.fm fastmail.net sent.com hushmail.com hush.com mailbox.org posteo.de posteo.net
    runbox.com startmail.com disroot.org riseup.net duck.com hey.com inbox.com inbox.lv
    mailfence.com zohomail.com zohomail.eu zohomail.in lycos.com excite.com juno.com netzero.net
    mozmail.com privaterelay.appleid.com simplelogin.com relay.firefox.com
    mail2world.com lavabit.com
"""
_AMERICAS = """
    comcast.net verizon.net att.net sbcglobal.net bellsouth.net pacbell.net ameritech.net swbell.net
    cox.net charter.net spectrum.net earthlink.net mindspring.com frontier.com frontiernet.net
    windstream.net centurylink.net centurytel.net embarqmail.com q.com optonline.net optimum.net
    roadrunner.com rr.com twc.com suddenlink.net mediacombb.net peoplepc.com netscape.net
    sympatico.ca bell.net rogers.com shaw.ca telus.net videotron.ca cogeco.ca eastlink.ca
    uol.com.br bol.com.br terra.com.br terra.com ig.com.br r7.com globo.com globomail.com oi.com.br
    zipmail.com.br superig.com.br itelefonica.com.br prodigy.net.mx fibertel.com.ar speedy.com.ar
    ciudad.com.ar arnet.com.ar adinet.com.uy vtr.net une.net.co cantv.net
"""
_EUROPE = """
    web.de freenet.de t-online.de arcor.de online.de online.ms email.de kabelmail.de unity-mail.de
    vodafonemail.de o2mail.de o2online.de versanet.de ewe.net ewetel.net netcologne.de alice.de
    alice-dsl.net hanse.net mail.de directbox.com magenta.de
    aon.at chello.at a1.net inode.at bluewin.ch hispeed.ch sunrise.ch bluemail.ch swissonline.ch
    vtxmail.ch orange.fr wanadoo.fr free.fr sfr.fr laposte.net neuf.fr numericable.fr bbox.fr
    club-internet.fr aliceadsl.fr 9online.fr cegetel.net libertysurf.fr voila.fr caramail.com
    libero.it virgilio.it tin.it alice.it tim.it tiscali.it inwind.it iol.it fastwebnet.it
    email.it poste.it vodafone.it teletu.it
    terra.es telefonica.net ono.com movistar.es euskaltel.net ya.com wanadoo.es sapo.pt clix.pt
    netcabo.pt mail.telepac.pt iol.pt
    btinternet.com btopenworld.com btconnect.com blueyonder.co.uk ntlworld.com ntlworld.co.uk
    virginmedia.com virgin.net sky.com talktalk.net tiscali.co.uk plusnet.com orange.net
    freeserve.co.uk wanadoo.co.uk o2.co.uk lineone.net onetel.com supanet.com uwclub.net eircom.net
    telenet.be skynet.be scarlet.be proximus.be belgacom.net voo.be base.be pandora.be
    ziggo.nl kpnmail.nl kpnplanet.nl planet.nl home.nl xs4all.nl hetnet.nl casema.nl chello.nl
    upcmail.nl quicknet.nl tele2.nl telfort.nl onsbrabantnet.nl solcon.nl zonnet.nl wanadoo.nl
    pt.lu internet.lu telia.com comhem.se bredband.net bredband2.com spray.se tele2.se glocalnet.net
    online.no broadpark.no getmail.no start.no frisurf.no lyse.net
    mail.dk stofanet.dk tdcadsl.dk jubii.dk ofir.dk youmail.dk luukku.com kolumbus.fi elisanet.fi
    saunalahti.fi pp.inet.fi welho.com suomi24.fi simnet.is internet.is
    wp.pl onet.pl onet.eu op.pl o2.pl interia.pl interia.eu poczta.onet.pl poczta.fm tlen.pl
    gazeta.pl vp.pl go2.pl buziaczek.pl poczta.pl spoko.pl autograf.pl amorki.pl
    seznam.cz email.cz post.cz centrum.cz volny.cz atlas.cz quick.cz tiscali.cz
    azet.sk centrum.sk zoznam.sk post.sk pobox.sk stonline.sk
    freemail.hu citromail.hu vipmail.hu t-online.hu indamail.hu upcmail.hu
    abv.bg mail.bg dir.bg gbg.bg siol.net volja.net net.hr inet.hr t-com.hr vip.hr
    otenet.gr forthnet.gr in.gr pathfinder.gr hol.gr home.ro rdslink.ro clicknet.ro k.ro
    mail.ru bk.ru list.ru inbox.ru internet.ru xmail.ru ya.ru narod.ru rambler.ru lenta.ru
    autorambler.ru myrambler.ru ro.ru pochta.ru nm.ru ngs.ru mail.ua ukr.net i.ua meta.ua bigmir.net
    email.ua ua.fm online.ua tut.by mail.by mail.kz one.lt takas.lt inbox.lt apollo.lv hot.ee
    online.ee neti.ee mynet.com ttmail.com superonline.com turk.net
"""
_REST = """
    qq.com vip.qq.com foxmail.com 163.com 126.com yeah.net 188.com vip.163.com sina.com sina.cn
    vip.sina.com sohu.com tom.com 139.com 189.cn wo.cn 21cn.com aliyun.com 263.net eyou.com
    naver.com daum.net hanmail.net nate.com kakao.com korea.com lycos.co.kr empas.com hanmir.com
    docomo.ne.jp ezweb.ne.jp au.com softbank.ne.jp i.softbank.jp ymobile.ne.jp nifty.com
    biglobe.ne.jp ocn.ne.jp so-net.ne.jp plala.or.jp goo.jp excite.co.jp infoseek.jp mail.goo.ne.jp
    dion.ne.jp jcom.home.ne.jp eonet.ne.jp asahi-net.or.jp hinet.net pchome.com.tw seed.net.tw
    netvigator.com singnet.com.sg pacific.net.sg starhub.net.sg streamyx.com tm.net.my
    rediffmail.com rediff.com sify.com indiatimes.com in.com vsnl.net vsnl.com bsnl.in
    bsnl.co.in airtelmail.in plasa.com telkom.net indo.net.id pldtdsl.net vnn.vn
    bigpond.com bigpond.net.au bigpond.com.au optusnet.com.au iinet.net.au tpg.com.au ozemail.com.au
    westnet.com.au dodo.com.au internode.on.net adam.com.au iprimus.com.au aapt.net.au
    xtra.co.nz slingshot.co.nz orcon.net.nz vodafone.co.nz clear.net.nz paradise.net.nz
    walla.com walla.co.il netvision.net.il 012.net.il bezeqint.net nana.co.il
    maktoob.com emirates.net.ae eim.ae saudi.net.sa menara.ma topnet.tn link.net tedata.net.eg
    mweb.co.za webmail.co.za vodamail.co.za telkomsa.net iafrica.com absamail.co.za lantic.net
    mtnloaded.com africaonline.co.ke
"""

PRIVATE_HOSTS = frozenset(
    (
        *(f"{name}.{end}" for name, ends in _FAMILIES.items() for end in ends.split()),
        *" ".join((_WORLDWIDE, _AMERICAS, _EUROPE, _REST)).split(),
    )
)
"""Free mail and the addresses that providers of internet access give to households."""
