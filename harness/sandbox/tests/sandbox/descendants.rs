//! Every process that an actor made is traced, is listed when it was left, and is dead afterwards.

use std::fs;

use ipclab_evidence::{Ended, Exit, Level, Protocol};

use crate::bench::{
    Adjust, PORT, Seen, Test, both, endpoint, own, plan, ready, run, shared_with_landlock, student,
    trusted, waits,
};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (line, code, processes) in [
        ("generations 5", 5, 6),
        ("outrun", 0, 41),
        ("many-threads", 0, 201),
        ("vforks", 0, 21),
    ] {
        tests.push(both(line.replace(' ', "_"), move |level| {
            let seen = one(level, line);
            assert_eq!(seen.actor("one").exit, Exit::Code(code));
            assert_eq!(seen.actor("one").processes, processes);
            assert_no_process_left(&seen);
        }));
    }
    tests.push(both("orphan_daemon_dies_with_the_box", |level| {
        let plan = plan([
            student("one", &marked("daemon", level)).ready(endpoint(Protocol::Tcp)),
            student("two", "descendants pid").after(ready("one")),
        ]);
        let seen = run(level, &plan);
        seen.all_well();
        assert_eq!(seen.actor("one").processes, 3);
        let left = &seen.leftovers.processes;
        assert_eq!(left.len(), 1, "{left:?}");
        assert_eq!(
            (left[0].actor, left[0].first, left[0].name.as_str()),
            (0, false, mark(level, "daemon").as_str())
        );
        let wait = left[0].wait.as_ref().expect("it waits");
        assert_eq!((wait.call.as_str(), wait.timed), ("accept", false));
        assert_eq!(seen.leftovers.ports.len(), 1);
        assert_eq!(seen.leftovers.ports[0].actor, Some(0));
        assert_eq!(
            seen.leftovers.ports[0].address.to_string(),
            format!("127.0.0.1:{PORT}")
        );
        assert!(!alive_on_host(&mark(level, "daemon")));
    }));
    tests.push(both("stubborn_daemon_dies_with_the_box", |level| {
        let seen = run(level, &plan([student("one", &marked("stubborn", level))]));
        assert_eq!(seen.actor("one").exit, Exit::Code(0));
        let left = &seen.leftovers.processes;
        assert_eq!(left.len(), 1, "{left:?}");
        assert_eq!(left[0].name, mark(level, "stubborn"));
        assert!(!alive_on_host(&mark(level, "stubborn")));
    }));
    tests.push(both("computing_orphan_is_ended_by_its_limit", |level| {
        let mut plan = plan([student("one", &marked("orphan-computes", level))]);
        plan.limits.cpu_ms = 300;
        let seen = run(level, &plan);
        assert_eq!(seen.ended, Ended::LimitHit { actor: 0 });
        assert_eq!(seen.actor("one").exit, Exit::Code(0));
        assert!(!alive_on_host(&mark(level, "orphan-computes")));
    }));
    tests.push(both("orphan_says_its_last_line", |level| {
        let seen = one(level, "orphan-ends");
        assert_eq!(seen.actor("one").exit, Exit::Code(0));
        assert_eq!(seen.out("one"), "last line of an orphan\n");
        assert_no_process_left(&seen);
    }));
    tests.push(both("grandchild_that_holds_the_terminal", |level| {
        let seen = one(level, "holds-output");
        assert_eq!(seen.out("one"), "parent\n");
        assert_eq!(seen.leftovers.processes.len(), 1);
    }));
    tests.push(both("storm_of_forks", |level| {
        let mut plan = plan([student("one", "descendants storm")]);
        plan.limits.processes = 1_000;
        let seen = run(level, &plan);
        seen.all_well();
        assert_eq!(seen.out("one"), "200\n");
        assert_eq!(seen.actor("one").processes, 201);
        assert_no_process_left(&seen);
    }));
    tests.push(both("exec_while_threads_fork", |level| {
        let mut plan = plan([student("one", "descendants exec-in-a-storm 8")]);
        plan.limits.processes = 1_000;
        let seen = run(level, &plan);
        assert_eq!(seen.actor("one").exit, Exit::Code(0));
        assert_eq!(seen.ended, Ended::AllExited);
    }));
    tests.push(both("shells_and_their_children", |level| {
        let seen = one(level, "spawns");
        seen.all_well();
        assert_no_process_left(&seen);
    }));
    tests.push(both("threads_share_what_is_their_process_s", |level| {
        let seen = one(level, "threads-send");
        seen.all_well();
        let mut moved = seen.moved("one");
        moved.sort_unstable();
        assert_eq!(
            moved,
            [
                "received 1 t from one",
                "received 1 t from one",
                "received 1 t from one",
                "sent 1 t to one",
                "sent 1 t to one",
                "sent 1 t to one"
            ]
        );
        let pid = seen.actor("one").pid;
        assert!(seen.trace.iter().all(|call| Some(call.pid) == pid));
    }));
    tests.push(both("signal_to_its_own_group_reaches_its_own", |level| {
        let seen = one(level, "kill-group");
        assert!(matches!(
            seen.actor("one").exit,
            Exit::Signal { signal: 15, .. }
        ));
        assert_no_process_left(&seen);
    }));
    tests.push(own("kill_all_reaches_nobody_else", |level| {
        let plan = plan([
            trusted("peer", "descendants wait-here").ready(endpoint(Protocol::Tcp)),
            student("one", "descendants kill-all").after(ready("peer")),
        ]);
        let seen = run(level, &plan);
        assert_eq!(seen.actor("one").exit, Exit::Code(0));
        assert_eq!(seen.out("one"), "kill: No such process\n");
        // The peer is where it was.
        assert!(matches!(seen.actor("peer").exit, Exit::Running { .. }));
    }));
    tests.push(own("kill_first_reaches_nobody", |level| {
        let seen = one(level, "kill-first");
        seen.all_well();
        // Where the tool has one id only, the first process has the same user and the call succeeds: the kernel then
        // keeps the signal from it, since it is the first of its namespace.
        let one_id_only = !nix::unistd::geteuid().is_root();
        let said = if one_id_only {
            "kill 1: done\n"
        } else {
            "kill 1: Operation not permitted\n"
        };
        assert_eq!(seen.out("one"), said);
    }));
    tests.push(shared_with_landlock("kill_first_reaches_nobody", |level| {
        let seen = one(level, "kill-first");
        seen.all_well();
        assert_eq!(
            seen.out("one"),
            "kill 1: Operation not permitted\nkill parent: Operation not permitted\n"
        );
    }));
    tests.push(both(
        "daemon_is_waited_for_though_its_parent_is_gone",
        |level| {
            let plan = plan([
                student("one", "descendants daemon other").ready(endpoint(Protocol::Tcp)),
                student("two", "readiness call tcp").after(waits("one")),
            ]);
            let seen = run(level, &plan);
            seen.all_well();
            assert_no_process_left(&seen);
        },
    ));
    tests.push(both("daemon_that_serves_nothing_starts_nobody", |level| {
        let plan = plan([
            student("one", "descendants stubborn other").ready(endpoint(Protocol::Tcp)),
            student("two", "descendants pid").after(ready("one")),
        ]);
        let seen = run(level, &plan);
        seen.stuck_in(&["one pause"]);
        assert_eq!(seen.actor("two").exit, Exit::NotStarted);
    }));
    tests.push(own("the_first_pid_is_the_same_every_time", |level| {
        let seen = one(level, "pid");
        let pid = seen.actor("one").pid.expect("it started");
        assert_eq!(seen.out("one"), format!("{pid}\n"));
        assert_eq!(one(level, "pid").actor("one").pid, Some(pid));
    }));
    tests
}

fn one(level: Level, act: &str) -> Seen {
    run(
        level,
        &plan([student("one", &format!("descendants {act}"))]),
    )
}

/// A name that no other process of the machine has, `comm` being 15 bytes long.
fn mark(level: Level, act: &str) -> String {
    format!("l{}{}{}", std::process::id(), &act[..2], &level.name()[..1])
}

fn marked(act: &str, level: Level) -> String {
    format!("descendants {act} {}", mark(level, act))
}

fn assert_no_process_left(seen: &Seen) {
    assert_eq!(seen.leftovers.processes, []);
    assert_eq!(seen.ended, Ended::AllExited);
}

/// Whether the host has a process of that name.
fn alive_on_host(name: &str) -> bool {
    let Ok(entries) = fs::read_dir("/proc") else {
        return false;
    };
    entries.flatten().any(|entry| {
        fs::read_to_string(entry.path().join("comm")).is_ok_and(|comm| comm.trim() == name)
    })
}
