//! The host before and after.
//!
//! Other programs of the machine make files, segments and mounts all the time, and none of that is the tool's. A test that
//! compares the host therefore runs in [`alone`]: with a `/tmp`, a `/dev/shm`, IPC objects and processes that are its own.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::unistd::{getegid, geteuid};

use super::Workdir;

const INSIDE: &str = "IPCLAB_TEST_ALONE";

/// Runs the body of the test called `module::name` on a host of its own: in a run of this executable for it alone, in new
/// mount, IPC and process namespaces. Where they are refused, and where they would take a level away that the tool has
/// outside, the test runs in the open.
pub fn alone(module: &str, name: &str, body: impl FnOnce()) {
    // Without the name of the executable, which is no part of a test's name.
    let path = format!("{module}::{name}");
    let (_executable, test) = path.split_once("::").expect("a path");
    let tool = assert_cmd::cargo::cargo_bin!("ipclab");
    if env::var_os(INSIDE).is_some() || !is_separable(tool) {
        return body();
    }
    let mut run = inside(&env::current_exe().expect("the test executable"));
    run.args(["--exact", test, "--include-ignored", "--nocapture"]);
    run.arg("--test-threads=1").env(INSIDE, "1");
    let output = run.output().expect("unshare");
    let [said, complained] =
        [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    println!("{said}");
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{test}, alone: {}\n{complained}",
        output.status
    );
}

/// Runs a program alone, as the user who runs this.
fn inside(program: &Path) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--ipc", "--pid", "--fork", "--mount-proc"]);
    command.arg("--kill-child");
    let own = "mount -t tmpfs -o mode=1777 none /tmp && mount -t tmpfs -o mode=1777 none /dev/shm";
    let script = if geteuid().is_root() {
        format!("{own} && exec \"$0\" \"$@\"")
    } else {
        // A user who is not root needs to be root for the mounts, and must not be root for the test.
        command.args(["--user", "--map-root-user"]);
        let (user, group) = (geteuid(), getegid());
        format!(
            "{own} && exec unshare --user --map-user={user} --map-group={group} -- \"$0\" \"$@\""
        )
    };
    command.args(["--", "sh", "-c", &script]).arg(program);
    command
}

/// Whether the tool finds alone what it finds in the open.
fn is_separable(tool: &Path) -> bool {
    // An own /tmp would hide what is built there.
    let places = [env::current_dir().ok(), env::current_exe().ok()];
    if places.iter().flatten().any(|at| at.starts_with("/tmp")) || tool.starts_with("/tmp") {
        eprintln!("built in /tmp: the host is compared in the open");
        return false;
    }
    let mut run = inside(tool);
    let there = run.arg("doctor").output().map(|output| output.stdout);
    let here = Command::new(tool).arg("doctor").output();
    let level = |text: &[u8]| String::from_utf8_lossy(text).contains(ONLY_SHARED);
    let separable = match (&there, &here) {
        (Ok(there), Ok(here)) if !there.is_empty() => level(there) == level(&here.stdout),
        _ => false,
    };
    if !separable {
        eprintln!("namespaces are refused here: the host is compared in the open");
    }
    separable
}

/// What `doctor` says where the level of namespaces is missing.
const ONLY_SHARED: &str = "shared level is used instead";

/// What could be left on a host.
#[derive(Debug)]
pub struct Host(BTreeSet<String>);

impl Host {
    /// What there is now.
    pub fn look() -> Self {
        let lines = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let ids = |name: &str| {
            let table = lines(&format!("/proc/sysvipc/{name}"));
            let rows = table.lines().skip(1).map(|row| {
                let columns: Vec<_> = row.split_whitespace().take(2).collect();
                format!("{name} key {} id {}", columns[0], columns[1])
            });
            rows.collect::<Vec<_>>()
        };
        let names = |folder: &str| {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            let names = entries.map(|entry| entry.path().display().to_string());
            // Folders that tests themselves hold at this moment.
            names
                .filter(|name| !name.starts_with("/tmp/.tmp"))
                .collect::<Vec<_>>()
        };
        let mounts = lines("/proc/self/mounts");
        let all = mounts.lines().map(str::to_owned);
        let all = all.chain(["shm", "sem", "msg"].into_iter().flat_map(ids));
        Self(
            all.chain(["/tmp", "/dev/shm"].into_iter().flat_map(names))
                .collect(),
        )
    }

    /// What there is now and was not then; alone, also what was there and is not.
    fn changes(&self) -> BTreeSet<String> {
        let now = Self::look();
        let added: BTreeSet<_> = now.0.difference(&self.0).cloned().collect();
        if env::var_os(INSIDE).is_none() {
            // In the open, what others take away says nothing.
            return added;
        }
        let gone: BTreeSet<_> = self.0.difference(&now.0).cloned().collect();
        added.union(&gone).cloned().collect()
    }

    /// Waits until nothing of what has changed by now is there any longer: a neighbour's compiler puts files into `/tmp`
    /// and takes them away again, and what we left would stay.
    pub fn is_as_before(&self, when: &str) {
        let changed = self.changes();
        eventually(&format!("{when}, {changed:?} is gone"), || {
            changed.is_disjoint(&self.changes())
        });
    }
}

/// Processes that run our executable or a program called `sleeps_for_ever`.
pub fn ours() -> Vec<String> {
    let tool = assert_cmd::cargo::cargo_bin!("ipclab");
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let ours = processes.filter_map(|entry| {
        let path = entry.path();
        entry.file_name().to_str()?.parse::<u32>().ok()?;
        let name = fs::read_to_string(path.join("comm")).ok()?;
        let ours = fs::read_link(path.join("exe")).is_ok_and(|exe| exe == tool);
        (ours || name.starts_with("sleeps_for_ever"))
            .then(|| format!("{}: {}", path.display(), name.trim()))
    });
    ours.collect()
}

/// Waits for something that is about to happen: another process's end.
pub fn eventually(what: &str, so: impl Fn() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "{what}: {:?}",
            ours()
        );
        std::thread::yield_now();
    }
}

/// The levels that this machine has: where namespaces are refused, the other one alone.
pub fn levels(workdir: &Workdir) -> Vec<&'static str> {
    let doctor = workdir.ipclab().arg("doctor").output().unwrap();
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    let refused = said.contains(ONLY_SHARED);
    if refused {
        vec!["shared"]
    } else {
        vec!["namespaces", "shared"]
    }
}
