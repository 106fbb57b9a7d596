//! The box that a keeper has made ahead: it ends with its keeper and its sandbox, and another takes its place when it is
//! killed while it waits.
//!
//! Each test plays in a process of its own, whose only child is the keeper and whose only grandchild is the waiting box.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use ipclab_evidence::{Exit, Level};
use ipclab_sandbox::{LevelChoice, Sandbox};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::bench::{Test, both, plan, student};

/// The first argument of such a process.
const SUBPROCESS_FLAG: &str = "__alone";

/// Longer than any machine is busy.
const TIMEOUT: Duration = Duration::from_secs(60);

type SubprocessTest = fn(Sandbox);

const SUBPROCESS_TESTS: [(&str, SubprocessTest); 4] = [
    ("one_that_was_killed_is_replaced", killed),
    ("it_goes_with_its_sandbox", dropped),
    ("it_goes_with_its_keeper", orphaned),
    (
        "a_sandbox_beside_another_has_none_before_its_first_plan",
        beside,
    ),
];

pub(crate) fn tests() -> Vec<Test> {
    SUBPROCESS_TESTS
        .map(|(name, _)| {
            both(name, move |level| {
                let exe = std::env::current_exe().expect("our own path");
                let subprocess = Command::new(exe)
                    .args([SUBPROCESS_FLAG, name, level.name()])
                    .output()
                    .expect("our own executable starts");
                let said = String::from_utf8_lossy(&subprocess.stderr);
                assert!(subprocess.status.success(), "{said}");
            })
        })
        .into()
}

/// Runs one of the tests, when this process was started for that.
pub(crate) fn run_subprocess_test(args: &[OsString]) -> Option<ExitCode> {
    let [_, flag, name, level] = args else {
        return None;
    };
    let (_, test) = SUBPROCESS_TESTS
        .iter()
        .find(|(test, _)| flag == SUBPROCESS_FLAG && name == OsStr::new(test))?;
    let choice = match level == Level::Namespaces.name() {
        true => LevelChoice::Namespaces,
        false => LevelChoice::Shared,
    };
    test(Sandbox::start(choice).expect("a sandbox"));
    Some(ExitCode::SUCCESS)
}

fn killed(mut sandbox: Sandbox) {
    work(&mut sandbox);
    let first = only_child(only_child(Pid::this()));
    kill(first, Signal::SIGKILL).expect("it lives");
    wait_until(|| state(first) == Some('Z'));
    work(&mut sandbox);
    assert_eq!(state(first), None, "it was reaped");
}

fn dropped(mut sandbox: Sandbox) {
    work(&mut sandbox);
    let keeper = only_child(Pid::this());
    let waiting = only_child(keeper);
    drop(sandbox);
    assert_eq!((state(keeper), state(waiting)), (None, None));
}

fn orphaned(mut sandbox: Sandbox) {
    work(&mut sandbox);
    let keeper = only_child(Pid::this());
    let waiting = only_child(keeper);
    kill(keeper, Signal::SIGKILL).expect("it lives");
    // The process that adopts it may take its time to reap it.
    wait_until(|| matches!(state(waiting), None | Some('Z')));
}

fn beside(mut sandbox: Sandbox) {
    let mut other = sandbox.beside();
    work(&mut sandbox);
    assert!(other.is_alive());
    assert_eq!(children(Pid::this()).len(), 1, "one keeper is enough");
    work(&mut other);
    assert_eq!(children(Pid::this()).len(), 2);
    other.release();
    drop(other);
    assert_eq!(children(Pid::this()).len(), 1);
}

/// Runs something that works in every box.
fn work(sandbox: &mut Sandbox) {
    let mut actor = student("true", "true");
    if let ipclab_evidence::Run::Program { path, .. } = &mut actor.run {
        *path = "/usr/bin/true".into();
    }
    let mut plan = plan([]);
    plan.actors.push(actor);
    let evidence = sandbox.run(&plan).expect("evidence");
    assert_eq!(evidence.actors[0].exit, Exit::Code(0));
}

/// The child of a process that has one, as soon as that is all it has.
fn only_child(parent: Pid) -> Pid {
    let mut found = None;
    wait_until(|| {
        let mut all = children(parent);
        found = all.pop();
        all.is_empty() && found.is_some()
    });
    found.expect("a child")
}

/// All children, whichever of its threads made them.
fn children(parent: Pid) -> Vec<Pid> {
    let tasks = Path::new("/proc").join(parent.to_string()).join("task");
    let Ok(tasks) = std::fs::read_dir(tasks) else {
        return Vec::new();
    };
    tasks
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|text| {
            text.split_whitespace()
                .filter_map(|pid| pid.parse().ok().map(Pid::from_raw))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// The letter of `proc_pid_stat(5)`; `None` when there is no such process any more.
fn state(pid: Pid) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(") ").next()?.chars().next()
}

fn wait_until(mut what: impl FnMut() -> bool) {
    let began = Instant::now();
    while !what() {
        assert!(began.elapsed() < TIMEOUT, "waited in vain");
        std::thread::sleep(Duration::from_millis(2));
    }
}
