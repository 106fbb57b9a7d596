//! Our labs prove themselves, and a spec from which one expectation is taken away does not.

mod common;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use assert_cmd::Command;
use common::{json, top};
use serde_json::Value;

/// The tool, with builds that all of these tests share: the same submissions are built for each. They lie where the caller
/// says, since another user may own Cargo's own folder.
fn validate() -> Command {
    let mut command = Command::cargo_bin("ipclab").expect("the tool is built");
    let builds =
        std::env::var_os("XDG_CACHE_HOME").unwrap_or_else(|| env!("CARGO_TARGET_TMPDIR").into());
    command
        .arg("validate")
        .current_dir(top())
        .env("XDG_CACHE_HOME", builds)
        .timeout(std::time::Duration::from_secs(1800));
    command
}

#[test]
#[ignore = "takes minutes: cargo test --workspace -- --ignored every_lab"]
fn every_lab_is_proved_in_all_tiers() {
    // Wrong programs mostly wait until a limit ends them.
    let jobs = 2 * std::thread::available_parallelism().map_or(1, usize::from);
    let output = validate()
        .args(["--jobs", &jobs.to_string()])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    // What students read of all these submissions keeps to report/STYLE.md.
    let hard: Vec<&str> = text
        .lines()
        .filter(|line| line.contains(": hard to read: "))
        .collect();
    assert!(hard.is_empty(), "{}", hard.join("\n"));
    // Where there is one user only, cases that need another's segment cannot be judged, and nothing else may be missing.
    let unjudged: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("must be another user's"))
        .filter_map(|line| line.split(": ").nth(1))
        .collect();
    if !nix::unistd::geteuid().is_root() && !unjudged.is_empty() {
        for line in text.lines().filter(|line| line.starts_with("  ✗ ")) {
            // What a report should have said may have been said in such a case.
            let silent = line.contains("no finding says");
            assert!(
                silent || unjudged.iter().any(|case| line.contains(case)),
                "{text}"
            );
        }
        return;
    }
    let graded = if !has("rustc") {
        // Where there is no Rust, the submissions in Rust cannot be built, and nothing else may be missing.
        let troubles: Vec<_> = text
            .lines()
            .filter(|line| line.starts_with("  ? "))
            .collect();
        assert!(
            troubles.iter().all(|line| line.contains("accepted/rust")),
            "{text}"
        );
        Some(3)
    } else {
        Some(0)
    };
    assert_eq!(
        output.status.code(),
        graded,
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for lab in fs::read_dir(top().join("specs")).unwrap() {
        let lab = lab.unwrap().path();
        let name = lab.file_stem().unwrap().to_str().unwrap();
        if top().join("labs").join(name).exists() {
            assert!(text.contains(&format!("{name} · ")), "{text}");
        }
    }
}

/// Whether a program can be found as a shell would find it.
fn has(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    })
}

/// One expectation taken away: what to replace in the text behind the case's id, and the submission that must then get away.
struct Weak {
    case: &'static str,
    was: &'static str,
    is: &'static str,
    escapes: &'static str,
    aspect: &'static str,
}

#[test]
fn an_expectation_taken_away_is_missed_output_and_cleanup() {
    weakened(
        "udp-datagram",
        &[
            Weak {
                case: "server-ready",
                was: "  \"Let us wait for a remote client to send some data\",\n",
                is: "",
                escapes: "rejected/server-silent-banner",
                aspect: "output",
            },
            Weak {
                case: "own-pair",
                was: "[case.wire]\n",
                is: "[case.leaves]\nmay = [\"/tmp/*\"]\n[case.wire]\n",
                escapes: "rejected/client-leaves-file",
                aspect: "cleanup",
            },
        ],
    );
}

#[test]
fn an_expectation_taken_away_is_missed_exit_memory_and_calls() {
    weakened(
        "shm-hello",
        &[
            Weak {
                case: "writer-feeds-our-reader",
                was: "exit    = 0\n",
                is: "",
                escapes: "rejected/writer-void-main",
                aspect: "exit",
            },
            Weak {
                case: "writer-stores-hello",
                was: "size     = 1024\n",
                is: "",
                escapes: "rejected/writer-wrong-size",
                aspect: "memory",
            },
            Weak {
                case: "writer-stores-hello",
                was: ", \"shmdt(...) = 0\"",
                is: "",
                escapes: "rejected/writer-no-shmdt",
                aspect: "calls",
            },
        ],
    );
}

#[test]
fn an_expectation_taken_away_is_missed_bytes() {
    weakened(
        "tcp-echo",
        &[Weak {
            case: "echo-one",
            was: "\"server -> client\" = { bytes = 49 }\n",
            is: "",
            escapes: "rejected/server-short-echo",
            aspect: "bytes",
        }],
    );
}

fn weakened(lab: &str, weak: &[Weak]) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("specs").join(format!("{lab}.toml"));
    let spec = Path::new("specs").join(format!("{lab}.toml"));
    let mut text = fs::read_to_string(top().join(spec)).unwrap();
    for one in weak {
        let case = text.find(&format!("\"{}\"", one.case)).expect(one.case);
        let at = case + text[case..].find(one.was).expect(one.was);
        text.replace_range(at..at + one.was.len(), one.is);
    }
    fs::create_dir(folder.path().join("specs")).unwrap();
    fs::write(&file, text).unwrap();
    // Only the submissions that get away, and what they are a change of: what the others get was seen in the whole proof.
    let submissions = Path::new("labs").join(lab).join("submissions");
    let escapes = weak.iter().map(|one| format!("{}.toml", one.escapes));
    for name in escapes.chain(["accepted/whole".to_owned()]) {
        let here = folder.path().join(&submissions).join(&name);
        fs::create_dir_all(here.parent().unwrap()).unwrap();
        symlink(
            top().canonicalize().unwrap().join(&submissions).join(&name),
            here,
        )
        .unwrap();
    }

    let output = validate()
        .arg(&file)
        .args(["--tier", "core", "--format", "json"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let report = json(&output);
    assert_eq!(
        (output.status.code(), &report["valid"]),
        (Some(1), &Value::Bool(false)),
        "{said}"
    );
    let holes = report["labs"][0]["holes"].as_array().unwrap();
    for one in weak {
        let hole = holes
            .iter()
            .find(|hole| hole["submission"] == one.escapes && hole["case"] == one.case);
        let hole = hole.unwrap_or_else(|| panic!("{} is not missed: {holes:#?}", one.aspect));
        let what = hole["what"].as_str().unwrap();
        let (must, came) = what.split_once(", and ").expect(what);
        assert!(
            must.contains(one.aspect) && !came.contains(one.aspect),
            "{what}"
        );
    }
}
