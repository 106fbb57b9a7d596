//! `shm_counter`, as a program.

use std::fs;

use crate::world::{run, segments, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use predicates::str::{contains, starts_with};

/// Semaphore sets that there are.
fn sets() -> usize {
    let table = fs::read_to_string("/proc/sysvipc/sem").expect("the table of semaphores");
    table.lines().skip(1).count()
}

fn nothing_is_left() {
    assert_eq!((segments().len(), sets()), (0, 0));
}

in_a_world! {
    fn it_counts_exactly(world) {
        for (workers, times, expect) in [
            ("1", "1", "counter: 1\n"),
            ("2", "3", "counter: 6\n"),
            ("8", "500", "counter: 4000\n"),
            ("16", "20", "counter: 320\n"),
        ] {
            world.run("shm_counter", &[workers, times], "").success().stdout(expect).stderr("");
            nothing_is_left();
        }
    }

    fn what_is_no_number_is_refused(world) {
        for args in [
            &[][..],
            &["2"],
            &["2", "3", "4"],
            &["0", "3"],
            &["17", "3"],
            &["2", "0"],
            &["2", "100001"],
            &["-1", "3"],
            &["+2", "3"],
            &["2", "3x"],
            &["x", "3"],
            &["", "3"],
            &["99999999999", "3"],
        ] {
            let expect = "usage: shm_counter NPROC NITER (1 to 16, 1 to 100000)\n";
            world.run("shm_counter", args, "").code(1).stdout("").stderr(expect);
            nothing_is_left();
        }
    }

    fn each_call_that_fails_is_named_and_nothing_is_left(world) {
        for (what, expect) in [
            ("shmget:error=ENOSPC", "shmget: No space left on device\n"),
            ("shmat:error=ENOMEM", "shmat: Cannot allocate memory\n"),
            ("semget:error=ENOSPC", "semget: No space left on device\n"),
            ("semctl:error=EACCES:when=1", "semctl: Permission denied\n"),
            ("clone:error=EAGAIN", "fork: Resource temporarily unavailable\n"),
        ] {
            if let Some(command) = world.injected(what, "shm_counter", &["3", "4"]) {
                run(command, "").code(1).stdout("").stderr(expect);
                nothing_is_left();
            }
        }
    }

    fn a_later_worker_that_cannot_be_made_does_not_orphan_the_first(world) {
        let what = "clone:error=EAGAIN:when=2";
        if let Some(command) = world.injected(what, "shm_counter", &["3", "4"]) {
            let expect = "fork: Resource temporarily unavailable\n";
            run(command, "").code(1).stdout("").stderr(expect);
            nothing_is_left();
        }
    }

    fn a_parent_that_is_told_to_end_leaves_nothing(world) {
        for signal in [Signal::SIGTERM, Signal::SIGINT] {
            let counter = world.start("shm_counter", &["4", "100000"]);
            until("segment and set are there", || (segments().len(), sets()) == (1, 1));
            counter.signal(signal);
            counter.finish().code(1).stdout("").stderr(contains(format!("ended by {signal}")));
            nothing_is_left();
        }
    }

    fn a_worker_that_is_killed_keeps_nobody_waiting(world) {
        let counter = world.start("shm_counter", &["4", "100000"]);
        let workers = || -> Vec<i32> {
            let path = format!("/proc/{0}/task/{0}/children", counter.pid());
            let children = fs::read_to_string(path).unwrap_or_default();
            children.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
        };
        until("there are workers", || workers().len() == 4);
        kill(Pid::from_raw(workers()[1]), Signal::SIGKILL).expect("kill");
        counter.finish().code(1).stdout("").stderr(starts_with("worker: process"));
        nothing_is_left();
    }
}
