//! An actor starts when what it waits for has happened in the kernel, and never when that can no longer come.

use ipclab_evidence::{
    Ended, Endpoint, Exit, Placeholder, Plan, Protocol, RuntimeValue, ServedPart,
};

use crate::bench::{
    Adjust, Seen, Test, both, endpoint, exits, pair, plan, ready, run, student, waits,
};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    // Each server is late with the call that makes it ready; a client that came before would find no server.
    for (server, protocol, client, call) in [
        ("tcp", Protocol::Tcp, "tcp", "listen"),
        ("tcp6", Protocol::Tcp, "tcp", "listen"),
        ("unix", Protocol::Unix, "unix", "listen"),
        ("udp", Protocol::Udp, "udp", "bind"),
        ("unix-datagram", Protocol::Unix, "unix-datagram", "bind"),
        ("shm", Protocol::Shm, "shm", "shmget"),
        ("by-child", Protocol::Tcp, "tcp", "listen"),
    ] {
        tests.push(both(
            format!("starts_on_{call}_of_{server}"),
            move |level| {
                let plan = pair(
                    protocol,
                    &format!("readiness {server}"),
                    &format!("readiness call {client}"),
                );
                let seen = run(level, &plan);
                seen.all_well();
                assert!(seen.actor("server").ready);
                starts_after(&seen, "client", "server", call);
            },
        ));
    }
    // Wherever it serves, the client is told the place.
    for (server, protocol, client, part) in [
        ("tcp", Protocol::Tcp, "tcp", ServedPart::Port),
        ("unix", Protocol::Unix, "unix", ServedPart::Path),
        ("udp", Protocol::Udp, "udp", ServedPart::Port),
    ] {
        tests.push(both(
            format!("the_place_of_{server}_is_filled_in"),
            move |level| {
                let client = format!("readiness call {client} <place>");
                let mut plan = pair(protocol, &format!("readiness {server}"), &client);
                let known = endpoint(protocol);
                plan.actors[0].ready = Some(Endpoint {
                    port: None,
                    path: None,
                    ..known.clone()
                });
                plan.actors[1].fills = vec![Placeholder {
                    text: "<place>".to_owned(),
                    with: RuntimeValue::Served {
                        actor: "server".to_owned(),
                        part,
                    },
                }];
                let seen = run(level, &plan);
                seen.all_well();
                let served = seen.actor("server").served.as_ref().expect("a place");
                let port = known.port.map(|port| port.to_string());
                let text = served.text(part).expect("that part").to_text();
                assert_eq!(Some(text), known.path.or(port));
            },
        ));
    }
    // The gun cannot fire any more: the server ended, or waits for ever, somewhere else.
    for (name, server, ended_with) in [
        ("server_elsewhere_exits", "elsewhere", Some(0)),
        ("server_elsewhere_waits", "elsewhere wait", None),
        ("server_never_listens", "deaf", None),
    ] {
        tests.push(both(name, move |level| {
            let plan = pair(
                Protocol::Tcp,
                &format!("readiness {server}"),
                "readiness call tcp",
            );
            let seen = run(level, &plan);
            assert_eq!(seen.actor("client").exit, Exit::NotStarted);
            assert_eq!(seen.actor("client").started_us, None);
            assert_eq!(seen.actor("client").pid, None);
            assert!(!seen.actor("server").ready);
            match ended_with {
                Some(code) => {
                    assert_eq!(seen.actor("server").exit, Exit::Code(code));
                    assert_eq!(seen.ended, Ended::AllExited);
                }
                None => assert!(
                    matches!(seen.ended, Ended::Stuck { .. }),
                    "{:?}",
                    seen.ended
                ),
            }
        }));
    }
    tests.push(both("ready_and_gone_still_starts_the_next", |level| {
        let plan = pair(
            Protocol::Tcp,
            "readiness ready-and-gone",
            "readiness call tcp",
        );
        let seen = run(level, &plan);
        assert!(seen.actor("server").ready);
        // Whether the server still lived when the client called is no part of this test: the client's exit says it.
        let exit = &seen.actor("client").exit;
        assert!(matches!(exit, Exit::Code(0 | 99)), "{exit:?}");
    }));
    tests.push(both("without_an_endpoint_exec_is_ready", |level| {
        let plan = plan([
            student("one", "readiness nap 100"),
            student("two", "readiness nothing").after(ready("one")),
        ]);
        let seen = run(level, &plan);
        seen.all_well();
        // It did not wait for the other's end.
        assert!(
            seen.calls("one", "clock_nanosleep").len() + seen.calls("one", "nanosleep").len() == 1
        );
    }));
    tests.push(both("starts_after_an_exit", |level| {
        let plan = plan([
            student("one", "readiness nap 50"),
            student("two", "readiness nothing").after(exits("one")),
        ]);
        let seen = run(level, &plan);
        seen.all_well();
        assert!(seen.actor("two").started_us >= seen.actor("one").started_us.map(|us| us + 50_000));
    }));
    tests.push(both("starts_when_another_waits", |level| {
        let plan = plan([
            student("server", "readiness accept"),
            student("client", "readiness call tcp").after(waits("server")),
        ]);
        let seen = run(level, &plan);
        seen.all_well();
        starts_after(&seen, "client", "server", "listen");
        let accept = seen.calls("server", "accept")[0].at_us;
        assert!(seen.actor("client").started_us >= Some(accept));
    }));
    tests.push(both("a_timed_sleep_is_no_wait_for_others", |level| {
        // The first only sleeps and ends: its "waits" never comes, so the second cannot start.
        let plan = plan([
            student("one", "readiness nap 100"),
            student("two", "readiness nothing").after(waits("one")),
        ]);
        let seen = run(level, &plan);
        assert_eq!(seen.actor("two").exit, Exit::NotStarted);
        assert_eq!(seen.ended, Ended::AllExited);
    }));
    tests.push(both("every_start_must_have_come", |level| {
        let plan = plan([
            student("one", "readiness nap 10"),
            student("two", "readiness nap 60"),
            student("three", "readiness nothing")
                .after(exits("one"))
                .after(exits("two")),
        ]);
        let seen = run(level, &plan);
        seen.all_well();
        assert!(
            seen.actor("three").started_us >= seen.actor("two").started_us.map(|us| us + 60_000)
        );
    }));
    tests.push(both(
        "who_waits_for_one_that_never_starts_never_starts",
        |level| {
            let plan = plan([
                student("one", "no-such-program").ready(endpoint(Protocol::Tcp)),
                student("two", "readiness nothing").after(ready("one")),
                student("three", "readiness nothing").after(exits("two")),
                student("four", "readiness nothing").after(waits("three")),
            ]);
            let seen = run(level, &plan);
            assert_eq!(
                seen.actor("one").exit,
                Exit::NotExecuted("ENOENT".to_owned())
            );
            for name in ["two", "three", "four"] {
                assert_eq!(seen.actor(name).exit, Exit::NotStarted, "{name}");
            }
            assert_eq!(seen.ended, Ended::AllExited);
        },
    ));
    tests.push(both("nobody_to_start", |level| {
        let nobody: [ipclab_evidence::Actor; 0] = [];
        let plan: Plan = plan(nobody);
        assert_eq!(run(level, &plan).ended, Ended::AllExited);
    }));
    tests
}

/// `who` was started after `whose` call of this name had begun, and not before.
fn starts_after(seen: &Seen, who: &str, whose: &str, call: &str) {
    let at = seen.calls(whose, call)[0].at_us;
    let started = seen.actor(who).started_us;
    assert!(started >= Some(at), "{call} at {at}, start at {started:?}");
}
