//! What the sandbox refuses a program is part of the evidence: each call by its name, and how often.

use ipclab_evidence::{Exit, LimitKind};

use crate::bench::{Seen, Test, both, plan, run, student};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        both("a_copy_by_splice_is_refused_by_name", |level| {
            let seen = run(level, &plan([student("one", "refused copies")]));
            seen.all_well();
            let refused = "splice Function not implemented\n";
            assert_eq!(seen.out("one"), format!("{}hello\n", refused.repeat(3)));
            assert_eq!(refusals(&seen), ["3 splice ENOSYS"]);
        }),
        both("ways_out_are_refused_by_name", |level| {
            let seen = run(level, &plan([student("one", "refused ways")]));
            seen.all_well();
            assert_eq!(
                seen.out("one"),
                "affinity Operation not permitted\npacket Address family not supported by protocol\n\
                 dumpable Operation not permitted\nname done\n"
            );
            assert_eq!(
                refusals(&seen),
                [
                    "1 sched_setaffinity EPERM",
                    "1 socket EAFNOSUPPORT",
                    "1 prctl EPERM"
                ]
            );
        }),
        both("threads_and_children_are_not_refused", |level| {
            let seen = run(level, &plan([student("one", "refused usual")]));
            seen.all_well();
            assert!(refusals(&seen).is_empty(), "{:?}", refusals(&seen));
        }),
        // It is no way to keep the tracer busy for longer than by other calls.
        both("asking_without_end_is_counted", |level| {
            let mut plan = plan([student("one", "refused asks")]);
            plan.limits.calls = 2_000;
            let seen = run(level, &plan);
            let one = seen.actor("one");
            assert!(
                matches!(&one.exit, Exit::Stopped(hit) if hit.kind == LimitKind::Calls),
                "{:?}",
                one.exit
            );
            assert_eq!(one.refused.len(), 1);
        }),
    ]
}

fn refusals(seen: &Seen) -> Vec<String> {
    let refused = &seen.actor("one").refused;
    let line = |one: &ipclab_evidence::Refusal| format!("{} {} {}", one.count, one.call, one.errno);
    refused.iter().map(line).collect()
}
