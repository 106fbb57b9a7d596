//! What the tests of the tool share: a workdir of its own for each test, with a home, a cache and a submission.

// Each test file uses its own part of this.
#![allow(dead_code, unreachable_pub)]

pub mod archives;
pub mod host;

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use assert_cmd::Command;
use serde_json::Value;

/// A lab of one program that has to say `Hello`, so that these tests test the tool and no lab.
pub const SPEC: &str = r#"
format = 1
lab    = "greet"
title  = "A greeting"
unit   = ["Q1"]
limit  = "10s"

[program.hello]
source = ["hello.c", "greet.c"]

[[case]]
id     = "greets"
title  = "your program says Hello"
tier   = "core"
points = { output = 2, exit = 1 }
covers = ["Q1"]
hint   = "puts(\"Hello\");"
[case.actor.greeter]
student = "hello"
exit    = 0
stdout.lines = ["Hello"]

[[case]]
id       = "greets-again"
title    = "and says it again"
tier     = "robust"
points   = { output = 1 }
covers   = ["Q1"]
hint     = "The same."
requires = ["greets"]
[case.actor.greeter]
student = "hello"
stdout.lines = ["Hello"]
"#;

/// A program with full marks.
pub const GOOD: &str = "#include <stdio.h>\nint main(void) { puts(\"Hello\"); return 0; }\n";

/// A folder of its own for everything that a test touches.
pub struct Workdir(tempfile::TempDir);

impl Workdir {
    /// A workdir with these files in the submission `work`.
    pub fn with(files: &[(&str, &str)]) -> Self {
        Self::at(tempfile::tempdir(), files)
    }

    /// The same where programs cannot write to at the shared level: there they can to /tmp.
    pub fn closed(files: &[(&str, &str)]) -> Self {
        Self::at(tempfile::tempdir_in("/var/tmp"), files)
    }

    fn at(folder: std::io::Result<tempfile::TempDir>, files: &[(&str, &str)]) -> Self {
        let workdir = Self(folder.expect("a folder for the test"));
        fs::create_dir(workdir.path("work")).expect("a folder for the submission");
        fs::write(workdir.path("greet.toml"), SPEC).expect("the spec");
        for (name, text) in files {
            workdir.write(&format!("work/{name}"), text);
        }
        workdir
    }

    /// A path on it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file, and the folders that it needs.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, bytes).expect("a file");
    }

    /// Writes a script that can be executed.
    pub fn script(&self, name: &str, text: &str) {
        let plain = format!("{name}.text");
        self.write(&plain, text);
        install(&self.path(&plain), &self.path(name));
        fs::remove_file(self.path(&plain)).expect("the plain file");
    }

    /// The tool, with a home here and nothing of the machine's settings.
    pub fn ipclab(&self) -> Command {
        let mut command = Command::cargo_bin("ipclab").expect("the tool is built");
        command
            .current_dir(self.0.path())
            .env("HOME", self.0.path())
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("COLUMNS", "80")
            .env_remove("CC")
            .env_remove("NO_COLOR")
            .timeout(std::time::Duration::from_secs(120));
        command
    }

    /// The tool to work beside the test, in a process group of its own, with a home here.
    pub fn beside(&self, args: &[&str]) -> std::process::Command {
        let tool = assert_cmd::cargo::cargo_bin("ipclab");
        let mut command = std::process::Command::new(tool);
        command
            .args(args)
            .current_dir(self.0.path())
            .env("HOME", self.0.path())
            .env("XDG_CACHE_HOME", self.path("cache"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        command
    }

    /// `ipclab check work --spec greet.toml --all`
    pub fn check(&self) -> Command {
        let mut command = self.ipclab();
        command.args(["check", "work", "--spec", "greet.toml", "--all"]);
        command
    }

    /// What is left of scratch folders.
    pub fn scratch(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path("cache/ipclab/scratch"))
            .into_iter()
            .flatten()
            .flatten();
        entries.map(|entry| entry.path()).collect()
    }
}

/// Copies what will be executed, by another process: the threads of this one start processes all the time, and what was begun
/// while a file was open for writing here keeps it open for a moment, and the kernel executes no such file (`ETXTBSY`).
pub fn install(from: &Path, to: &Path) {
    let mut install = std::process::Command::new("install");
    let installed = install.args(["-m", "755"]).args([from, to]).status();
    assert!(installed.expect("install(1)").success(), "{}", to.display());
}

/// The JSON that the tool printed.
#[track_caller]
pub fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}", String::from_utf8_lossy(&output.stderr));
    })
}

/// The top of the repository.
pub fn top() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// One of the repository's own submissions, `rejected/client-no-nul`: a folder, or the file of a fault.
pub fn submission(lab: &str, name: &str) -> PathBuf {
    let submissions = top().join("labs").join(lab).join("submissions");
    let folder = submissions.join(name);
    let path = match folder.is_dir() {
        true => folder,
        false => submissions.join(format!("{name}.toml")),
    };
    assert!(path.exists(), "{}", path.display());
    path
}
