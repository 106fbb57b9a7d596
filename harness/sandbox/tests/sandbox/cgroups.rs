//! Where a cgroup of version 2 is delegated, the kernel counts what all processes of an actor take together.
//!
//! Elsewhere these say that they were left out, and why. To have one, start the tests' executable itself, since no other
//! process may live in the cgroup that is divided: `systemd-run --user --scope -p Delegate=yes target/debug/deps/sandbox-... cgroups`.

use std::fs;
use std::path::{Path, PathBuf};

use ipclab_evidence::{Ended, Exit, LimitHit, LimitKind, Limits};

use crate::bench::{Test, counted_by_cgroups, plan, run, student};

const MEMORY: LimitHit = LimitHit {
    kind: LimitKind::Memory,
    limit: 48,
};

/// More room in files than memory.
fn roomy() -> Limits {
    Limits {
        memory_mib: MEMORY.limit,
        file_mib: 300,
        processes: 20,
        wall_ms: 60_000,
        cpu_ms: 60_000,
        ..Limits::default()
    }
}

pub(crate) fn tests() -> Vec<Test> {
    vec![
        counted_by_cgroups("whatever_an_actor_does_is_counted", |level| {
            let seen = run(
                level,
                &plan([
                    student("one", "exits code 3"),
                    student("two", "exits code 3"),
                ]),
            );
            assert_eq!(seen.isolation.counted_by, "cgroup v2");
            for actor in &seen.actors {
                let counted = actor.counted.expect("it was counted");
                assert_eq!((counted.out_of_memory, counted.refused_processes), (0, 0));
                assert!(
                    counted
                        .memory_peak_kib
                        .is_none_or(|peak| peak > 0 && peak < 48 << 10)
                );
                assert!(
                    counted.processes_peak.is_none_or(|peak| peak == 1),
                    "{counted:?}"
                );
            }
        }),
        // A file in memory belongs to no process: no rlimit sees it, and none of its writers is large.
        counted_by_cgroups("files_in_memory_are_counted", |level| {
            let mut plan = plan([
                student("idle", "leftovers serve"),
                student("one", "limits file /tmp/ipclab_test_large"),
            ]);
            plan.limits = roomy();
            let seen = run(level, &plan);
            assert_eq!(seen.ended, Ended::LimitHit { actor: 1 });
            assert_eq!(seen.actor("one").exit, Exit::Stopped(MEMORY));
            assert_eq!(seen.actor("one").limits, [MEMORY]);
            let counted = seen.actor("one").counted.expect("it was counted");
            assert!(counted.out_of_memory > 0, "{counted:?}");
            assert!(
                counted
                    .memory_peak_kib
                    .is_none_or(|peak| peak > MEMORY.limit << 10)
            );
            // The other one has a cgroup of its own, and is none the worse for it.
            assert!(matches!(seen.actor("idle").exit, Exit::Running { .. }));
            assert_eq!(seen.actor("idle").limits, []);
        }),
        // A program that asks is refused, as everywhere else, and not killed.
        counted_by_cgroups("who_asks_for_memory_is_refused", |level| {
            let mut plan = plan([student("one", "limits memory")]);
            plan.limits = roomy();
            let seen = run(level, &plan);
            assert_eq!(seen.actor("one").exit, Exit::Code(7));
            assert_eq!(seen.actor("one").limits, [MEMORY]);
            assert_eq!(seen.actor("one").counted.expect("counted").out_of_memory, 0);
        }),
        // Untraced, as a build is: no tracer sees the call that is refused.
        counted_by_cgroups("refused_processes_are_counted", |level| {
            let mut plan = plan([student("one", "limits polite-forks")]);
            plan.limits = roomy();
            plan.traced = false;
            let seen = run(level, &plan);
            assert_eq!(seen.actor("one").exit, Exit::Code(7));
            let hit = LimitHit {
                kind: LimitKind::Processes,
                limit: 20,
            };
            assert_eq!(seen.actor("one").limits, [hit]);
            let counted = seen.actor("one").counted.expect("it was counted");
            assert_eq!(counted.refused_processes, 1);
            assert!(
                counted.processes_peak.is_none_or(|peak| peak == 20),
                "{counted:?}"
            );
        }),
    ]
}

/// Cgroups of ours that are left below the one that these tests run in.
pub(crate) fn left() -> Vec<PathBuf> {
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let path = own.lines().find_map(|line| line.strip_prefix("0::/"));
    let Some(path) = path else { return Vec::new() };
    let entries = fs::read_dir(Path::new("/sys/fs/cgroup").join(path));
    let entries = entries.into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("ipclab-"))
        .map(|entry| entry.path())
        .collect()
}
