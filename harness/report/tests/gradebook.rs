//! Gradebooks are filled and otherwise stay as they were, byte for byte; a class's table and page.

use ipclab_judge::Verdict;
use ipclab_report::gradebook::{self, MoodleColumns};
use ipclab_report::testing::build::{JudgedCase, about, case, finding, programs, report};
use ipclab_report::{
    Class, ClassCase, Entry, Line, Member, NotGraded, Outcome, Student, Who, csv, html,
};
use ipclab_spec::{Aspect, Points, Tier, Visibility};

fn student(name: &str, ids: &[(&str, &str)]) -> Student {
    Student {
        name: Some(name.into()),
        ids: ids
            .iter()
            .map(|(key, id)| (Line::new(key), Line::new(id)))
            .collect(),
    }
}

fn graded(id: &str, students: Vec<Student>, verdict: Verdict) -> Entry {
    let earned = if verdict == Verdict::Pass { 5 } else { 0 };
    let first = JudgedCase::new(
        case("echo-one", "echoes", Tier::Core, Points::Whole(5)),
        verdict,
        earned,
        vec![finding(
            Aspect::Bytes,
            verdict,
            "48 bytes by process 71, not 49",
        )],
    );
    let mut hidden = JudgedCase::new(
        case("secret", "sesame", Tier::Robust, Points::Whole(2)),
        Verdict::Fail,
        0,
        vec![finding(Aspect::Exit, Verdict::Fail, "open")],
    );
    hidden.case.visibility = Visibility::Hidden;
    let passed = JudgedCase::passed("two", "two", Tier::Robust, 3);
    Entry {
        who: Who {
            id: id.into(),
            page: id.into(),
            students,
            late: Some(id == "bob"),
            ..Who::default()
        },
        outcome: Outcome::Report(Box::new(report(
            &about(),
            programs(),
            &[first, hidden, passed],
        ))),
    }
}

fn class() -> Class {
    let entries = [
        graded(
            "ada",
            vec![student(
                "Ada Lovelace",
                &[("canvas", "11"), ("moodle", "901")],
            )],
            Verdict::Pass,
        ),
        graded(
            "bob",
            vec![student("Bob =1+1", &[("login", "bob7")])],
            Verdict::Fail,
        ),
        graded(
            "team",
            vec![
                student("Carl", &[("number", "s3")]),
                student("Dora", &[("number", "s4")]),
            ],
            Verdict::Fail,
        ),
        graded(
            "open",
            vec![student("Eve", &[("canvas", "15"), ("moodle", "905")])],
            Verdict::Unknown,
        ),
        graded("lost", vec![student("Nobody Knows", &[])], Verdict::Fail),
        Entry {
            who: Who {
                id: "zip".into(),
                page: "zip".into(),
                students: vec![student("Zoe", &[("canvas", "16")])],
                ..Who::default()
            },
            outcome: Outcome::NotGraded(NotGraded {
                why: "homework.zip is refused: ../../x leads out of it".into(),
                ours: false,
            }),
        },
    ];
    let case = |id: &str, tier, max, visibility| ClassCase {
        id: id.into(),
        title: id.into(),
        tier,
        max,
        covers: vec!["Q6".into()],
        visibility,
    };
    Class {
        schema: Default::default(),
        lab: "tcp-echo".into(),
        title: "Connection-oriented client and server".into(),
        unit: vec!["Q6".into()],
        max: 10,
        cases: vec![
            case("echo-one", Tier::Core, 5, Visibility::Visible),
            case("secret", Tier::Robust, 2, Visibility::Hidden),
            case("two", Tier::Robust, 3, Visibility::Visible),
        ],
        submissions: entries.iter().map(Entry::member).collect::<Vec<Member>>(),
        missing: vec![student("Max Absent", &[])],
        not_handed_in: None,
        notes: Vec::new(),
        alike: None,
        regrade: None,
    }
}

#[test]
fn canvas_gets_its_own_file_back_with_marks_in_it() {
    let before = "\u{feff}Student,ID,SIS User ID,SIS Login ID,Section,\"Echo, one (4711)\",Other (5)\r\n\
        \x20   Points Possible,,,,,10.0,3\r\n\
        \"Lovelace, Ada\",11,s1,ada,\"A, 1\",,2\r\n\
        \"=1+1, Bob\",12,s2,BOB7,A,7,\r\n\
        \"Carl\",13,s3,carl,A,\"\",\r\n\
        Dora,14,s4,dora,A,EX,\r\n\
        Eve,15,s5,eve,A,4,\r\n\
        Absent Max,17,s7,max,A,,1\r\n\
        Zoe,16,,,A,,\r\n";
    let filled = gradebook::canvas(before.as_bytes(), Some("echo, ONE"), &class()).unwrap();
    let expected = before
        .replace("\"A, 1\",,2", "\"A, 1\",8,2")
        .replace("BOB7,A,7,", "BOB7,A,3,")
        .replace("carl,A,\"\",", "carl,A,\"3\",");
    assert_eq!(String::from_utf8(filled.bytes.clone()).unwrap(), expected);
    assert_eq!(filled.written, 3);
    assert_eq!(filled.no_row, ["Nobody Knows"]);
    assert_eq!(filled.no_submission, ["Absent Max"]);
    assert_eq!(filled.not_final.len(), 2, "{:?}", filled.not_final);
    assert!(filled.not_final[1].contains("leads out of it"));
    assert_eq!(filled.warnings, ["Dora: excused, and left so"]);

    let other = before.replace(',', ";").replace("10.0", "20");
    let other = other.replace("Echo; one", "tcp-echo").replace("A; 1", "A");
    let filled = gradebook::canvas(other.as_bytes(), None, &class()).unwrap();
    assert!(filled.warnings[0].contains("counts to 20 points and the lab to 10"));
}

#[test]
fn a_missing_column_is_reported_with_those_that_exist() {
    let sheet = b"Student,ID,Section,First (1),Second (2)\nAda,11,A,,\n";
    let why = gradebook::canvas(sheet, None, &class()).unwrap_err();
    assert!(why.contains("First (1), Second (2)"), "{why}");
    for column in ["first", "First (1)", " 1 "] {
        assert!(gradebook::canvas(sheet, Some(column), &class()).is_ok());
    }
    assert!(why.contains("--column"), "{why}");
    let why = gradebook::canvas(b"a,b\n1,2\n", None, &class()).unwrap_err();
    assert!(why.contains("Student and ID"), "{why}");
    let why = gradebook::moodle(
        b"Kennung,Punkte\nTeilnehmer/in 901,\n",
        &MoodleColumns::default(),
        &class(),
    );
    assert!(why.unwrap_err().contains("Kennung, Punkte"));
}

#[test]
fn moodle_gets_marks_and_feedback() {
    let before = "Identifier,\"Full name\",\"ID number\",\"Email address\",Status,Grade,\"Maximum grade\",\"Grade can be changed\",\"Last modified (grade)\",\"Feedback comments\"\n\
        \"Participant 901\",\"Ada Lovelace\",s1,ada@x.example,\"Submitted\",,\"10,00\",Yes,-,\"\"\n\
        \"Participant 902\",\"BOB =1+1\",s2,,Submitted,5,\"10,00\",Yes,-,\n\
        \"Participant 903\",Carl,s3,,Submitted,,\"10,00\",No,-,\n\
        \"Participant 905\",Eve,,,Submitted,1,\"10,00\",Yes,-,ok\n";
    let filled = gradebook::moodle(before.as_bytes(), &MoodleColumns::default(), &class()).unwrap();
    let expected = before
        .replace(
            "\"Submitted\",,\"10,00\",Yes,-,\"\"",
            "\"Submitted\",8,\"10,00\",Yes,-,\"8 of 10 points\"",
        )
        .replace(
            "Submitted,5,\"10,00\",Yes,-,",
            "Submitted,3,\"10,00\",Yes,-,3 of 10 points; failed: echo-one",
        );
    let after = String::from_utf8(filled.bytes).unwrap();
    assert_eq!(after, expected);
    assert!(!after.contains("secret"), "students read this: {after}");
    assert_eq!(filled.written, 2);
    assert!(
        filled.warnings[0].contains("cannot be changed"),
        "{:?}",
        filled.warnings
    );
    let blind = "Kennung;Bewertung\r\nTeilnehmer/in 901;\r\n";
    let filled = gradebook::moodle(blind.as_bytes(), &MoodleColumns::default(), &class()).unwrap();
    assert_eq!(
        filled.bytes,
        b"Kennung;Bewertung\r\nTeilnehmer/in 901;8\r\n"
    );
    let named = MoodleColumns {
        grade: Some("Punkte".into()),
        feedback: None,
    };
    let filled = gradebook::moodle(b"Kennung;Punkte\nX 901;\n", &named, &class()).unwrap();
    assert_eq!(filled.bytes, b"Kennung;Punkte\nX 901;8\n");
}

/// What was not handed in got its mark in the row of Canvas's "Student View", too.
#[test]
fn the_test_student_of_canvas_gets_no_mark() {
    let mut class = class();
    class.not_handed_in = Some(0);
    let check = |row: &str, absent: usize| {
        let before = format!(
            "Student,ID,SIS User ID,echo (47)\n\"Lovelace, Ada\",11,,\n\"1+1=, Bob\",12,,\nX,13,s3,\nX,14,s4,\nX,15,,\nX,16,,\n{row}\n"
        );
        let mut class = class.clone();
        class.submissions.truncate(1);
        let filled = gradebook::canvas(before.as_bytes(), Some("47"), &class).unwrap();
        assert_eq!(filled.absent, 5 + absent, "{row}: {filled:?}");
    };
    check("\"Absent, Max\",98,s98,", 1);
    check("\"Student, Test\",99,s99,", 1);
    check("\"Student, Test\",99,,", 0);
}

/// A grade that the gradebook has locked was written unless the worksheet was in English.
#[test]
fn a_grade_that_cannot_be_changed_is_left_as_it_is_in_the_languages_of_moodle() {
    // Headers and words as the language packs have them; the Brazilian one as a downloaded worksheet.
    let check = |headers: [&str; 6], yes: &str, no: &str| {
        let [identifier, name, grade, maximum, changeable, feedback] = headers;
        let before = format!(
            "{identifier},\"{name}\",{grade},\"{maximum}\",\"{changeable}\",\"{feedback}\"\r\n\
             X 901,Ada Lovelace,,\"20,00\",{yes},\r\nX 902,Bob =1+1,5,\"20,00\",{no},\r\n"
        );
        let columns = MoodleColumns::default();
        let filled = gradebook::moodle(before.as_bytes(), &columns, &class()).unwrap();
        let expected = before.replace(
            &format!(",,\"20,00\",{yes},"),
            &format!(",8,\"20,00\",{yes},8 of 10 points"),
        );
        assert_eq!(String::from_utf8(filled.bytes).unwrap(), expected);
        assert_eq!(filled.written, 1, "{changeable}");
        let [maximum, locked] = &filled.warnings[..] else {
            panic!("{:?}", filled.warnings)
        };
        assert!(maximum.contains("counts to 20,00 points"), "{maximum}");
        assert!(locked.contains("Bob =1+1: Moodle says that"), "{locked}");
    };
    for (headers, yes, no) in [
        (
            [
                "Identifier",
                "Full name",
                "Grade",
                "Maximum Grade",
                "Grade can be changed",
                "Feedback comments",
            ],
            "Yes",
            "No",
        ),
        (
            [
                "ID",
                "Vollständiger Name",
                "Bewertung",
                "Bestwertung",
                "Bewertung kann geändert werden",
                "Feedback als Kommentar",
            ],
            "Ja",
            "Nein",
        ),
        (
            [
                "Identifiant",
                "Nom complet",
                "Note",
                "Note maximale",
                "La note peut être modifiée",
                "Feedback par commentaires",
            ],
            "Oui",
            "Non",
        ),
        (
            [
                "Identificador",
                "Nombre completo",
                "Calificación",
                "Calificación máxima",
                "La calificación puede ser cambiada",
                "Comentarios de retroalimentación",
            ],
            "Sí",
            "No",
        ),
        (
            [
                "Identificatie",
                "Volledige naam",
                "Cijfer",
                "Maximaal cijfer",
                "Het cijfer kan gewijzigd worden",
                "Feedback",
            ],
            "Ja",
            "Nee",
        ),
        (
            [
                "Identificador",
                "Nome completo",
                "Nota",
                "Nota máxima",
                "Nota pode ser alterada",
                "Comentários de feedback",
            ],
            "Sim",
            "Não",
        ),
        (
            [
                "Tanımlayıcı",
                "Tam adı",
                "Not",
                "Enyüksek not",
                "Not değiştirilebilir",
                "Geri bildirim yorumları",
            ],
            "Evet",
            "Hayır",
        ),
        (
            [
                "Идентификатор",
                "Полное имя",
                "Оценка",
                "Максимальная оценка",
                "Оценка может быть изменена",
                "Отзыв в виде комментария",
            ],
            "Да",
            "Нет",
        ),
        (
            [
                "Αναγνωριστικό",
                "Πλήρες όνομα",
                "Βαθμός",
                "Μέγιστος Βαθμός",
                "Ο βαθμός μπορεί να αλλάξει",
                "Σχόλια ανατροφοδότησης",
            ],
            "Ναι",
            "Όχι",
        ),
        (
            [
                "标识符",
                "全名",
                "成绩",
                "最高分",
                "允许更改成绩",
                "反馈意见",
            ],
            "是的",
            "否",
        ),
    ] {
        check(headers, yes, no);
    }
}

/// A lock in a language that is not known was written over in silence.
#[test]
fn in_a_language_that_is_not_known_locks_are_told_to_be_unseen() {
    let before =
        "Uczestnik,Nazwa,Ocena,Ocena może być zmieniona\r\nUczestnik 901,Ada Lovelace,,Nie\r\n";
    let columns = MoodleColumns {
        grade: Some("Ocena".to_owned()),
        feedback: None,
    };
    let filled = gradebook::moodle(before.as_bytes(), &columns, &class()).unwrap();
    assert_eq!(filled.written, 1);
    let [warning] = &filled.warnings[..] else {
        panic!("{:?}", filled.warnings)
    };
    assert!(warning.contains("locked were filled as well"), "{warning}");
}

/// A spreadsheet of Windows saves in its own encoding: names and headers were not known.
#[test]
fn a_gradebook_in_the_encoding_of_windows_is_read_and_stays_in_it() {
    let mut class = class();
    class.submissions[0].who.students = vec![student("Zoë Müller", &[])];
    let before = b"ID;Vollst\xe4ndiger Name;Bewertung;Bewertung kann ge\xe4ndert werden\r\nX 1;M\xfcller, Zo\xeb;;Ja\r\n";
    let filled = gradebook::moodle(before, &MoodleColumns::default(), &class).unwrap();
    assert_eq!(filled.written, 1, "{filled:?}");
    let expected = b"ID;Vollst\xe4ndiger Name;Bewertung;Bewertung kann ge\xe4ndert werden\r\nX 1;M\xfcller, Zo\xeb;8;Ja\r\n";
    assert_eq!(filled.bytes, expected);
}

#[test]
fn two_of_a_name_get_no_mark_by_it() {
    let mut class = class();
    class.submissions[1].who.students[0].name = Some("Ada Lovelace".into());
    class.submissions[0].who.students[0].ids.clear();
    let sheet = b"Student,ID,tcp-echo (1)\nAda Lovelace,99,\n";
    let filled = gradebook::canvas(sheet, None, &class).unwrap();
    assert_eq!(filled.bytes, sheet);
    // They were among those without a row as well, and it was not said which they are.
    let [warning] = &filled.warnings[..] else {
        panic!("{:?}", filled.warnings)
    };
    assert!(
        warning.contains("several submissions have this name, so that none was taken: ada, bob"),
        "{warning}"
    );
    assert_eq!(filled.no_row.len(), class.submissions.len() - 2);
}

#[test]
fn the_table_of_a_class() {
    let text = csv::class(&class());
    let mut rows = ::csv::Reader::from_reader(text.as_bytes());
    let header = rows.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|one| one == name).unwrap();
    let rows: Vec<_> = rows.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 7);
    assert_eq!(&rows[0][column("earned")], "8");
    assert_eq!(&rows[0][column("robust earned")], "3");
    assert_eq!(&rows[1][column("late")], "yes");
    assert_eq!(&rows[2][column("students")], "Carl, Dora");
    assert_eq!(&rows[2][column("number")], "s3 s4");
    assert_eq!(&rows[5][column("earned")], "");
    assert!(rows[5][column("remark")].contains("refused"));
    assert_eq!(&rows[6][column("students")], "Max Absent");
    assert_eq!(&rows[6][column("status")], "not handed in");
}

#[test]
fn the_page_of_a_class_and_those_of_its_submissions() {
    let class = class();
    let page = html::class(&class, "submissions");
    assert!(!page.contains("could not be made"), "{page}");
    assert!(
        page.contains("href=\"submissions&#x2f;ada.html\""),
        "{page}"
    );
    for said in [
        "Carl, Dora",
        "Max Absent",
        "echo-one",
        "is refused",
        "3 × 48 bytes by process 71, not 49",
    ] {
        assert!(page.contains(said), "{said} in {page}");
    }
    // Of the five that were graded, three lost echo-one and one is open; all lost the secret one, which so comes first.
    assert!(page.find("secret").unwrap() < page.find("<code>echo-one").unwrap());
    assert!(page.contains("60 %") && page.contains("100 %"));
    let refused = html::submission(
        &class,
        &class.submissions[5],
        &Outcome::NotGraded(NotGraded {
            why: "<b>no</b>".into(),
            ours: true,
        }),
        html::Reader::Student,
    );
    assert!(refused.contains("&lt;b&gt;no") && refused.contains("This costs no points"));
    let ada = graded("ada", vec![student("Ada Lovelace", &[])], Verdict::Fail);
    let staff = html::Reader::Staff {
        class_page: "../class.html",
        code: &[],
    };
    let page = html::submission(&class, &ada.member(), &ada.outcome, staff);
    assert!(page.contains("Ada Lovelace") && page.contains("The whole class"));
    assert!(page.contains("in time"));
}

/// Namesakes, one of whom handed in nothing: by the name alone both would get the mark.
#[test]
fn a_mark_is_nobodys_who_is_only_called_alike() {
    let canvas =
        "Student,ID,echo (1)\n\"Lovelace, Ada\",11,\n\"=1+1, Bob\",12,\n\"=1+1, Bob\",13,\n";
    let filled = gradebook::canvas(canvas.as_bytes(), Some("echo"), &class()).unwrap();
    assert_eq!(filled.written, 1, "{filled:?}");
    assert_eq!(filled.warnings.len(), 2, "{filled:?}");
    assert!(filled.warnings[0].contains("several rows are called so"));
    let moodle = "Identifier,Full name,Grade\nParticipant 1,Bob =1+1,\nParticipant 2,Bob =1+1,\n";
    let filled = gradebook::moodle(moodle.as_bytes(), &MoodleColumns::default(), &class()).unwrap();
    assert_eq!(
        (filled.written, filled.warnings.len()),
        (0, 2),
        "{filled:?}"
    );
    // Who is known by a number is not touched by it.
    let canvas = "Student,ID,echo (1)\n\"Lovelace, Ada\",11,\n\"Lovelace, Ada\",12,\n";
    let filled = gradebook::canvas(canvas.as_bytes(), Some("echo"), &class()).unwrap();
    assert_eq!(
        (filled.written, filled.warnings.len()),
        (1, 1),
        "{filled:?}"
    );
}
