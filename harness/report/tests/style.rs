//! The hints of all labs, held against `STYLE.md`.

use std::fs;
use std::path::Path;

use ipclab_spec::parse;

/// Words of a sentence at most.
const WORDS_MAX: usize = 25;
/// Words that leave the reader guessing.
const RIDDLES: [&str; 4] = ["whoever", "somebody", "truthfully", "to be known"];

/// What is wrong with a text, in the order of the style page.
fn mistakes(text: &str) -> Vec<String> {
    let mut mistakes = Vec::new();
    for sentence in text.split_inclusive(['.', ':', '!', '?', '\n']) {
        // `sa.sa_flags` and `127.0.0.1` are no ends of sentences, but make none longer either.
        let words = sentence.split_whitespace().count();
        if words > WORDS_MAX {
            mistakes.push(format!("{words} words: {}", sentence.trim()));
        }
    }
    let lower = text.to_lowercase();
    for riddle in RIDDLES {
        if lower.contains(riddle) {
            mistakes.push(format!("says {riddle}"));
        }
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        mistakes.push("has a character that cannot be seen".to_owned());
    }
    mistakes
}

#[test]
fn the_lint_finds_what_the_page_forbids() {
    let check = |text: &str, expect: usize| {
        assert_eq!(mistakes(text).len(), expect, "{text}: {:?}", mistakes(text));
    };
    check("shmget(100, 1024, IPC_CREAT|0644): the key is decimal.", 0);
    check(&"word ".repeat(25), 0);
    check(&"word ".repeat(26), 1);
    check(
        &format!("{}. {}", "word ".repeat(20), "word ".repeat(20)),
        0,
    );
    check("Whoever waits for it waits for ever.", 1);
    check("a\ttab", 1);
}

#[test]
fn every_hint_of_every_lab_keeps_to_the_style() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs");
    let mut hints = 0;
    let mut wrong = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // A file that is no lab, as the list of the unit's questions, has no hints.
        let Ok(parsed) = parse(&name, &fs::read_to_string(&path).unwrap()) else {
            continue;
        };
        for case in &parsed.spec.cases {
            for hint in case.hint.iter().chain(&case.next_hints) {
                hints += 1;
                wrong.extend(
                    mistakes(hint)
                        .into_iter()
                        .map(|mistake| format!("{name}, {}: {mistake}", case.id)),
                );
            }
        }
    }
    assert!(hints > 200, "only {hints} hints were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
