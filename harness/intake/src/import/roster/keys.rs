//! What a row of a roster and a student may be recognised by: numbers and logins, and names in each way that they are written.

use ipclab_report::{Line, Student, names};

use super::rows::Row;

/// Names of a student, as they are written somewhere.
pub(super) fn written(student: &Student, names: &[String]) -> Vec<String> {
    let own_name = student.name.iter().map(Line::to_string);
    own_name.chain(names.iter().cloned()).collect()
}

/// What a student may be asked for by, the surest first: numbers and logins count before names.
pub(super) fn keys_of(student: &Student, names: &[String]) -> Vec<String> {
    let section = |key: &Line| key.as_str() == Student::SECTION;
    let ids = student.ids.iter().filter(|(key, _)| !section(key));
    let mut keys: Vec<String> = ids
        .map(|(key, id)| format!("{key}:{}", simple(id)))
        .collect();
    for name in written(student, names) {
        // A folder may be called by a number, a login or the part of an address before the @.
        keys.push(format!("any:{}", simple(&name)));
        // A name as it is written counts before the same without accents.
        keys.push(format!("written:{}", letters(&name)));
        let spellings = names::spellings(&name);
        keys.extend(
            spellings
                .iter()
                .map(|words| format!("name:{}", words.concat())),
        );
        keys.push(format!("words:{}", names::key(&name)));
    }
    keys
}

/// A name by its first and last words alone, in either order and in each spelling.
pub(super) fn first_and_last(name: &str) -> Vec<String> {
    let of = |words: Vec<String>| match words.as_slice() {
        [first, .., last] => vec![format!("{first}{last}"), format!("{last}{first}")],
        [_] | [] => Vec::new(),
    };
    names::spellings(name).into_iter().flat_map(of).collect()
}

impl Row {
    /// Everything that this row may be asked for by.
    pub(super) fn keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        for (key, id) in &self.student.ids {
            if key.as_str() == Student::SECTION {
                continue;
            }
            keys.push(format!("{key}:{}", simple(id)));
            keys.push(format!("any:{}", simple(id)));
            if key.as_str() == Student::EMAIL
                && let Some((login, _)) = id.split_once('@')
            {
                keys.push(format!("any:{}", simple(login)));
            }
        }
        if let Some(name) = &self.student.name {
            keys.push(format!("words:{}", names::key(name)));
            let words: Vec<&str> = name.split_whitespace().collect();
            for at in 0..words.len() {
                let (first, last) = words.split_at(at);
                let turned = letters(&[last, first].concat().join(" "));
                keys.push(format!("written:{turned}"));
            }
            // Canvas has the family name first, without anything in between; `Doe, Jane` is written so, too.
            for mut words in names::spellings(name) {
                for _ in 0..words.len() {
                    keys.push(format!("name:{}", words.concat()));
                    words.rotate_left(1);
                }
            }
        }
        keys
    }
}

/// A number or login as it is compared: Moodle writes `Participant 17`.
fn simple(id: &str) -> String {
    let id = id.trim().to_lowercase();
    id.strip_prefix("participant ").unwrap_or(&id).to_owned()
}

/// A name as it is compared.
fn letters(name: &str) -> String {
    name.to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric())
        .collect()
}
