//! The words of a grading worksheet in the languages of Moodle's packs.

/// What is needed of a language.
pub(super) struct Language {
    /// Identifier, full name, number, e-mail, status, group, time of the submission: headers of a grading worksheet.
    pub(super) headers: [&'static str; 7],
    /// What stands before and behind the span by which a submission is late.
    pub(super) late: [&'static str; 2],
    /// What stands before and behind the end of an extension.
    pub(super) extended: [&'static str; 2],
}

pub(super) const LANGUAGES: [Language; 21] = [
    // en
    Language {
        headers: [
            "Identifier",
            "Full name",
            "ID number",
            "Email address",
            "Status",
            "Group",
            "Last modified (submission)",
        ],
        late: ["", " late"],
        extended: ["Extension granted until: ", ""],
    },
    // de
    Language {
        headers: [
            "ID",
            "Vollständiger Name",
            "ID-Nummer",
            "E-Mail-Adresse",
            "Status",
            "Gruppe",
            "Zuletzt geändert (Abgabe)",
        ],
        late: ["", " zu spät"],
        extended: ["Verlängertes Abgabeende bis: ", ""],
    },
    // de, before 2015
    Language {
        headers: [
            "ID",
            "Vollständiger Name",
            "ID-Nummer",
            "E-Mail-Adresse",
            "Status",
            "Gruppe",
            "Zuletzt geändert (Abgabe)",
        ],
        late: ["", " zu spät"],
        extended: ["Erweiterung der Abgabe möglich bis: ", ""],
    },
    // fr
    Language {
        headers: [
            "Identifiant",
            "Nom complet",
            "Numéro d'identification",
            "Adresse de courriel",
            "Statut",
            "Groupe",
            "Dernière modification (travail remis)",
        ],
        late: ["En retard de ", ""],
        extended: ["Prolongation accordée jusqu'au : ", ""],
    },
    // es
    Language {
        headers: [
            "Identificador",
            "Nombre completo",
            "Número de ID",
            "Dirección de correo",
            "Estado",
            "Grupo",
            "Última modificación (entrega)",
        ],
        late: ["", " después"],
        extended: ["Plazo ampliado hasta: ", ""],
    },
    // it
    Language {
        headers: [
            "Identificativo",
            "Nome",
            "Codice identificativo",
            "Indirizzo email",
            "Stato",
            "Gruppo",
            "Ultima modifica (consegna)",
        ],
        late: ["", " in ritardo"],
        extended: ["Proroga concessa fino a: ", ""],
    },
    // nl
    Language {
        headers: [
            "Identificatie",
            "Volledige naam",
            "Nummer (ID)",
            "E-mailadres",
            "Status",
            "Groep",
            "Laatst gewijzigd (inzending)",
        ],
        late: ["", " laat"],
        extended: ["Extra tijd gegeven tot: ", ""],
    },
    // pt
    Language {
        headers: [
            "Identificador",
            "Nome completo",
            "Número de identificação (ID)",
            "E-mail",
            "Estado",
            "Grupo",
            "Última atualização (submissão)",
        ],
        late: ["'", "' atrasado"],
        extended: ["Prazo prolongado até ", ""],
    },
    // pt_br
    Language {
        headers: [
            "Identificador",
            "Nome completo",
            "Número de identificação",
            "Endereço de e-mail",
            "Status",
            "Grupo",
            "Última modificação (envio)",
        ],
        late: ["", " atrasado"],
        extended: ["Prorrogação concedida até: ", ""],
    },
    // sv
    Language {
        headers: [
            "Identifierare",
            "Fullständigt namn",
            "ID nummer",
            "E-postadress",
            "Status",
            "Grupp",
            "Senast modifierat (inlämning)",
        ],
        late: ["", " sent"],
        extended: ["Förlängning beviljad till: ", ""],
    },
    // ca
    Language {
        headers: [
            "Identificador",
            "Nom complet",
            "Número ID",
            "Adreça electrònica",
            "Estat",
            "Grup",
            "Darrera modificació (tramesa)",
        ],
        late: ["", " tard"],
        extended: ["Pròrroga concedida fins: ", ""],
    },
    // gl
    Language {
        headers: [
            "Identificador",
            "Nome completo",
            "Número ID",
            "Enderezo de correo",
            "Estado",
            "Grupo",
            "Última modificación (entrega)",
        ],
        late: ["", " fora de prazo"],
        extended: ["Outorgouse unha ampliación ata: ", ""],
    },
    // eu
    Language {
        headers: [
            "Identifikatzailea",
            "Izen osoa",
            "ID zenbakia",
            "Helbide elektronikoa",
            "Egoera",
            "Taldea",
            "Azken aldaketa (bidalketa)",
        ],
        late: ["", " beranduago"],
        extended: ["Epearen luzapena eman da ", " arte"],
    },
    // ro
    Language {
        headers: [
            "Identificator",
            "Nume complet",
            "Număr ID",
            "Adresa de e-mail",
            "Status",
            "Grup",
            "Ultima modificare (a răspunsului)",
        ],
        late: ["", " întârziere"],
        extended: ["Extindere acordată până la: ", ""],
    },
    // tr
    Language {
        headers: [
            "Tanımlayıcı",
            "Tam adı",
            "ID numarası",
            "E-posta adresi",
            "Durum",
            "Grup",
            "Son düzenleme (gönderim)",
        ],
        late: ["", " sonrası"],
        extended: ["Şu zamana kadar ek süre tanındı : ", ""],
    },
    // ru
    Language {
        headers: [
            "Идентификатор",
            "Полное имя",
            "Индивидуальный номер",
            "Адрес электронной почты",
            "Статус",
            "Группа",
            "Последнее изменение (ответ)",
        ],
        late: ["Срок выполнения закончился ", " назад"],
        extended: ["Продлено до: ", ""],
    },
    // uk
    Language {
        headers: [
            "Ідентифікатор",
            "Повна назва",
            "Індивідуальний номер",
            "Електронна пошта",
            "Статус",
            "Група",
            "Востаннє змінювалося (здача)",
        ],
        late: ["Здано на ", " пізніше"],
        extended: ["Продовжено до: ", ""],
    },
    // el
    Language {
        headers: [
            "Αναγνωριστικό",
            "Πλήρες όνομα",
            "Αναγνωριστικός αριθμός",
            "Διεύθυνση ηλε.ταχυδρομείου",
            "Κατάσταση",
            "Ομάδα",
            "Τελευταία τροποποιημένη (υποβολή)",
        ],
        late: ["", " αργά"],
        extended: ["Παραχωρήθηκε παράταση μέχρι: ", ""],
    },
    // lt
    Language {
        headers: [
            "Identifikatorius",
            "Visas pavadinimas",
            "ID numeris",
            "El. pašto adresas",
            "Būsena",
            "Grupė",
            "Paskutinį kartą keista (pateikimas)",
        ],
        late: ["", " vėluojama"],
        extended: ["Darbo įkėlimas pratęstas iki: ", ""],
    },
    // ja
    Language {
        headers: [
            "ID",
            "フルネーム",
            "IDナンバ",
            "メールアドレス",
            "ステータス",
            "グループ",
            "最終更新日時 (提出)",
        ],
        late: ["", " 遅く提出"],
        extended: ["次の日時まで延長が許可されました: ", ""],
    },
    // zh_cn
    Language {
        headers: [
            "标识符",
            "全名",
            "学号",
            "电子邮件地址",
            "状态",
            "小组",
            "上次修改（作业）",
        ],
        late: ["迟", ""],
        extended: ["延期到：", ""],
    },
];
