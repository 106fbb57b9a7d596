//! Whatever students write, a report can only be read: nothing in it acts on the reader's terminal.

use ipclab_evidence::{Bytes, Direction, Evidence, SocketKind, Transfer};
use ipclab_judge::Verdict;
use ipclab_report::terminal::{self, Style};
use ipclab_report::testing::build::{JudgedCase, Trace, about, case, report};
use ipclab_report::testing::harmless::{all_formats, talk, with_text};
use ipclab_report::{Line, json};
use ipclab_spec::{Points, Tier};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::Value;

/// Text with more than its share of what is dangerous.
fn nasty() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        "[ -~]{0,12}",
        Just("\u{1b}[31m".to_owned()),
        Just("\u{1b}]0;title\u{7}".to_owned()),
        Just("\u{9b}2J".to_owned()),
        Just("\r\n\t\u{b}\u{8}\u{7f}".to_owned()),
        Just("\u{202e}\u{2066}\u{200b}\u{feff}\u{2028}".to_owned()),
        Just("e\u{301}\u{302}\u{303}".to_owned()),
    ];
    proptest::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

/// Evidence that no tracer would write: numbers that point nowhere.
fn broken_evidence() -> impl Strategy<Value = Evidence> {
    let call = (
        0..5_usize,
        0..5_usize,
        0..14_usize,
        0..6_u64,
        any::<bool>(),
        any::<bool>(),
    );
    (proptest::collection::vec(call, 0..60), 0..3_u64, 0..4_usize).prop_map(
        |(calls, dropped, actors)| {
            const NAMES: [&str; 14] = [
                "socket",
                "connect",
                "accept",
                "recvfrom",
                "sendto",
                "close",
                "shutdown",
                "shmget",
                "unlink",
                "semop",
                "fork",
                "listen",
                "bind",
                "exit_group",
            ];
            let names: Vec<&str> = ["a", "b", "c"].into_iter().take(actors).collect();
            let mut trace = Trace::new(&names);
            for (at, kind) in [SocketKind::Stream, SocketKind::Datagram, SocketKind::Stream]
                .into_iter()
                .enumerate()
            {
                trace.socket(at, kind, "AF_INET", Some((at * 2) % 5));
            }
            for (actor, socket, name, bytes, sent, moves) in calls {
                let index = trace.on(
                    actor,
                    socket,
                    NAMES[name],
                    &[],
                    if bytes == 5 {
                        Err("EIO")
                    } else {
                        Ok(bytes as i64)
                    },
                );
                if moves {
                    trace.0.trace[index].transfer = Some(Transfer {
                        socket,
                        peer: (bytes != 3).then_some(bytes as usize),
                        direction: if sent {
                            Direction::Sent
                        } else {
                            Direction::Received
                        },
                        bytes,
                        head: Bytes(vec![b'x'; bytes as usize]),
                        cut: bytes == 2,
                    });
                }
            }
            trace.0.calls_dropped = dropped;
            trace.0
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: RngSeed::Fixed(0x1bc), ..ProptestConfig::default() })]

    #[test]
    fn student_text_cannot_act(text in nasty()) {
        all_formats(&with_text(&text, talk(&text)))?;
    }

    /// A report that was tampered with on disk is no more dangerous.
    #[test]
    fn neither_can_a_report_that_was_read(text in nasty()) {
        fn poison(value: &mut Value, text: &str) {
            match value {
                Value::Object(map) => map.iter_mut().for_each(|(key, value)| {
                    if !matches!(key.as_str(), "schema" | "isolation" | "tier" | "verdict" | "aspect" | "visibility" | "severity" | "role" | "tone" | "delivery") {
                        poison(value, text);
                    }
                }),
                Value::Array(values) => values.iter_mut().for_each(|value| poison(value, text)),
                Value::String(string) => *string = text.to_owned(),
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
        let mut value: Value = serde_json::from_str(&json::render(&with_text("x", talk("x")))).unwrap();
        poison(&mut value, &text);
        all_formats(&json::parse(&value.to_string()).unwrap())?;
    }

    #[test]
    fn escaping_twice_changes_nothing(text in nasty()) {
        let once = Line::new(&text);
        prop_assert_eq!(Line::new(&once), once);
    }

    #[test]
    fn reports_survive_the_way_to_disk_and_back(text in nasty()) {
        let report = with_text(&text, talk(&text));
        prop_assert_eq!(json::parse(&json::render(&report)).unwrap(), report);
    }

    #[test]
    fn no_evidence_is_too_broken_to_draw(evidence in broken_evidence()) {
        all_formats(&with_text("x", evidence))?;
    }

    #[test]
    fn the_score_is_the_sum_of_the_cases(cases in proptest::collection::vec((0..4_usize, 0..3_usize, 0..9_u32, 0..9_u32), 0..9)) {
        let verdicts = [Verdict::Pass, Verdict::Fail, Verdict::Unknown, Verdict::Skipped];
        let done: Vec<JudgedCase> = cases.iter().map(|(verdict, tier, earned, more)| {
            let case = case("one", "one", Tier::ALL[*tier], Points::Whole(earned + more));
            JudgedCase::new(case, verdicts[*verdict], *earned, Vec::new())
        }).collect();
        let report = report(&about(), Vec::new(), &done);
        prop_assert_eq!(report.score.earned, cases.iter().map(|case| case.2).sum::<u32>());
        prop_assert_eq!(report.score.max, cases.iter().map(|case| case.2 + case.3).sum::<u32>());
        for (at, tier) in Tier::ALL.into_iter().enumerate() {
            let of_tier: Vec<_> = cases.iter().filter(|case| case.1 == at).collect();
            let score = report.score.tiers.get(&tier).copied();
            prop_assert_eq!(score.is_some(), !of_tier.is_empty());
            let score = score.unwrap_or_default();
            prop_assert_eq!(score.earned, of_tier.iter().map(|case| case.2).sum::<u32>());
            prop_assert_eq!(score.max, of_tier.iter().map(|case| case.2 + case.3).sum::<u32>());
            prop_assert_eq!(score.unknown, of_tier.iter().filter(|case| case.0 == 2).map(|case| case.3).sum::<u32>());
        }
        let text = terminal::render(&report, &Style::default());
        let total = format!("{} of {} points", report.score.earned, report.score.max);
        prop_assert!(text.contains(&total));
    }
}
