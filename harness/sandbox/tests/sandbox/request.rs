//! Calls that are recorded and changed because the plan asks for them: all of the program's own, and none of its loader's.

use ipclab_evidence::{DescriptorKind, Occurrence, OpenOn, Plan, Tamper, TamperAction};

use crate::bench::{Seen, Test, both, plan, run, student};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for program in ["request", "request_static"] {
        let seen_of = move |name: &str, act: &str, calls: &[&str], expect: &[&str]| {
            let (line, calls) = (format!("{program} {act}"), owned(calls));
            let expect = owned(expect);
            both(format!("{program}_{name}"), move |level| {
                let seen = run(level, &asking(&line, &calls));
                seen.all_well();
                assert_eq!(requested(&seen), expect);
            })
        };
        tests.extend([
            // The loader reads the libraries, and a static program sets itself up.
            seen_of(
                "reads_are_the_programs_own",
                "streams",
                &["read"],
                &["read", "read"],
            ),
            seen_of(
                "numbers_are_asked_for",
                "numbers",
                &["getpid"],
                &["getpid", "getpid"],
            ),
            seen_of(
                "memory_is_the_programs_own",
                "pipes",
                &["mmap", "mprotect"],
                &[],
            ),
            seen_of(
                "openings_are_the_programs_own",
                "numbers",
                &["openat", "close"],
                &[],
            ),
            seen_of(
                "the_end_is_a_call",
                "numbers",
                &["exit_group"],
                &["exit_group"],
            ),
            seen_of("nothing_is_recorded_unasked", "numbers", &[], &[]),
        ]);
    }
    // A dynamic program begins before main(): what it does there is its own.
    tests.push(both("a_constructor_is_the_programs_own", |level| {
        let seen = run(level, &asking("request numbers", &owned(&["umask"])));
        assert_eq!(requested(&seen), ["umask"]);
    }));
    tests.push(both("a_call_on_request_can_fail", |level| {
        let mut plan = asking("request pipes", &owned(&["pipe", "pipe2"]));
        plan.tampers
            .push(tamper("pipe", None, Occurrence::Nth(2), "EMFILE"));
        let seen = run(level, &plan);
        seen.all_well();
        assert_eq!(seen.out("one"), "0 Too many open files 0 \n");
    }));
    // What fails from some call on fails again when the program tries again.
    tests.push(both("a_fault_can_last", |level| {
        for (occurrence, out) in [
            (Occurrence::Nth(2), "0 Too many open files 0 \n"),
            (
                Occurrence::From(2),
                "0 Too many open files Too many open files \n",
            ),
        ] {
            let mut plan = asking("request pipes", &owned(&["pipe", "pipe2"]));
            plan.tampers
                .push(tamper("pipe", None, occurrence, "EMFILE"));
            assert_eq!(run(level, &plan).out("one"), out);
        }
    }));
    // Two calls are one fault, and counted together: a write comes before the first read.
    tests.push(both("a_fault_can_mean_several_calls", |level| {
        for (or, out) in [
            (vec![], "6 6 6 Input/output error \n"),
            (owned(&["write"]), "6 Input/output error 6 6 \n"),
        ] {
            let mut plan = asking("request streams", &owned(&["read", "write"]));
            plan.tampers.push(Tamper {
                or,
                ..tamper("read", None, Occurrence::Nth(2), "EIO")
            });
            assert_eq!(run(level, &plan).out("one"), out);
        }
    }));
    for program in ["request", "request_static"] {
        tests.push(both(
            format!("{program}_counts_from_its_beginning"),
            move |level| {
                let mut plan = asking(&format!("{program} streams"), &owned(&["read"]));
                plan.tampers
                    .push(tamper("read", None, Occurrence::Nth(1), "EIO"));
                let seen = run(level, &plan);
                assert_eq!(seen.out("one"), "6 Input/output error 6 6 \n");
            },
        ));
    }
    for (kind, errno, out) in [
        (DescriptorKind::File, "EIO", "6 Input/output error 6 6 \n"),
        (
            DescriptorKind::Pipe,
            "EINTR",
            "6 6 6 Interrupted system call \n",
        ),
        (DescriptorKind::Terminal, "EIO", "6 6 6 6 \n"),
        (DescriptorKind::Socket, "EIO", "6 6 6 6 \n"),
    ] {
        let name = format!("a_fault_on_a_{}_meets_no_other", kind.name());
        tests.push(both(name, move |level| {
            let mut plan = asking("request streams", &owned(&["read"]));
            plan.tampers
                .push(tamper("read", Some(kind), Occurrence::Every, errno));
            let seen = run(level, &plan);
            seen.all_well();
            assert_eq!(seen.out("one"), out);
        }));
    }
    // An interpreter reads files of its own before it reads that of the case.
    tests.push(both("a_fault_on_a_path_meets_no_other_file", |level| {
        let mut plan = asking("request two_files", &owned(&["read"]));
        plan.tampers.push(Tamper {
            on: Some(OpenOn::Path("/tmp/request_two".to_owned())),
            ..tamper("read", None, Occurrence::Every, "EIO")
        });
        let seen = run(level, &plan);
        seen.all_well();
        assert_eq!(seen.out("one"), "4 Input/output error \n");
    }));
    // Nothing interrupts a read of a plain file, by whatever name it is asked for.
    tests.push(both("a_fault_on_a_path_is_one_of_the_kernels", |level| {
        let mut plan = asking("request two_files", &owned(&["read"]));
        plan.tampers.push(Tamper {
            on: Some(OpenOn::Path("/tmp/request_two".to_owned())),
            ..tamper("read", None, Occurrence::Every, "EINTR")
        });
        let seen = run(level, &plan);
        assert_eq!(seen.out("one"), "4 4 \n");
    }));
    // The terminal is what stdout is.
    tests.push(both("what_is_printed_can_fail", |level| {
        let mut plan = asking("request pipes", &owned(&["write"]));
        let on = Some(DescriptorKind::Terminal);
        plan.tampers
            .push(tamper("write", on, Occurrence::Every, "EIO"));
        let seen = run(level, &plan);
        assert_eq!(seen.out("one"), "");
        assert_eq!(requested(&seen), ["write"]);
    }));
    // Nothing interrupts a read of a plain file, so that nothing does here.
    tests.push(both("what_the_kernel_never_does_is_not_done", |level| {
        let mut plan = asking("request streams", &owned(&["read"]));
        plan.tampers.push(Tamper {
            action: TamperAction::AtMost(2),
            ..tamper("read", None, Occurrence::Every, "")
        });
        let seen = run(level, &plan);
        assert_eq!(seen.out("one"), "6 6 6 2 \n");
    }));
    tests
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn asking(line: &str, calls: &[String]) -> Plan {
    let mut actor = student("one", line);
    actor.watched = calls.to_vec();
    plan([actor])
}

fn tamper(call: &str, on: Option<DescriptorKind>, occurrence: Occurrence, errno: &str) -> Tamper {
    Tamper {
        actor: "one".to_owned(),
        call: call.to_owned(),
        or: Vec::new(),
        on: on.map(OpenOn::Kind),
        everywhere: true,
        occurrence,
        action: TamperAction::Fail(errno.to_owned()),
    }
}

/// The calls that are recorded because they were asked for.
fn requested(seen: &Seen) -> Vec<&str> {
    let calls = seen.trace.iter().filter(|call| call.on_request);
    calls.map(|call| call.name.as_str()).collect()
}
