//! How a program ended: its status, its signal with the call that it came in, or that it never began.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use ipclab_evidence::{Ended, Exit, Level, Object};
use ipclab_sandbox::executables;

use crate::bench::{Adjust, Seen, Test, both, exits, plan, programs, run, student};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (line, code) in [
        ("exits code 0", 0),
        ("exits code 1", 1),
        ("exits code 42", 42),
        ("exits code 255", 255),
        ("exits code 256", 0),
        ("exits code -1", 255),
        ("exits at-once 42", 42),
        ("exits bad-pointer", 3),
        ("exits thread-exits", 5),
        ("exits leader-leaves", 7),
        ("exits thread-execs", 9),
        ("exits chain 5", 11),
        ("exits shell", 13),
        ("exits script", 6),
        ("exits exec-fails", 8),
        ("exits handled", 10),
        ("void_main", 21),
        ("static pair", 4),
    ] {
        tests.push(both(line.replace(' ', "_"), move |level| {
            let seen = run(level, &plan([student("one", line)]));
            assert_eq!(seen.actor("one").exit, Exit::Code(code));
            assert_eq!(seen.ended, Ended::AllExited);
        }));
    }
    for (line, signal, name, call) in [
        ("exits segv", 11, "SIGSEGV", None),
        ("exits stack", 11, "SIGSEGV", None),
        ("exits segv-after-send", 11, "SIGSEGV", None),
        ("exits thread-crashes", 11, "SIGSEGV", None),
        ("exits fpe", 8, "SIGFPE", None),
        ("exits ill", 4, "SIGILL", None),
        ("exits abort", 6, "SIGABRT", None),
        ("exits raise 15", 15, "SIGTERM", None),
        ("exits raise 9", 9, "SIGKILL", None),
        ("exits raise 2", 2, "SIGINT", None),
        ("exits raise 34", 34, "SIG34", None),
        ("exits broken-pipe send", 13, "SIGPIPE", Some("sendto")),
        ("exits broken-pipe write", 13, "SIGPIPE", Some("write")),
        ("exits broken-plain-pipe", 13, "SIGPIPE", Some("write")),
        ("exits killed-in-recv 15", 15, "SIGTERM", Some("recvfrom")),
        ("exits killed-in-recv 10", 10, "SIGUSR1", Some("recvfrom")),
        ("exits killed-in-recv 9", 9, "SIGKILL", Some("recvfrom")),
    ] {
        tests.push(both(line.replace(' ', "_"), move |level| {
            let seen = run(level, &plan([student("one", line)]));
            let expected = Exit::Signal {
                signal,
                name: name.to_owned(),
                call: call.map(str::to_owned),
            };
            assert_eq!(seen.actor("one").exit, expected);
            assert_eq!(seen.ended, Ended::AllExited);
        }));
    }
    for (name, errno, make) in [
        ("missing", "ENOENT", None),
        ("no_format", "ENOEXEC", Some(("\x01\x02\x03\x04", 0o755))),
        ("empty", "ENOEXEC", Some(("", 0o755))),
        (
            "no_interpreter",
            "ENOENT",
            Some(("#!/no/such/interpreter\n", 0o755)),
        ),
    ] {
        tests.push(both(format!("not_executed_{name}"), move |level| {
            let seen = odd_program(level, name, make);
            assert_eq!(seen.actor("one").exit, Exit::NotExecuted(errno.to_owned()));
            assert!(!seen.actor("one").ready);
            assert_eq!(seen.ended, Ended::AllExited);
        }));
    }
    for (how, on_sigterm) in [("exits", Some(15)), ("dies", None), ("ignores", None)] {
        tests.push(both(
            format!("running_and_{how}_on_sigterm"),
            move |level| {
                let seen = run(
                    level,
                    &plan([student("one", &format!("exits asked {how}"))]),
                );
                let Exit::Running {
                    wait: Some(wait),
                    on_sigterm: seen_sigterm,
                } = &seen.actor("one").exit
                else {
                    panic!("{:?}", seen.actor("one").exit)
                };
                assert_eq!(wait.call, "accept");
                assert_eq!(wait.object, Some(Object::Socket(0)));
                assert_eq!(*seen_sigterm, on_sigterm);
            },
        ));
    }
    tests.push(both("what_is_open_at_exit", |level| {
        let open = |seen: &Seen| -> Vec<Object> {
            let open = &seen.actor("one").open_at_exit;
            open.iter().map(|open| open.object.clone()).collect()
        };
        let seen = run(level, &plan([student("one", "exits open-files")]));
        seen.all_well();
        let found = open(&seen);
        assert_eq!(found.len(), 4, "{found:?}");
        assert_eq!(found[0], Object::File("/dev/null".into()));
        assert_eq!(found[1], Object::Socket(0));
        // The copy of stdout took the number of the pipe's end that was closed.
        assert_eq!(found[2], Object::Standard(1));
        assert!(matches!(&found[3], Object::Other(name) if name.starts_with("pipe:")));
        assert_eq!(
            open(&run(level, &plan([student("one", "exits close-files")]))),
            []
        );
    }));
    tests.push(both("exits_in_the_order_that_was_asked_for", |level| {
        let plan = plan([
            student("one", "exits code 1"),
            student("two", "exits raise 11").after(exits("one")),
            student("three", "exits code 3").after(exits("two")),
        ]);
        let seen = run(level, &plan);
        assert_eq!(seen.actor("three").exit, Exit::Code(3));
        assert!(matches!(
            seen.actor("two").exit,
            Exit::Signal { signal: 11, .. }
        ));
    }));
    tests
}

/// Runs a file that is no program.
fn odd_program(level: Level, name: &str, make: Option<(&str, u32)>) -> Seen {
    // A name of its own for each level, whose tests may run at the same time.
    let name = format!("odd_{name}_{}", level.name());
    let path = programs().join(&name);
    if let Some((text, mode)) = make {
        executables::write(|| fs::write(&path, text)).expect("writing");
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("changing the mode");
    }
    run(level, &plan([student("one", &name)]))
}
