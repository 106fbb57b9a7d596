//! Programs of students that meet do the same each time, also where one relies on what the other has done by then.

use ipclab_evidence::Protocol;

use crate::bench::{Adjust, Test, both, endpoint, plan, ready, run, student};

/// By luck some of so many runs would differ: without yielding, half of them did.
const RUNS: usize = 20;

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (kind, protocol) in [("tcp", Protocol::Tcp), ("unix", Protocol::Unix)] {
        for (name, server, client, expect) in [
            // The first letter wakes the reader, which finds no other yet.
            ("one_read_of_many_writes", "letters", "once", "h\n"),
            // It never sleeps, so that nothing comes to rest.
            ("one_who_never_waits", "letters", "spins", "hello\n"),
            // Over TCP the first goes to nobody; what comes back tells the next.
            (
                "sends_to_one_who_has_hung_up",
                "hangs-up",
                "talks-on",
                match protocol {
                    Protocol::Tcp => "sent\nBroken pipe\nBroken pipe\n",
                    _ => "Broken pipe\nBroken pipe\nBroken pipe\n",
                },
            ),
        ] {
            tests.push(both(format!("{name}_over_{kind}"), move |level| {
                // Nothing is chance where the client takes what comes.
                for _ in 0..if client == "spins" { 2 } else { RUNS } {
                    let seen = run(
                        level,
                        &plan([
                            student("server", &format!("yields {server} {kind}"))
                                .ready(endpoint(protocol)),
                            student("client", &format!("yields {client} {kind}"))
                                .after(ready("server")),
                        ]),
                    );
                    seen.all_well();
                    assert_eq!(seen.out("client"), expect);
                }
            }));
        }
    }
    tests
}
