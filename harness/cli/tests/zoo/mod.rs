//! The zoo: what hostile programs, folders and archives try, at both levels, and that each of them is contained.
//!
//! `outcomes.toml` has a line for every attack of `attacks/`: its verdict at each level, and what the report must say.
//! All of them are cases of one lab and are graded in one go, with well-behaved programs in between, whose verdicts must
//! be what they are without them. Before and after, the host must be the same.

mod folders;
mod table;

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::common::host::{Host, alone, levels};
use crate::common::{Workdir, json};
use include_dir::{Dir, include_dir};
use serde::Deserialize;
use serde_json::Value;

static ATTACKS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/tests/zoo/attacks");
const OUTCOMES: &str = include_str!("outcomes.toml");
/// A report with this in it has leaked what no submission may read.
const SECRET: &str = "the-answers-of-next-year";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outcomes {
    attack: Vec<Attack>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attack {
    id: String,
    /// Program, act and words.
    plays: String,
    /// For people.
    what: String,
    /// The verdict, at every level or each.
    verdict: Verdict,
    /// The only level at which it is tried.
    #[serde(default)]
    only: Option<String>,
    /// Where it serves, for the other actors of its case.
    #[serde(default)]
    listens: Option<String>,
    /// The rest of its case: other actors, what must cross.
    #[serde(default)]
    beside: String,
    /// What the report must say.
    #[serde(default)]
    says: Vec<String>,
    /// The same at one level.
    #[serde(default)]
    says_at: BTreeMap<String, Vec<String>>,
    /// A limit that ends it as well where the machine is slow: pages that the host has to find first take a virtual
    /// machine longer to touch than a case may compute.
    #[serde(default)]
    or_says: Option<String>,
    /// It may be too slow to cheat, and then has done what is right.
    #[serde(default)]
    may_be_late: bool,
    /// For people: why it ends like this at a level.
    #[serde(default)]
    note: BTreeMap<String, String>,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Verdict {
    Same(String),
    Each(BTreeMap<String, String>),
}

impl Verdict {
    /// At this level, as the user who runs the tests.
    fn at(&self, level: &str) -> &str {
        let root = nix::unistd::geteuid().is_root();
        self.at_as(level, if root { "root" } else { "nobody" })
    }

    /// `shared, nobody` says more than `shared`.
    fn at_as(&self, level: &str, user: &str) -> &str {
        match self {
            Self::Same(verdict) => verdict,
            Self::Each(verdicts) => verdicts
                .get(&format!("{level}, {user}"))
                .unwrap_or_else(|| &verdicts[level]),
        }
    }
}

/// One test after the other where they run in the open: each looks at the host as a whole.
fn turn() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One case an attack, and a well-behaved one after every fifth.
fn spec(attacks: &[Attack], fill: &dyn Fn(&str) -> String) -> String {
    let mut text = String::from(
        "format = 1\nlab = \"zoo\"\ntitle = \"A zoo\"\nunit = [\"Z\"]\nlimit = \"2s\"\n",
    );
    for file in ATTACKS.files() {
        let name = file.path().display().to_string();
        if let Some(stem) = name.strip_suffix(".c") {
            text += &format!("\n[program.{stem}]\nsource = [\"{name}\"]\n");
        }
    }
    let case = |id: &str, title: &str, expected: &str| {
        format!(
            "\n[[case]]\nid = {id:?}\ntitle = {title:?}\ntier = \"core\"\npoints = 1\ncovers = [\"Z\"]\nhint = \"No.\"\n{expected}"
        )
    };
    for (n, attack) in attacks.iter().enumerate() {
        let actor = format!(
            "[case.actor.guest]\nstudent = {:?}\nexit = 0\nstdout.contains = [\"tried\"]\nstdout.lacks = [\"GOT\"]\n",
            fill(&attack.plays)
        );
        let listens = attack.listens.as_ref();
        let listens = listens.map_or(String::new(), |at| format!("listens = {at:?}\n"));
        let actor = format!("{actor}{listens}\n{}", attack.beside);
        text += &case(&attack.id, &attack.what, &actor);
        if n % 5 == 4 {
            let actor =
                "[case.actor.guest]\nstudent = \"well\"\nexit = 0\nstdout.lines = [\"Hello\"]\n";
            text += &case(&format!("well-{n}"), "does as it should", actor);
        }
    }
    text
}

fn grade(level: &str) {
    let mut outcomes: Outcomes = toml::from_str(OUTCOMES).unwrap();
    let here = |attack: &Attack| attack.only.as_deref().is_none_or(|only| only == level);
    outcomes.attack.retain(here);
    let workdir = Workdir::with(&[]);
    for file in ATTACKS.files() {
        workdir.write(&format!("work/{}", file.path().display()), file.contents());
    }
    // Not in /tmp, which at the shared level is open to all users.
    let private = tempfile::Builder::new()
        .prefix("ipclab-zoo-")
        .tempdir_in("/var/tmp")
        .unwrap();
    let secret = private.path().join("secret");
    fs::write(&secret, SECRET).unwrap();
    let service = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = service.local_addr().unwrap().port();
    // Process numbers are the same in the namespaces of tests that run at the same time.
    let name = format!("ipclab-zoo-{port}");
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let _host_socket = UnixListener::bind_addr(&address).unwrap();
    let fill = |text: &str| {
        text.replace("{secret}", &secret.display().to_string())
            .replace(
                "{spec}",
                &private.path().join("zoo.toml").display().to_string(),
            )
            .replace(
                "{other}",
                &private.path().join("other.c").display().to_string(),
            )
            .replace("{tool}", env!("CARGO_BIN_EXE_ipclab"))
            .replace("{port}", &port.to_string())
            .replace("{abstract}", &name)
    };
    let text = spec(&outcomes.attack, &fill);
    let spec_file = private.path().join("zoo.toml");
    fs::write(&spec_file, format!("# {SECRET}\n{text}")).unwrap();
    fs::write(private.path().join("other.c"), SECRET).unwrap();

    let host = Host::look();
    let output = workdir
        .ipclab()
        .args([
            "check",
            "work",
            "--isolation",
            level,
            "--format",
            "json",
            "--spec",
        ])
        .arg(&spec_file)
        .timeout(std::time::Duration::from_secs(600))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!stderr.contains("panicked"), "{stderr}");
    let report = json(&output);
    let cases: BTreeMap<&str, &Value> = report["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| (case["id"].as_str().unwrap(), case))
        .collect();
    let mut wrong = Vec::new();
    for (id, case) in &cases {
        if id.starts_with("well-") && case["verdict"] != "pass" {
            wrong.push(format!("{id} was disturbed: {}", texts(case)));
        }
    }
    for attack in &outcomes.attack {
        let case = cases[attack.id.as_str()];
        let (seen, expected) = (case["verdict"].as_str().unwrap(), attack.verdict.at(level));
        let texts = texts(case);
        println!("{:<22} {:<10} {seen:<8} {}", attack.id, level, attack.what);
        if attack.may_be_late && seen == "pass" {
            continue;
        }
        if seen != expected {
            wrong.push(format!("{}: {seen}, not {expected}: {texts}", attack.id));
        }
        let at_level = attack.says_at.get(level).into_iter().flatten();
        for say in attack.says.iter().chain(at_level) {
            let other = attack.or_says.as_ref();
            if !texts.contains(say) && !other.is_some_and(|other| texts.contains(other)) {
                wrong.push(format!("{}: it does not say {say:?}: {texts}", attack.id));
            }
        }
    }
    let whole = String::from_utf8_lossy(&output.stdout);
    if whole.contains(SECRET) {
        wrong.push("the secret is out".to_owned());
    }
    if whole.contains('\u{1b}') || whole.contains('\u{9b}') {
        wrong.push("an escape came through".to_owned());
    }
    assert!(wrong.is_empty(), "at {level}:\n{}", wrong.join("\n"));
    host.is_as_before(&format!("after the zoo at {level}"));
}

/// Everything that is said of a case.
fn texts(case: &Value) -> String {
    let mut texts = String::new();
    for finding in case["findings"].as_array().into_iter().flatten() {
        for part in ["message", "expected", "seen"] {
            if let Some(text) = finding[part].as_str() {
                texts += &format!("{text}\n");
            }
        }
    }
    texts
}

#[test]
#[ignore = "takes a minute: cargo test --workspace -- --ignored every_attack"]
fn every_attack_is_contained_in_namespaces() {
    every_attack("every_attack_is_contained_in_namespaces", "namespaces");
}

/// One case at a time is run there, so that no second processor helps.
#[test]
#[ignore = "takes minutes: cargo test --workspace -- --ignored every_attack"]
fn every_attack_is_contained_where_the_host_is_shared() {
    every_attack(
        "every_attack_is_contained_where_the_host_is_shared",
        "shared",
    );
}

/// Each level has a host of its own: at the shared one, both would see the same.
fn every_attack(test: &str, level: &str) {
    alone(module_path!(), test, || {
        let _turn = turn();
        if levels(&Workdir::with(&[])).contains(&level) {
            grade(level);
        }
    });
}
