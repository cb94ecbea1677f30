"""Words of positions and companies in seven languages; data only."""

POSITION = """
    ceo; cto; cfo; coo; cmo; cio; cpo; cro; ciso; chro; cdo; vp; svp; evp; md; gm; hr; hrbp; pm; vd
    president; vice president; chairman; chairwoman; chair; founder; co-founder; cofounder; owner
    co-owner; partner; managing partner; principal; director; managing director; head; chief; lead
    team lead; leader; manager; supervisor; coordinator; administrator; officer; executive; buyer
    purchaser; purchasing; procurement; sales; marketing; engineer; developer; architect; analyst
    consultant; specialist; assistant; secretary; accountant; controller; bookkeeper; technician
    designer; scientist; researcher; professor; lecturer; teacher; student; intern; advisor
    representative; associate; planner; operator; agent; clerk; editor; journalist; attorney
    lawyer; paralegal; counsel; nurse; physician; pharmacist; librarian; registrar
    treasurer; trustee; deputy; foreman; producer; strategist; operations; finance; freelancer
    freelance; self-employed; webmaster; sysadmin; devops; recruiter; writer; translator; tester
    product owner
    scrum master; account manager; practice manager; facilities; logistics; superintendent

    geschäftsführer; geschäftsführerin; geschäftsführung; inhaber; inhaberin; gründer; gründerin
    vorstand; vorsitzender; prokurist; prokuristin; leiter; leiterin; leitung; einkauf; einkäufer
    einkäuferin; vertrieb; verkauf; buchhaltung; beschaffung; assistenz; assistent; assistentin
    sachbearbeiter; sachbearbeiterin; berater; beraterin; ingenieur; ingenieurin; entwickler
    entwicklerin; techniker; technikerin; projektleiter; projektleiterin; abteilungsleiter
    referent; referentin; kaufmann; kauffrau; meister; betriebsleiter; sekretariat; sekretärin
    steuerberater; steuerberaterin; rechtsanwalt; rechtsanwältin; architekt; architektin; arzt
    ärztin; controlling; personal; studentin; auszubildender; werkstudent; disponent; teamleitung

    directeur; directrice; gérant; gérante; responsable; chef; cheffe; président; présidente
    fondateur; fondatrice; acheteur; acheteuse; achats; commercial; commerciale; ingénieur
    ingénieure; développeur; comptable; assistante; secrétaire; conseiller; conseillère; adjoint
    adjointe; chargé; chargée; pdg; dg; daf; drh; dsi; rssi; associé; associée; technicien
    technicienne; gestionnaire; consultante; juriste; avocat; avocate; stagiaire;
    traducteur; traductrice; infirmière

    directora; gerente; jefe; jefa; presidente; presidenta; fundador; fundadora; propietario
    propietaria; compras; comprador; compradora; ventas; comercial; ingeniero; ingeniera
    desarrollador; contable; asistente; secretaria; consultor; consultora; encargado; encargada
    coordinador; coordinadora; administrador; administradora; socio; socia; técnico; técnica
    analista; abogado; abogada; autónomo; autónoma; subdirector; subdirectora; becario;
    auxiliar; administrativo; administrativa; traductor; traductora

    diretor; diretora; gestor; gestora; chefe; sócio; sócia; proprietário; proprietária
    vendas; engenheiro; engenheira; desenvolvedor; contabilista; contador; assistente
    coordenador; coordenadora; encarregado; supervisora; analista; estagiário; advogado; advogada
    sócio-gerente; fundadora; responsável; secretária

    directie; bestuurder; zaakvoerder; eigenaar; eigenaresse; oprichter; oprichtster; hoofd
    bedrijfsleider; teamleider; inkoper; inkoop; verkoop; verkoper; medewerker; medewerkster
    adviseur; ingenieur; ontwikkelaar; boekhouder; secretaresse; projectleider; beheerder
    planner; vennoot; accountmanager; salarisadministratie; stagiair; algemeen directeur

    verkställande direktör; direktör; ägare; grundare; ordförande; inköpare; inköp; inköpschef
    försäljning; säljare; ekonomichef; ekonomiansvarig; ekonom; ansvarig; ingenjör; utvecklare
    konsult; assistent; sekreterare; projektledare; teamledare; samordnare; handläggare; tekniker
    redovisningsekonom; platschef; delägare; styrelseordförande; praktikant; rektor"""
# Ends of words: `Vertriebsleiter`, `IT-chef`, `säljchef`, `inkoopmanager`.
POSITION_PART = """
    leiter; leiterin; leitung; manager; managerin; chef; berater; beraterin; ingenieur; direktor
    direktorin; direktör; ledare; ansvarig; medewerker; beheerder; directeur; führer; führerin
    referent; beauftragter; beauftragte; mitarbeiter; mitarbeiterin; assistentin; entwickler
    utvecklare; ingenjör; einkäufer; inkoper; adviseur; leider; specialist; konsult; verwalter
    administrator; administratorin; handläggare; assistenz; sekretärin; vetenskapare"""
COMPANY_FORM = """
    gmbh; ag; kg; ohg; ug; gbr; se; kgaa; eg; ev; gmbh&co; inc; incorporated; ltd; limited; llc
    llp; plc; corp; corporation; co; company; sa; sas; sasu; sarl; eurl; sci; scop; sl; slu; sau
    lda; ltda; eireli; bv; nv; vof; cv; bvba; srl; spa; ab; hb; oy; oyj; as; asa; aps; is; ou
    sp; doo; sro; kft; zrt; pty; pte; gmbh&cokg; gesmbh; stiftung; foundation; sia; uab; eood
    ood"""
COMPANY_WORD = """
    group; gruppe; groupe; grupo; groep; gruppen; holding; holdings; solutions; systems
    services; partners; associates; consulting; logistics; logistik; technologies; technology
    industries; university; universität; université; universidad; universidade; universiteit
    universitet; hospital; klinikum; clinic; school; college; bank; labs; studio; studios
    agency; agentur; institute; institut; instituto; council; kommun; gemeente; stadt; ministry
    trust; sons; works; manufacturing; engineering; software; digital; media; energy; energie
    pharma; medical; foods; transport; bau; werke; maschinenbau; handel; verlag; hotel; hotels
    praxis; kanzlei; cabinet"""
