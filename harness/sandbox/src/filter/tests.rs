use super::*;
use crate::measures::LeftOut;

/// What nearly every actor has.
fn table() -> TraceScope {
    TraceScope::usual(LeftOut::default())
}

/// Runs the program as the kernel would, for one call.
fn decide(code: &[sock_filter], arch: u32, number: u32, args: [u32; 6]) -> u32 {
    decide_counting(code, arch, number, args, &mut 0)
}

fn decide_counting(
    code: &[sock_filter],
    arch: u32,
    number: u32,
    args: [u32; 6],
    steps: &mut u32,
) -> u32 {
    let (mut at, mut a) = (0, 0u32);
    loop {
        *steps += 1;
        let op = code[at];
        at += 1;
        let branch = |yes: bool| usize::from(if yes { op.jt } else { op.jf });
        match op.code {
            LOAD => {
                a = match op.k {
                    NUMBER => number,
                    ARCHITECTURE => arch,
                    k => args[(k as usize - 16) / 8],
                }
            }
            AND => a &= op.k,
            JUMP => at += op.k as usize,
            JUMP_EQUAL => at += branch(a == op.k),
            JUMP_AT_LEAST => at += branch(a >= op.k),
            JUMP_ANY_BIT => at += branch(a & op.k != 0),
            RETURN => return op.k,
            other => panic!("unknown instruction {other:#x}"),
        }
    }
}

fn ask(number: i64, args: [u32; 6]) -> u32 {
    decide(
        &program(Options {
            trace_scope: table(),
            host: false,
            requested: Vec::new(),
            maps: false,
        }),
        AUDIT_ARCH,
        number as u32,
        args,
    )
}

#[test]
fn every_traced_call_stops_and_no_other() {
    for spec in calls::TABLE {
        match spec.when {
            When::Always if !matches!(spec.number, libc::SYS_socket | libc::SYS_socketpair) => {
                assert_eq!(ask(spec.number, [0; 6]), TRACE, "{}", spec.name);
            }
            When::Always => assert_eq!(
                ask(
                    spec.number,
                    [libc::AF_UNIX as u32, libc::SOCK_STREAM as u32, 0, 0, 0, 0]
                ),
                TRACE
            ),
            // The clock asks for some of them.
            When::OnRequest
                if calls::CLOCK_CALLS
                    .iter()
                    .any(|(number, _)| *number == spec.number) => {}
            When::OnRequest
                if spec.number == libc::SYS_sync || PRIORITIES.contains(&spec.number) =>
            {
                assert_eq!(ask(spec.number, [0; 6]), errno(0), "{}", spec.name);
            }
            // The box's are counted.
            When::OnRequest if calls::PIPES.contains(&spec.number) => {
                assert_eq!(ask(spec.number, [0; 6]), TRACE, "{}", spec.name);
            }
            When::OnRequest => assert_eq!(ask(spec.number, [0; 6]), ALLOW, "{}", spec.name),
            When::Bits { arg, bits } => {
                let mut args = [0; 6];
                assert_eq!(ask(spec.number, args), ALLOW, "{}", spec.name);
                args[arg as usize] = bits | 1;
                assert_eq!(ask(spec.number, args), TRACE, "{}", spec.name);
            }
            When::OneOf { arg, values, .. } => {
                for value in values {
                    let mut args = [0; 6];
                    args[arg as usize] = *value;
                    assert_eq!(ask(spec.number, args), TRACE, "{} {value}", spec.name);
                }
                let mut args = [0; 6];
                args[arg as usize] = 1;
                assert_eq!(ask(spec.number, args), ALLOW, "{}", spec.name);
            }
        }
    }
    assert_eq!(ask(libc::SYS_getpid, [0; 6]), ALLOW);
    assert_eq!(ask(libc::SYS_mmap, [0; 6]), ALLOW);
}

#[test]
fn what_is_counted_stops_but_where_its_measure_is_left_out() {
    let counted = [
        (Measure::Pipes, libc::SYS_pipe2, [0; 6]),
        (
            Measure::Mapped,
            libc::SYS_mmap,
            [0, 0, 0, libc::MAP_SHARED as u32, 0, 0],
        ),
    ];
    for (left_out, _, _) in counted {
        let code = program(Options {
            trace_scope: TraceScope::usual(LeftOut::new(&[left_out])),
            host: false,
            requested: Vec::new(),
            maps: false,
        });
        for (measure, number, args) in counted {
            let expected = match measure == left_out {
                true => ALLOW,
                false => TRACE,
            };
            let answer = decide(&code, AUDIT_ARCH, number as u32, args);
            assert_eq!(answer, expected, "{measure:?} without {left_out:?}");
        }
    }
}

#[test]
fn where_every_call_is_looked_at_none_passes_and_ways_out_stay_refused() {
    let code = program(Options {
        trace_scope: TraceScope::Everything { pass: 77 },
        host: false,
        requested: Vec::new(),
        maps: false,
    });
    let ask = |number: i64, args| decide(&code, AUDIT_ARCH, number as u32, args);
    for number in [libc::SYS_getpid, libc::SYS_mmap, libc::SYS_openat] {
        assert_eq!(ask(number, [0; 6]), TRACE);
    }
    assert_eq!(ask(libc::SYS_mprotect, [0, 0, 0, 76, 0, 0]), TRACE);
    assert_eq!(ask(libc::SYS_mprotect, [0, 0, 0, 77, 0, 0]), ALLOW);
    assert_eq!(ask(libc::SYS_munmap, [0, 0, 0, 77, 0, 0]), TRACE);
    assert_eq!(ask(libc::SYS_ptrace, [0; 6]), refusal(libc::EPERM));
    assert_eq!(ask(libc::SYS_clone3, [0; 6]), errno(libc::ENOSYS));
}

#[test]
fn ways_out_are_refused() {
    for (number, _) in REFUSED {
        assert_eq!(ask(*number, [0; 6]), refusal(libc::EPERM));
    }
    for (number, _) in UNKNOWN {
        assert_eq!(ask(*number, [0; 6]), refusal(libc::ENOSYS));
    }
    let socket = |family: i32, protocol: i32| {
        ask(
            libc::SYS_socket,
            [family as u32, 3, protocol as u32, 0, 0, 0],
        )
    };
    for family in [libc::AF_VSOCK, libc::AF_PACKET] {
        assert_eq!(socket(family, 0), refusal(libc::EAFNOSUPPORT));
    }
    for protocol in [
        libc::NETLINK_AUDIT,
        libc::NETLINK_NETFILTER,
        libc::NETLINK_SOCK_DIAG,
    ] {
        let answer = socket(libc::AF_NETLINK, protocol);
        assert_eq!(answer, refusal(libc::EAFNOSUPPORT));
    }
    assert_eq!(socket(libc::AF_NETLINK, libc::NETLINK_ROUTE), TRACE);
    assert_eq!(
        ask(
            libc::SYS_clone,
            [libc::CLONE_UNTRACED as u32, 0, 0, 0, 0, 0]
        ),
        refusal(libc::EPERM)
    );
    assert_eq!(
        ask(
            libc::SYS_clone,
            [libc::CLONE_NEWUSER as u32 | 17, 0, 0, 0, 0, 0]
        ),
        refusal(libc::EPERM)
    );
    assert_eq!(ask(libc::SYS_clone, [17, 0, 0, 0, 0, 0]), TRACE);
    let asked = |option: i32| ask(libc::SYS_prctl, [option as u32, 2, 0, 0, 0, 0]);
    assert_eq!(asked(libc::PR_SET_SECCOMP), refusal(libc::EPERM));
    assert_eq!(asked(libc::PR_SET_NAME), ALLOW);
}

/// The kernel of the host started a program of the host's for each of these, to look for a module.
#[test]
fn no_socket_and_no_terminal_has_the_host_look_for_a_module() {
    let socket = |family: i32, kind: i32, protocol: i32| {
        ask(
            libc::SYS_socket,
            [family as u32, kind as u32, protocol as u32, 0, 0, 0],
        )
    };
    for family in [libc::AF_INET, libc::AF_INET6] {
        for kind in [
            libc::SOCK_STREAM,
            libc::SOCK_DGRAM | libc::SOCK_CLOEXEC,
            libc::SOCK_RAW,
        ] {
            assert_eq!(socket(family, kind, 0), TRACE);
            assert_eq!(socket(family, kind, libc::IPPROTO_UDP), TRACE);
            for protocol in [libc::IPPROTO_SCTP, libc::IPPROTO_DCCP, libc::IPPROTO_MPTCP] {
                let answer = socket(family, kind, protocol);
                assert_eq!(answer, refusal(libc::EPROTONOSUPPORT));
            }
        }
        for kind in [libc::SOCK_SEQPACKET, libc::SOCK_RDM, libc::SOCK_DCCP] {
            let answer = socket(family, kind | libc::SOCK_NONBLOCK, 0);
            assert_eq!(answer, refusal(libc::ESOCKTNOSUPPORT));
        }
        let pair = ask(libc::SYS_socketpair, [family as u32, 5, 0, 0, 0, 0]);
        assert_eq!(pair, refusal(libc::EOPNOTSUPP));
    }
    for kind in [libc::SOCK_SEQPACKET, libc::SOCK_STREAM] {
        assert_eq!(socket(libc::AF_UNIX, kind, 0), TRACE);
        let pair = ask(libc::SYS_socketpair, [1, kind as u32, 0, 0, 0, 0]);
        assert_eq!(pair, TRACE);
    }
    let ioctl =
        |request: u32, argument: i32| ask(libc::SYS_ioctl, [1, request, argument as u32, 0, 0, 0]);
    assert_eq!(ioctl(libc::TIOCSETD as u32, 0), refusal(libc::EPERM));
    assert_eq!(ioctl(libc::TIOCGWINSZ as u32, 0), ALLOW);
    let flush = libc::TCFLSH as u32;
    assert_eq!(ioctl(flush, libc::TCIFLUSH), ALLOW);
    for what in [libc::TCOFLUSH, libc::TCIOFLUSH] {
        assert_eq!(ioctl(flush, what), errno(0));
    }
}

#[test]
fn nothing_is_written_to_the_disk_for_a_program_that_asks_for_all_of_it() {
    for number in [libc::SYS_sync, libc::SYS_syncfs] {
        assert_eq!(ask(number, [0; 6]), errno(0), "{number}");
    }
    assert_eq!(ask(libc::SYS_fsync, [0; 6]), ALLOW);
}

#[test]
fn what_a_plan_asks_for_stops_with_all_arguments_and_nobody_else_pays() {
    let requested = vec![libc::SYS_getpid, libc::SYS_openat, libc::SYS_mmap];
    let code = program(Options {
        trace_scope: table(),
        host: false,
        requested: requested.clone(),
        maps: false,
    });
    for number in requested {
        let args = [0; 6];
        assert_eq!(decide(&code, AUDIT_ARCH, number as u32, args), TRACE);
        assert_eq!(ask(number, args), ALLOW);
    }
    let args = [0; 6];
    let other = decide(&code, AUDIT_ARCH, libc::SYS_getppid as u32, args);
    assert_eq!(other, ALLOW);
}

#[test]
fn builds_have_no_tracer_that_could_refuse() {
    for host in [false, true] {
        let code = program(Options {
            trace_scope: TraceScope::Nothing,
            host,
            requested: Vec::new(),
            maps: false,
        });
        let ask = |number: i64, args| decide(&code, AUDIT_ARCH, number as u32, args);
        assert_eq!(ask(libc::SYS_ptrace, [0; 6]), errno(libc::EPERM));
        assert_eq!(ask(libc::SYS_splice, [0; 6]), errno(libc::ENOSYS));
        let packet = ask(libc::SYS_socket, [libc::AF_PACKET as u32, 3, 0, 0, 0, 0]);
        assert!(
            packet & libc::SECCOMP_RET_DATA != 0
                && packet & !libc::SECCOMP_RET_DATA == libc::SECCOMP_RET_ERRNO
        );
    }
}

#[test]
fn what_is_refused_has_a_name() {
    let named = |number: i64| name_of_refused(number as u64);
    assert_eq!(named(libc::SYS_splice), "splice");
    assert_eq!(named(libc::SYS_socketpair), "socketpair");
    assert_eq!(named(libc::SYS_move_pages), "move_pages");
    assert_eq!(named(libc::SYS_prctl), "prctl");
}

#[test]
fn nothing_that_specs_can_speak_of_is_refused() {
    for spec in calls::TABLE {
        let mut refused = REFUSED.iter().chain(UNKNOWN);
        assert!(
            refused.all(|(number, _)| *number != spec.number),
            "{}",
            spec.name
        );
    }
}

#[test]
fn no_call_is_far_to_find() {
    let code = program(Options {
        trace_scope: table(),
        host: false,
        requested: Vec::new(),
        maps: false,
    });
    assert!(code.len() < 450, "{} instructions", code.len());
    for number in 0..500 {
        let mut steps = 0;
        decide_counting(&code, AUDIT_ARCH, number, [0; 6], &mut steps);
        assert!(steps < 25, "{steps} steps to call {number}");
    }
}

#[test]
fn foreign_abis_end_the_process() {
    let code = program(Options {
        trace_scope: table(),
        host: false,
        requested: Vec::new(),
        maps: false,
    });
    assert_eq!(decide(&code, 0x4000_0003, 3, [0; 6]), KILL);
    assert_eq!(decide(&code, AUDIT_ARCH, FOREIGN_NUMBERS | 1, [0; 6]), KILL);
}

#[test]
fn where_nothing_is_traced_only_what_is_ruled_stops() {
    let code = program(Options {
        trace_scope: TraceScope::Nothing,
        host: false,
        requested: Vec::new(),
        maps: false,
    });
    for spec in calls::TABLE {
        let stops = |args| decide(&code, AUDIT_ARCH, spec.number as u32, args) == TRACE;
        let ruled = calls::RULED.contains(&spec.number);
        // Shared memory is counted by what is mapped, and pipes are counted, everywhere.
        let counted = spec.number == libc::SYS_mmap || calls::PIPES.contains(&spec.number);
        assert!(ruled || counted || !stops([1; 6]), "{}", spec.name);
    }
    for command in [libc::F_SETLK, libc::F_OFD_SETLKW] {
        let args = [3, command as u32, 0, 0, 0, 0];
        assert_eq!(
            decide(&code, AUDIT_ARCH, libc::SYS_fcntl as u32, args),
            TRACE
        );
    }
}

#[test]
fn the_usual_program_is_the_same_as_one_put_together_anew() {
    prepare(false, table());
    let fields = |code: &[sock_filter]| -> Vec<_> {
        code.iter()
            .map(|one| (one.code, one.jt, one.jf, one.k))
            .collect()
    };
    for (trace_scope, host) in [
        (table(), false),
        (table(), true),
        (TraceScope::Nothing, false),
    ] {
        let options = Options {
            trace_scope,
            host,
            requested: Vec::new(),
            maps: false,
        };
        assert_eq!(
            fields(&program(options.clone())),
            fields(&assemble(&options))
        );
    }
}
