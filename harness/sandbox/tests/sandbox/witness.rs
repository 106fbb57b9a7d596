//! Bytes are taken where no untrusted program can write: not in the memory of who sends them.

use ipclab_evidence::{Direction, Protocol};

use crate::bench::{Adjust, Seen, Test, both, endpoint, plan, ready, run, student, trusted};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (kind, protocol) in [
        ("tcp", Protocol::Tcp),
        ("unix-stream", Protocol::Unix),
        ("unix-seqpacket", Protocol::Unix),
    ] {
        for (whom, play) in [
            ("ours", trusted as fn(&str, &str) -> _),
            ("a_student", student),
        ] {
            tests.push(both(
                format!("a_buffer_that_changes_over_{kind}_to_{whom}"),
                move |level| {
                    let seen = run(
                        level,
                        &plan([
                            play("server", &format!("witness prints {kind}"))
                                .ready(endpoint(protocol)),
                            student("client", &format!("witness swaps {kind} 100"))
                                .after(ready("server")),
                        ]),
                    );
                    seen.all_well();
                    let out = seen.out("server");
                    let came: Vec<&str> = out.lines().collect();
                    assert_eq!(came.len(), 100);
                    assert_eq!(carried(&seen, "client"), came);
                },
            ));
            tests.push(both(
                format!("many_messages_and_a_file_over_{kind}_to_{whom}"),
                move |level| {
                    let seen = run(
                        level,
                        &plan([
                            play("server", &format!("witness prints-all {kind}"))
                                .ready(endpoint(protocol)),
                            student("client", &format!("witness unusual {kind}"))
                                .after(ready("server")),
                        ]),
                    );
                    seen.all_well();
                    assert_eq!(seen.out("server"), "first second third");
                    assert_eq!(carried(&seen, "client"), ["first ", "second ", "third"]);
                },
            ));
        }
    }
    tests
}

/// What the calls of an actor sent, as the trace has it.
fn carried(seen: &Seen, actor: &str) -> Vec<String> {
    let calls = seen.trace.iter();
    calls
        .filter(|call| seen.actors[call.actor].name == actor)
        .filter_map(|call| call.transfer.as_ref())
        .filter(|transfer| transfer.direction == Direction::Sent)
        .map(|transfer| transfer.head.to_text())
        .collect()
}
