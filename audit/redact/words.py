"""Words that say what a number or a name beside them is, without accents, in many languages.

A table, not code. `Label` keys are what detectors ask for; `not` marks what is no personal value.
"""

from __future__ import annotations

LATIN: dict[str, str] = {
    "phone": """
        phone|phones|my number|my number s|telephone|telephone number|phone number|phone no
        phonenumber|phoneno|tel|tel no|mobile|mobile number|mobile no|mobileno|mobilenumber
        mobile phone|cell|cellphone|cell phone|call|call me|reach me|text me|sms|fax|ring me
        hotline|whatsapp|wa|wa me|no wa|nomor wa|nomer wa|nomer hp|nomer telp|nomer telepon
        chave pix|pix|viber|telegram|hp|no hp|nohp|nomor hp|nomorhp
        handphone|hape|telepon|telpon|telp|no telp|notelp|nomor telepon|nomor telp|ponsel
        hubungi|kontak|contact|contact number|contact no|contact me|handy|handynummer|telefon
        telefonnummer|mobil|mobilnummer|rufnummer|portable|numero de telephone|joignable
        appelez|movil|celular|telefono|numero de telefono|llamame|cellulare|numero di telefono
        chiamami|telefone|telemovel|ligue|telefoon|telefoonnummer|mobiel|bel me|puhelin
        puhelinnumero|telefonnr|mobiltelefon|tlf|telefonnummeret|komorka|komorkowy
        numer telefonu|nr telefonu|nr tel|cep|cep telefonu|gsm|telefon numarasi|dien thoai|sdt
        so dien thoai|zalo|cislo telefonu|telefonni cislo|telefonszam|telefonszamom|telefonszama
        telefonum|numaram|numar de telefon|tawag
        numero ng telepono|simu|nambari ya simu|whatsapp number|tlf nr|broj telefona
        nombor telefon|no telefon|talian|office|your number|her number|his number|their number
        new number|number is|answering at|reachable at|call back|ring back|fax no|faks|faxe
        tel kom|tel nr|telnr|mob|mob no|whatsapp no|direct line|extension|landline|festnetz
        nomorku|nomornya|nr komorki|numero ko|nambari|numara|zatelefonuj|zadzwon|zavolejte
        volejte|ring meg|ring mig|soita|kutsu|sun telefon|sunati""",
    "card": """
        card|card number|card no|cardnumber|cardno|credit card|creditcard|debit card|debit
        amex|mastercard|maestro|visa card|american express|cc|cc number|pan|kartu|kartu kredit
        no kartu|nomor kartu|kartu debit|kreditkarte|kreditkartennummer|kartennummer|karte
        carte|carte bancaire|carte de credit|numero de carte|cb|tarjeta|tarjeta de credito
        numero de tarjeta|carta|carta di credito|numero carta|cartao|cartao de credito|kort
        kortnummer|kreditkort|luottokortti|kortti|karta|karty|karte kreditowa|karta kredytowa
        numer karty|kredi karti|kart|kart numarasi|kad kredit|the tin dung|so the|bankkartya
        card de credit|kreditni karta|cislo karty|kreditna kartica|charge my|billing card""",
    "account": """
        account|account number|account no|accountnumber|acct|acct no|a c|bank account|rekening
        no rek|norek|rek|nomor rekening|nomer rekening|nomer rek|no rekening|bca|mandiri|bni|bri
        cimb|danamon|permata
        btn|kontonummer|konto|kontonr|compte|numero de compte|rib|cuenta|cuenta bancaria
        numero de cuenta|clabe|cbu|conto|conto corrente|conta|conta corrente|agencia
        rekeningnummer|bankrekening|numer konta|nr konta|rachunek|hesap|hesap numarasi
        bankgiro|plusgiro|routing|routing number|sort code|bsb|so tai khoan|stk|tai khoan
        cislo uctu|ucet|bankszamlaszam|cont bancar|tilinumero|tili|nombor akaun|akaun|ifsc
        transfer ke|acc|acc no|accnum|acc number|a c no|bank acc|checking|savings|deposit
        account holder|kto|kto nr|cta|cta cte|giro|girokonto|swift|bic""",
    "iban": """
        iban|ibans|iban number|iban nr""",
    "nik": """
        nik|ktp|no ktp|nomor ktp|e ktp|ektp|nomor induk kependudukan|nomor induk|no nik
        nomor nik|nomer ktp|nomer nik|noktp|nomornik|id ktp|no induk""",
    "npwp": """
        npwp|no npwp|nomor npwp|nomer npwp|nomor pokok wajib pajak|nonpwp|nitku""",
    "kk": """
        kk|no kk|nomor kk|nomer kk|kartu keluarga|nokk|nomor kartu keluarga|no kartu keluarga
        family card""",
    "bpjs": """
        bpjs|jkn|kis|kpj|bpjs kesehatan|bpjs ketenagakerjaan|nomor bpjs|no bpjs|kartu bpjs
        nobpjs|kartu indonesia sehat|peserta bpjs|no peserta|jamsostek|kartu kis|jkn kis""",
    "kitas": """
        kitas|kitap|itas|itap|e itas|stay permit|residence permit|izin tinggal|nomor kitas
        no kitas|permit number|niora|kartu izin tinggal|aufenthaltstitel|titre de sejour""",
    "passport": """
        passport|passports|passport no|passport number|passportnumber|passportno|paspor
        no paspor|nomor paspor|nomer paspor|passport card|nopaspor|passeport|pasaporte|passaporto
        passaporte|reisepass
        reisepassnummer|passnummer|pass nr|passnr|paspoort|paspoortnummer|paszport|paszportu
        numer paszportu|pasaport|pasaportum|pasaport numarasi|pasaport no|ho chieu|so ho chieu
        passi|passinumero|pasport
        cestovni pas|utlevel|utlevelem|utlevelszam|pasaporto|numero de pasaporte
        numero de passeport|pass number
        travel document""",
    "national": """
        ssn|social security|social security number|national id|nationalid|national id number
        id number|identity number|identity no|identity card|id card|idcard|citizen id
        id document|national insurance|national insurance number|nino|ni number|nhs|nhs number
        dni|nie|nif|cedula|sss|sss no|sss number|ic|ic no|numero de la seguridad social
        seguridad social|nuss|curp|cpf|cnpj|rg|bsn|burgerservicenummer|sofinummer|pesel
        personnummer|samordningsnummer|cpr|cpr nummer|fodselsnummer|hetu|henkilotunnus
        rodne cislo|cnp|egn|oib|jmbg|ahv|ahv nummer|avs|sozialversicherungsnummer|svnr
        sv nummer|rentenversicherungsnummer|versicherungsnummer|personalausweis
        personalausweisnummer|ausweisnummer|ausweis|codice fiscale|numero de securite sociale
        securite sociale|num secu|nir|insee|kimlik|kimlik no|tckn|tc|tc kimlik|tc kimlik no
        aadhaar|aadhar|uidai|pan card|pan number|nric|fin|fin number|mykad|kad pengenalan
        no ic|ic number|hkid|hkid number|cccd|cmnd|can cuoc|sin|social insurance|medicare
        medicare number|kennitala|isikukood|personas kods|asmens kodas|emso|taj|taj szam
        szemelyi|szemelyi szama|szemelyi szamom|kimlik numaram|kimlik numarasi|amka
        rijksregisternummer|numero national|registre national|niss|insz
        sim saya|sim a saya|sim c saya|sim b1|driver license|drivers license|driver s license
        driving licence|driving license
        licence number|license number|fuhrerschein|permis de conduire|sim a|sim c|no sim
        carnet|documento|documento de identidad|carta d identita|carta di identita
        identificacion|identidad|dowod osobisty|dowod|dowodu|nr dowodu|cartao de cidadao
        bilhete de identidade|rut|rut chile|cuil|nss|insurance number|mrn|patient id
        medical record|health insurance|tax number|national number|personal number|personal id
        philhealth|umid|thai id|matricule|nid|identifikationsnummer|id nummer|id kort
        license|licence|driver s licence|dl|dl no|dln|voter id|member id|member no|member number
        subscriber id|employee id|emp id|employee number|staff id|student id|badge|badge number
        policy number|policy no|insurance id|insurance no|health plan|npi|npi number|dea
        mrn no|medical record number|patient no|patient number|case worker|resident id|tribal id
        social insurance number|sozialversicherung|versichertennummer|mitgliedsnummer
        kundennummer|customer id|customer number|client id|national identity|identity document
        obywatel|legitymacja|krankenversicherungsnummer|kvnr|versichertennr|rijbewijs|korkort
        korkortsnummer|forerkort|ajokortti|ehliyet
        prawo jazdy|ridicsky prukaz|patente|patente di guida|tessera sanitaria|carta nazionale
        cni|permis|gplx|bang lai|nomor sim|nomor induk siswa|nip pegawai|vin|visa number""",
    "tax": """
        tax id|taxid|tax identification|tax identification number|tax number|tax no|tin|itin
        ein|vat|vat number|vat id|vat no|ust id|ust idnr|umsatzsteuer|steuer id|steuer idnr
        steuernummer|steueridentifikationsnummer|idnr|steuer identifikationsnummer|btw
        btw nummer|tva|numero de tva|partita iva|p iva|nip|regon|dic|ico|cuit|tfn
        tax file number|abn|pajak|moms|alv|adoszam|adoszama|adoazonosito|afm|numero fiscal
        contribuinte
        numero fiscal de reference|spi|vergi|vergi no|vkn|ma so thue|mst|nit|ruc|rnc|kra pin
        gst|gstin|utr|tax identification no|nip firmy|identyfikacja podatkowa""",
    "imei": """
        imei|imei number|imei no|imei1|imei2|meid""",
    "not": """
        order|orders|order id|order no|order number|orderid|ordernumber|invoice|invoice no|inv
        invoice number|faktur|no faktur|pesanan|nomor pesanan|no pesanan|ticket|ticket no|case
        case no|tracking|tracking number|awb|resi|no resi|version|versi|ver|isbn|issn|ean|upc
        sku|gtin|asin|doi|arxiv|pmid|barcode|price|harga|total|subtotal|amount|jumlah|biaya
        cost|revenue|qty|quantity|timestamp|epoch|unix|unixtime|ts|created at|updated at
        created|updated|modified|expires|exp|iat|build|build number|commit|revision|rev|port
        pasal|ayat|undang undang|uu|law|article|art|section|paragraph|page|pages|halaman
        chapter|row|rows|line|lines|count|size|bytes|offset|length|seed|checksum|hash|md5|sha
        sha1|sha256|crc|crc32|pid|thread|error|error code|exit code|status|status code|http
        product|product id|model|model no|part|part no|serial|serial no|serial number|item
        item no|item number|bestellung|bestellnummer|rechnung|rechnungsnummer|commande
        numero de commande|facture|pedido|numero de pedido|factura|ordine|numero ordine
        fattura|encomenda|zamowienie|zamowienia|siparis|siparis no|bestelling|bestelnummer
        factuur|artikel|artikelnummer|prix|preis|precio|prezzo|preco|cena|fiyat|population
        penduduk|transaction|transaction id|txn|trx|transaksi|batch|lot|ref|reference
        reference no|referensi|latitude|longitude|lat|lon|lng|coordinates|kode|kode pos
        flight|penerbangan|room|kamar|pixel|px|width|height|width x|milliseconds|ms|seconds
        request|request id|trace|trace id|span|job|job id|run|run id|issue|pull request|bug|pr
        po number|purchase order|quote|quotation|rate|votes|views|followers|score|points""",
    "birth": r"""
        born|born on|dob|d o b|date of birth|birth date|birthdate|birthday|birth|dateofbirth
        lahir|tanggal lahir|tgl lahir|tempat tanggal lahir|tempat tgl lahir|ttl|tanggallahir
        ulang tahun|geboren|geboren am|geburtsdatum|geburtstag|geb|ne le|nee le
        date de naissance|naissance|ne\(e\) le|ne\(e\)|ne en|nacido|nacida|fecha de nacimiento
        nacimiento|naci|nac
        nacio|nato|nata|nato il|nata il|data di nascita|nascita|nascido|nascida
        data de nascimento|nascimento|nasci|geboortedatum|geboren op|fodd|fodelsedatum
        fodselsdato|fodt|syntynyt|synt|syntymaaika|urodzony|urodzona|data urodzenia|ur|narozen
        narozena|datum narozeni|szuletett|szuletesi|szuletesi datum|data nasterii|nascut
        nascuta|dogum|dogum tarihi|dogumlu|ngay sinh|sinh ngay|sinh|kapanganakan|ipinanganak
        tarikh lahir|narodena|narodeny|narodil sa|narodila sa|datum narodenia|urodzilem sie
        urodzilam sie|dogdum|fodelsedag|fodselsdag|verjaardag|compleanno|cumpleanos|anniversaire
        geb dat|szul|kelahiran|lhr|rojen|rodjen|datum rodenja|datum rodjenja|sunt nascut
        zaliwa""",
}

OTHER: dict[str, str] = {
    "phone": """
        телефон|тел|телефона|мобильный|мой номер|номер|моб|мобільний|мій номер|номер телефону
        обадете се|зателефонуйте|شماره|شماره تلفن|شماره موبایل|تلفن|فون نمبر|মোবাইল|কল
        เบอร์โทรศัพท์|โทรหา|मोबाइल नंबर|फोन नंबर|連絡先|電話號碼|手機|手機號碼|핸드폰 번호
        휴대폰 번호|звоните|позвоните|номер телефона|τηλέφωνο|κινητό|τηλ
        收货人|收件人|联系人|電話|電話番号|电话|电话号码|手机|手机号|手机号码|携帯|携帯番号|微信
        전화|전화번호
        휴대폰|핸드폰|연락처|هاتف|هاتفي|هاتفه|هاتفها|الهاتف|جوال|رقم الهاتف|موبايل|رقم الجوال|اتصل
        טלפון|נייד
        מספר טלפון|โทร|เบอร์|เบอร์โทร|โทรศัพท์|फोन|मोबाइल|फ़ोन|নম্বর|ফোন|தொலைபேசி""",
    "card": """
        карта|карты|карту|картой|номер карты|信用卡|卡号|银行卡|カード|カード番号|카드
        카드번호|بطاقة|כרטיס|כרטיס אשראי|บัตร|บัตรเครดิต|κάρτα|कार्ड""",
    "account": """
        счет|счёт|счета|账号|账户|口座|口座番号|계좌|계좌번호|حساب|رقم الحساب|חשבון|บัญชี
        เลขบัญชี|खाता|λογαριασμός|рахунок""",
    "tax": """
        αφμ|инн|ідентифікаційний код|税号""",
    "passport": """
        جوازي|جواز سفري|جوازه|جوازها|جوازك|הדרכון|پاسپورت|паспорт|пасспорт|паспорта|загранпаспорт
        护照|护照号|護照|パスポート
        旅券|旅券番号|여권|여권번호
        جواز|جواز السفر|דרכון|หนังสือเดินทาง|พาสปอร์ต|पासपोर्ट|διαβατήριο""",
    "national": """
        снилс|身份证|身份证号|身份證|マイナンバー|個人番号|주민등록번호|주민번호|کد ملی|کدملی
        شماره ملی|شناختی کارڈ|شناختی کارڈ نمبر|هوية
        الهوية|رقم الهوية|ת\\.ז|תעודת זהות|מספר זהות|บัตรประชาชน|เลขบัตร|आधार|पैन|ταυτότητα
        αμκα|егн|јмбг|рнокпп|іпн""",
    "birth": r"""
        родился|родилась|дата рождения|д\\.р|γεννήθηκα|ημερομηνία γέννησης|出生|出生日期|生日
        生年月日|생년월일|생일|дата народження|д\\.н|народилася|нар|дата на раждане|родена
        датум рођења|تاریخ تولد|متولد|پیدائش|تاريخ الولادة|জন্ম|জন্ম তারিখ|பிறந்த தேதி|ใบเกิด
        誕生日|出生年月|생년|تاريخ الميلاد|مواليد|ولدت|תאריך לידה|נולד|נולדתי|วันเกิด
        เกิดวันที่|जन्म|जन्म तिथि|роден|рођен|народився""",
    "not": """
        заказ|заказа|счёт-фактура|订单|订单号|注文|注文番号|价格|価格|주문|주문번호|طلب
        رقم الطلب|הזמנה|คำสั่งซื้อ|ऑर्डर|παραγγελία|цена|руб""",
}


def words_of(table: str) -> list[str]:
    """Split a table's cell into its words."""
    return [word.strip() for line in table.splitlines() for word in line.split("|") if word.strip()]
