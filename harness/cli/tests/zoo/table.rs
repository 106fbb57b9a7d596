//! The table of attacks that the threat model points at: attack by level by user, made of the same lines that the zoo is
//! run by, and kept fresh.

use std::fmt::Write as _;

use super::{Attack, Outcomes, Verdict};
use crate::zoo::folders::{self, Folder};

const TABLE: &str = include_str!("../../../sandbox/ATTACKS.md");
const LEVELS: [&str; 2] = ["namespaces", "shared"];
const USERS: [&str; 2] = ["root", "nobody"];

/// One row, whatever kind of attack it is.
struct Row<'a> {
    id: &'a str,
    what: &'a str,
    verdict: &'a Verdict,
    only: Option<&'a str>,
    says: &'a dyn Fn(&str) -> Option<String>,
    note: &'a dyn Fn(&str) -> Option<String>,
}

fn cell(row: &Row<'_>, level: &str, user: &str) -> String {
    if row.only.is_some_and(|only| only != level) {
        let why = (row.note)(level).unwrap_or_default();
        return format!("not tried{}{why}", if why.is_empty() { "" } else { ": " });
    }
    let verdict = row.verdict.at_as(level, user);
    if verdict == "fail"
        && let Some(note) = (row.note)(level)
    {
        return note;
    }
    let words = match verdict {
        "pass" => "gets nothing, leaves nothing",
        "fail" => "fails",
        "full" => "gets what the program earns",
        "nothing" => "no points",
        "refused" => "refused",
        "nobody" => "no submission",
        other => panic!("{}: what is {other:?}?", row.id),
    };
    let said = (row.says)(level).filter(|_| verdict != "pass");
    let said = said.map_or(String::new(), |said| format!(", told: {said}"));
    format!("{words}{said}")
}

fn line(table: &mut String, row: &Row<'_>) {
    // As text: what is a command or an escape elsewhere is spelt out here, and nothing ends the cell.
    let plain = |text: &str| {
        let line = ipclab_report::Line::new(text).to_string();
        line.replace('\\', "\\\\")
            .replace('|', "\\|")
            .replace('<', "&lt;")
            .replace("::", ":\u{2060}:")
    };
    let _ = write!(table, "| {} | {} |", plain(row.id), plain(row.what));
    for level in LEVELS {
        for user in USERS {
            let _ = write!(table, " {} |", plain(&cell(row, level, user)));
        }
    }
    table.push('\n');
}

fn heads(table: &mut String, title: &str) {
    let _ = write!(
        table,
        "\n## {title}\n\n| attack | what it tries | namespaces, as root | namespaces, as nobody | shared, as root | shared, as nobody |\n|---|---|---|---|---|---|\n"
    );
}

fn table(attacks: &[Attack], folders: &[Folder]) -> String {
    let count = attacks.len() + folders.len();
    let mut table = format!(
        "# The zoo: {count} attacks, at both levels, as root and as nobody\n\n\
         Made of `harness/cli/tests/zoo/outcomes.toml` and `folders.toml`, which the tests run by (`UPDATE_TABLE=1 cargo test\n\
         -p ipclab --test hostile table`). After each of them the host must be as it was, well-behaved programs and submissions\n\
         beside it must get what they get without it, no secret and no escape may be in any report, and nothing may be left\n\
         running. \"told\" is what the report must say of it.\n"
    );
    heads(&mut table, "Programs");
    for attack in attacks {
        let says = |level: &str| {
            let at = attack.says_at.get(level).into_iter().flatten();
            attack.says.iter().chain(at).next().cloned()
        };
        let row = Row {
            id: &attack.id,
            what: &attack.what,
            verdict: &attack.verdict,
            only: attack.only.as_deref(),
            says: &says,
            note: &|level| attack.note.get(level).cloned(),
        };
        line(&mut table, &row);
    }
    heads(&mut table, "Sources, Makefiles, folders and archives");
    for folder in folders {
        let row = Row {
            id: &folder.id,
            what: &folder.what,
            verdict: &folder.verdict,
            only: folder.only.as_deref(),
            says: &|level| {
                let at = folder.says_at.get(level).into_iter().flatten();
                folder.says.iter().chain(at).next().cloned()
            },
            note: &|level| folder.note.get(level).cloned(),
        };
        line(&mut table, &row);
    }
    table
}

#[test]
fn table_of_attacks_is_fresh() {
    let outcomes: Outcomes = toml::from_str(super::OUTCOMES).unwrap();
    let folders = folders::all();
    assert!(outcomes.attack.len() + folders.len() >= 60);
    let now = table(&outcomes.attack, &folders);
    if std::env::var_os("UPDATE_TABLE").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../sandbox/ATTACKS.md");
        std::fs::write(path, &now).unwrap();
    } else {
        assert!(
            now == TABLE,
            "run: UPDATE_TABLE=1 cargo test -p ipclab --test hostile table"
        );
    }
}
