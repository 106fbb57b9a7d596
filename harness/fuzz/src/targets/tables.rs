//! Tables that come from elsewhere: rosters, gradebooks, and the names of what a course system gives to download.

use ipclab_report::gradebook::{self, MoodleColumns};
use ipclab_report::{Class, Student};

use super::Take;
use ipclab_intake::import::{Found, From, Roster};

/// A kind, then the table.
pub fn tables(data: &[u8]) {
    let mut take = Take(data);
    let kind = take.byte();
    if kind % 2 == 0 {
        roster(take.0);
    } else {
        gradebooks(take.0);
    }
}

fn roster(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(roster) = Roster::parse(&text) else {
        return;
    };
    let names = ["ada", "Lovelace, Ada", "doejane", "", "17", "\u{130}x"];
    let mut found: Vec<Found> = names
        .iter()
        .chain(&text.split([',', '\n']).take(4).collect::<Vec<_>>())
        .map(|name| {
            let mut one = Found::new(name, From::default()).by(
                Some(name),
                &[(Student::CANVAS, name), (Student::LOGIN, name)],
            );
            one.names.push((*name).to_owned());
            one
        })
        .collect();
    let before = found.len();
    let missing = roster.join(&mut found, &mut Vec::new());
    assert_eq!(found.len(), before);
    assert!(missing.len() <= text.len());
}

fn gradebooks(data: &[u8]) {
    let mut class: Class = serde_json::from_str(include_str!("../../seeds/class.json"))
        .expect("a class that the tool wrote");
    class.notes.clear();
    for filled in [
        gradebook::canvas(data, None, &class),
        gradebook::canvas(data, Some("Lab 1"), &class),
        gradebook::moodle(data, &MoodleColumns::default(), &class),
    ]
    .into_iter()
    .flatten()
    {
        // What is written is a gradebook again, with as many lines as there were, and filling it once more changes nothing.
        let rows = |bytes: &[u8]| {
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .from_reader(bytes);
            reader.byte_records().count()
        };
        if !data.contains(&b'"') {
            assert_eq!(rows(&filled.bytes), rows(data));
        }
        assert!(filled.written <= class.submissions.len());
    }
}
