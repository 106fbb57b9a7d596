//! What is written on 1 is a terminal's, byte for byte; what is read on 0 is what the plan says.

use ipclab_evidence::{Bytes, Exit, Stdin};

use crate::bench::{Adjust, Test, both, plan, run, student};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    tests.push(both("stdout_alone_is_a_terminal", |level| {
        let seen = run(level, &plan([student("one", "streams terminals")]));
        seen.all_well();
        assert_eq!(seen.out("one"), "010\nagain\n");
    }));
    tests.push(both("a_line_is_seen_though_nobody_flushes", |level| {
        let seen = run(level, &plan([student("one", "streams ready-and-wait")]));
        assert!(matches!(seen.actor("one").exit, Exit::Running { .. }));
        // What the C library still holds back is the program's own doing: no terminal shows it either.
        assert_eq!(seen.out("one"), "ready\n");
    }));
    for (name, line, stdout, stderr) in [
        (
            "nothing_is_translated",
            "streams lines",
            b"a\nb\r\n\tc\n\n".to_vec(),
            vec![],
        ),
        (
            "every_byte_on_stdout",
            "streams all-bytes 1",
            (0..=255).collect(),
            vec![],
        ),
        (
            "every_byte_on_stderr",
            "streams all-bytes 2",
            vec![],
            (0..=255).collect(),
        ),
        (
            "last_words_before_a_crash",
            "streams last-words",
            b"last words\n".to_vec(),
            b"and why".to_vec(),
        ),
        (
            "last_words_before_a_kill",
            "streams last-words 9",
            b"last words\n".to_vec(),
            b"and why".to_vec(),
        ),
        (
            "closed_streams",
            "streams closes",
            b"before\n".to_vec(),
            vec![],
        ),
        (
            "empty_input_is_the_end",
            "streams one-line",
            b"end\n".to_vec(),
            vec![],
        ),
    ] {
        tests.push(both(name, move |level| {
            let seen = run(level, &plan([student("one", line)]));
            let actor = seen.actor("one");
            assert_eq!(actor.stdout.kept(), Bytes(stdout.clone()));
            assert_eq!(actor.stderr.kept(), Bytes(stderr.clone()));
        }));
    }
    tests.push(both("head_and_tail_of_much", |level| {
        let mut plan = plan([student("one", "streams numbered 100000")]);
        plan.limits.output_kept = 40;
        plan.limits.output_bytes = 4 << 20;
        plan.limits.output_lines = 1_000_000;
        plan.limits.calls = 1_000_000;
        // A hundred thousand stops take a busy machine seconds, and that limit is not the one in question.
        plan.limits.cpu_ms = 60_000;
        plan.limits.wall_ms = 120_000;
        let seen = run(level, &plan);
        seen.all_well();
        let stdout = &seen.actor("one").stdout;
        assert_eq!(stdout.head, Bytes::from("000000000\n000000001\n"));
        assert_eq!(stdout.tail, Bytes::from("000099998\n000099999\n"));
        assert_eq!((stdout.total(), stdout.dropped), (1_000_000, 999_960));
    }));
    tests.push(both("both_streams_at_once", |level| {
        let mut plan = plan([student("one", "streams both")]);
        plan.limits.output_bytes = 4 << 20;
        let seen = run(level, &plan);
        seen.all_well();
        let actor = seen.actor("one");
        assert_eq!(
            (actor.stdout.total(), actor.stderr.total()),
            (150_000, 150_000)
        );
    }));
    tests.push(both("input_arrives_whole_and_ends", |level| {
        let text = Bytes::from("first\nsecond without end");
        let actor = student("one", "streams one-line").stdin(Stdin::Text(text));
        let seen = run(level, &plan([actor]));
        seen.all_well();
        assert_eq!(seen.out("one"), "<first>\n<second without end>\nend\n");
    }));
    tests.push(both("input_larger_than_any_pipe_both_ways", |level| {
        let text: Vec<u8> = (0..1_000_000u32).map(|n| (n % 251) as u8).collect();
        let actor = student("one", "streams copy out").stdin(Stdin::Text(Bytes(text.clone())));
        let mut plan = plan([actor]);
        plan.limits.output_bytes = 4 << 20;
        plan.limits.output_lines = 1_000_000;
        plan.limits.output_kept = 4 << 20;
        let seen = run(level, &plan);
        seen.all_well();
        assert!(
            seen.actor("one").stdout.kept().0 == text,
            "the bytes differ"
        );
        assert_eq!(seen.actor("one").stderr.kept().to_text(), "1000000");
    }));
    tests.push(both("input_that_nobody_reads_harms_nobody", |level| {
        let text = Bytes(vec![b'x'; 1_000_000]);
        let actor = student("one", "streams never-reads").stdin(Stdin::Text(text));
        run(level, &plan([actor])).all_well();
    }));
    tests.push(both("silent_input_never_ends", |level| {
        let actor = student("one", "streams copy").stdin(Stdin::Silent);
        let seen = run(level, &plan([actor]));
        seen.stuck_in(&["one read"]);
    }));
    tests
}
