//! The host before and after.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use super::Desk;

/// What could be left on a host.
#[derive(Debug)]
pub struct Host {
    ipc: BTreeSet<String>,
    files: BTreeSet<String>,
    mounts: BTreeSet<String>,
}

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
        Self {
            ipc: ["shm", "sem", "msg"].into_iter().flat_map(ids).collect(),
            files: ["/tmp", "/dev/shm"].into_iter().flat_map(names).collect(),
            mounts: lines("/proc/self/mounts")
                .lines()
                .map(str::to_owned)
                .collect(),
        }
    }
}

impl Host {
    /// What is there now and was not then. Files that vanish from `/tmp` say nothing: it belongs to everybody.
    fn changes(&self) -> BTreeSet<String> {
        let now = Self::look();
        let added = now.files.difference(&self.files);
        let mounts = now.mounts.symmetric_difference(&self.mounts);
        let ipc = now.ipc.symmetric_difference(&self.ipc);
        added.chain(mounts).chain(ipc).cloned().collect()
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
pub fn levels(desk: &Desk) -> Vec<&'static str> {
    let doctor = desk.ipclab().arg("doctor").output().unwrap();
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    let refused = said.contains("shared level is used instead");
    if refused {
        vec!["shared"]
    } else {
        vec!["namespaces", "shared"]
    }
}
