//! The hints of all labs, held against `STYLE.md`.

use std::fs;
use std::path::Path;

use ipclab_judge::style::mistakes;
use ipclab_spec::parse;

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
    check(
        "client printed `a b c d e f g h i j k l m n o p q r s t u v w x y z`",
        0,
    );
    check("everybody waits", 1);
    // A name of a sanitizer's is three words.
    check(
        "server has a memory error: stack-buffer-overflow, strcpy() writes 251 bytes (main(), us_server.c:88)",
        0,
    );
    check(
        "A peripheral administrative institution simultaneously communicates considerable organisational difficulties approximately to participating representatives.",
        1,
    );
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
            let nearer = case.hints.values().flatten();
            for hint in case.hint.iter().chain(&case.next_hints).chain(nearer) {
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
