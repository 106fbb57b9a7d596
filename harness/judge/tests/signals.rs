//! What the judge says about signals.

use crate::SILENT;
use crate::common::{self, EvidenceBuilder, case, check};
use ipclab_evidence::{
    Delivery, HandlerRun, Process, ProcessEnd, SignalMoment, SignalSet, SignalState, Signals,
    SourceLine, Taken, Unseen,
};

const INT: i32 = 2;
const PIPE: i32 = 13;
const USR1: i32 = 10;

fn state(moment: SignalMoment, caught: &[i32], ignored: &[i32], blocked: &[i32]) -> SignalState {
    SignalState {
        moment,
        call: Some(1),
        caught: SignalSet::of(caught),
        ignored: SignalSet::of(ignored),
        blocked: SignalSet::of(blocked),
        pending: SignalSet::default(),
    }
}

fn process(pid: u32, parent: Option<usize>, states: &[SignalState]) -> Process {
    Process {
        signals: Signals {
            states: states.to_vec(),
            came: Vec::new(),
        },
        ..common::process(pid, parent, Some(ProcessEnd::Code(0)), None)
    }
}

/// A parent that catches SIGINT and ignores SIGPIPE while it waits for a child, which starts a program.
fn family() -> EvidenceBuilder {
    let mut builder = EvidenceBuilder::of(&["client"]);
    use SignalMoment::{Change, End, Exec, Wait};
    builder.e.objects.processes = vec![
        process(
            2,
            None,
            &[
                state(Exec, &[], &[], &[]),
                state(Change, &[INT], &[], &[]),
                state(Wait, &[INT], &[PIPE], &[USR1]),
                state(End, &[], &[PIPE], &[]),
            ],
        ),
        process(3, Some(0), &[state(Exec, &[], &[], &[])]),
    ];
    builder.call(0, "wait4", &[], 3);
    builder
}

fn states(builder: &mut EvidenceBuilder, process: usize) -> &mut Vec<SignalState> {
    &mut builder.e.objects.processes[process].signals.states
}

#[test]
fn what_is_done_with_signals() {
    let case = case(&format!(
        "{SILENT}[[case.signals]]\ncatches = \"SIGINT\"\n[[case.signals]]\nat = \"wait\"\nignores = \"SIGPIPE\"\nblocks = \"SIGUSR1\"\n\
         [[case.signals]]\nat = \"exec\"\ndefaults = [\"SIGPIPE\"]\n[[case.signals]]\nat = \"end\"\ndefaults = \"SIGINT\"\n"
    ));
    let right = family();
    check(
        &case,
        &right,
        |builder| {
            for state in states(builder, 0) {
                (state.caught, state.ignored) = (SignalSet::default(), SignalSet::default());
            }
        },
        &[
            "calls: client never gave SIGINT a handler: call sigaction() for it",
            "calls: client waited for a child with SIGPIPE at its default at #1 instead of ignored",
        ],
    );
    check(
        &case,
        &right,
        |builder| {
            states(builder, 0)[3].caught = SignalSet::of(&[INT]);
            states(builder, 1)[0].ignored = SignalSet::of(&[PIPE]);
        },
        &[
            "calls: the program `./client` was started with SIGPIPE ignored at #1 instead of at its default and not blocked; what is ignored stays ignored in a program that is started: set SIG_DFL in the child before exec()",
            "calls: client ended by itself with SIGINT caught at #1 instead of at its default and not blocked",
        ],
    );
    // In whatever process it is, a handler is one.
    check(
        &case,
        &right,
        |builder| {
            let moved = states(builder, 0).remove(1);
            states(builder, 1).push(moved);
        },
        &[],
    );
    check(
        &case,
        &right,
        |builder| {
            states(builder, 0).retain(|state| state.moment != SignalMoment::Wait);
            states(builder, 0).retain(|state| state.moment != SignalMoment::End);
        },
        &[
            "calls: no process of client waited for a child",
            "calls: no process of client waited for a child",
            "calls: client did not end by itself",
        ],
    );
}

fn came(signal: i32, how: Taken) -> Delivery {
    Delivery {
        signal,
        from: Some(0),
        how,
        interrupted: None,
        handler: None,
    }
}

#[test]
fn signals_that_come() {
    let case = case(&format!(
        "{SILENT}[case.signals]\nreceives = [\"SIGUSR1\"]\n"
    ));
    let with = |how| {
        let mut builder = family();
        builder.e.objects.processes[1].signals.came = vec![came(USR1, how)];
        builder
    };
    for right in [Taken::Handler, Taken::Wait, Taken::Descriptor].map(with) {
        check(
            &case,
            &right,
            |builder| builder.e.objects.processes[1].signals.came.clear(),
            &["calls: SIGUSR1 never came to client"],
        );
        check(
            &case,
            &right,
            |builder| {
                builder.e.objects.processes[1].signals.came[0].how = Taken::Ignored;
            },
            &["calls: SIGUSR1 came to client from process 2, which ignores it"],
        );
        check(
            &case,
            &right,
            |builder| {
                builder.e.objects.processes[1].signals.came.clear();
                let last = states(builder, 0).last_mut().unwrap();
                (last.blocked, last.pending) = (SignalSet::of(&[USR1]), SignalSet::of(&[USR1]));
            },
            &[
                "calls: client blocks SIGUSR1 and never took it: it was sent, and was pending to the end",
            ],
        );
    }
}

#[test]
fn what_handlers_call() {
    let case = case(&format!("{SILENT}[case.signals]\nhandlers = \"safe\"\n"));
    let mut right = family();
    let run = HandlerRun::default();
    right.e.objects.processes[0].signals.came = vec![Delivery {
        handler: Some(run),
        ..came(INT, Taken::Handler)
    }];
    let handler = |builder: &mut EvidenceBuilder, change: &dyn Fn(&mut HandlerRun)| {
        let came = &mut builder.e.objects.processes[0].signals.came[0];
        change(came.handler.as_mut().unwrap());
    };
    let calls = "where the signal comes within the same function, it waits for a lock that it holds itself, or spoils what is half done; use write(), or set a volatile sig_atomic_t flag and print outside of the handler";
    for (symbol, function) in [
        ("printf", "printf()"),
        ("puts", "printf() or puts()"),
        ("__fprintf_chk", "fprintf()"),
        ("_IO_putc", "putc()"),
    ] {
        let said = format!(
            "calls: the handler of SIGINT in client calls {function} (client.c:7), which is not async-signal-safe: {calls}"
        );
        check(
            &case,
            &right,
            |builder| {
                handler(builder, &|run| {
                    run.unsafe_call = Some(symbol.to_owned());
                    run.called_at = vec![SourceLine {
                        file: "client.c".to_owned(),
                        line: 7,
                    }];
                });
            },
            &[&said],
        );
    }
    for (unseen, why) in [
        (
            Unseen::NoNames,
            "the program is linked statically, and the functions of its C library have no names there; link it without -static",
        ),
        (
            Unseen::TooLong,
            "it does far more than a handler should; set a flag there, and work outside of it",
        ),
    ] {
        let said =
            format!("calls: what the handler of SIGINT in client calls is not proved: {why}");
        check(
            &case,
            &right,
            |builder| handler(builder, &|run| run.unseen = Some(unseen)),
            &[&said],
        );
    }
    check(
        &case,
        &right,
        |builder| builder.e.objects.processes[0].signals.came.clear(),
        &["calls: no handler of client ever ran"],
    );
    // One who waits for signals needs no handler.
    check(
        &case,
        &right,
        |builder| builder.e.objects.processes[0].signals.came = vec![came(INT, Taken::Wait)],
        &[],
    );
}
