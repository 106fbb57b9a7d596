//! What a box withholds although it lies in a folder that it shows: a tool that is installed below `/usr`, a spec beside it.
//!
//! The tool was run as the reference by `/usr/local/bin/ipclab`, and gave a submission that had no program full marks.

use std::fs;
use std::path::{Path, PathBuf};

use ipclab_evidence::{Actor, Bind, Bytes, Exit, Plan, Run};

use crate::bench::{Test, both, own, plan, run, shared_with_landlock, student};

/// A file that every system has in a folder that is shown, not needed by the programs here.
fn secret() -> PathBuf {
    let all = ["/usr/bin/yes", "/usr/bin/tac"];
    let there = all
        .iter()
        .find_map(|path| Path::new(path).canonicalize().ok());
    there.expect("coreutils")
}

/// A shell that says what it could do.
fn shell(line: String, withheld: Vec<PathBuf>) -> Plan {
    let shell = Actor {
        run: Run::Program {
            path: "/bin/sh".into(),
            argv: ["sh", "-c", &line].map(Bytes::from).into(),
            env: vec![("PATH".to_owned(), "/usr/bin:/bin".to_owned())],
        },
        ..student("one", "exits code 0")
    };
    let mut plan = plan([shell]);
    plan.world.withheld = withheld;
    plan
}

fn tried() -> String {
    let secret = secret();
    let (file, name) = (secret.display(), secret.file_name().unwrap().display());
    format!(
        "cat {file} >/dev/null && exit 1; cp {file} /tmp/copy 2>/dev/null && /tmp/copy --version && exit 2; \
         {name} --version && exit 3; umount {file} && exit 4; chmod 755 {file} && exit 5; \
         cat /usr/share/doc/*/copyright >/dev/null 2>&1 && exit 6; ls -d /usr/share/* >/dev/null || exit 7; cat /usr/lib/os-release >/dev/null || exit 8; exit 0"
    )
}

fn withheld() -> Vec<PathBuf> {
    vec![secret(), "/usr/share/doc".into(), "/nowhere/at/all".into()]
}

pub(crate) fn tests() -> Vec<Test> {
    vec![
        own("withheld_is_neither_read_nor_run", |level| {
            let seen = run(level, &shell(tried(), withheld()));
            assert_eq!(seen.actor("one").exit, Exit::Code(0));
        }),
        shared_with_landlock("withheld_is_neither_read_nor_run", |level| {
            let seen = run(level, &shell(tried(), withheld()));
            assert_eq!(seen.actor("one").exit, Exit::Code(0));
        }),
        both("all_else_is_as_it_was", |level| {
            let line = format!("cat {} >/dev/null", secret().display());
            let seen = run(level, &shell(line, Vec::new()));
            assert_eq!(seen.actor("one").exit, Exit::Code(0));
        }),
        own("withheld_in_what_a_plan_shows", |level| {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path().canonicalize().unwrap();
            fs::create_dir(root.join("bin")).unwrap();
            for file in ["bin/tool", "bin/cc"] {
                fs::write(root.join(file), "text").unwrap();
            }
            let mut plan = shell(
                "cat /opt/chain/bin/tool && exit 1; cat /opt/chain/bin/cc".to_owned(),
                vec![root.join("bin/tool")],
            );
            plan.world.binds.push(Bind {
                host: root.clone(),
                inside: "/opt/chain".into(),
                writable: false,
                trusted_only: false,
                party: None,
            });
            assert_eq!(run(level, &plan).actor("one").exit, Exit::Code(0));
        }),
    ]
}
