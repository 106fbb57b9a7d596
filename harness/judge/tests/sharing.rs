//! What the judge says where processes took turns at shared memory, and why they collided.

use crate::common::{EvidenceBuilder, case, check, complaints, keeps_to_the_style};
use ipclab_evidence::{
    Access, Collision, Ended, Plan, Reach, Searched, Sharing, SourceLine, Step, Steps, Strategy,
    Tamper, Thing, ThreadId, Touch, Unordered, Wait, Way, World,
};
use ipclab_spec::Case;

fn shared() -> Case {
    case("interleave = \"late-writers\"\n[case.actor.counter]\nstudent = \"client\"\nexit = 0\n")
}

/// Two processes that added, 3 and 4, children of 2.
fn right() -> EvidenceBuilder {
    let mut builder = EvidenceBuilder::of(&["counter"]);
    builder.e.sharing = Some(Sharing {
        accesses: 8,
        writers: vec![3, 4],
        ..Sharing::default()
    });
    builder
}

fn op(builder: &mut EvidenceBuilder, pid: u32, ops: &str) {
    builder.call(0, "semtimedop", &["5", ops, "1", "NULL"], 0);
    builder.last().pid = pid;
}

/// An access by a process, made now.
fn access(builder: &EvidenceBuilder, n: u64, pid: u32, value: i64) -> Access {
    Access {
        n,
        pid,
        thread: None,
        before_call: builder.e.trace.len() as u32 + 1,
        value: Some(value),
        lines: Vec::new(),
    }
}

/// A story of two: `3-` and `3+` take and give back semaphore 0, `3_` semaphore 1; `3r`, `4w`, `3w` are the accesses.
fn collided(story: &str) -> impl FnOnce(&mut EvidenceBuilder) {
    move |builder: &mut EvidenceBuilder| {
        let mut accesses = Vec::new();
        for word in story.split(' ') {
            let (pid, deed) = word.split_at(1);
            let pid = pid.parse().unwrap();
            match deed {
                "-" => op(builder, pid, "[{0, -1, SEM_UNDO}]"),
                "+" => op(builder, pid, "[{0, 1, SEM_UNDO}]"),
                "_" => op(builder, pid, "[{1, -1, 0}]"),
                "=" => {
                    builder.call(0, "semctl", &["5", "0", "SETVAL", "0x1"], 0);
                    builder.last().pid = pid;
                }
                _ => {
                    let n = accesses.len() as u64 + 1;
                    accesses.push(access(builder, n, pid, i64::from(deed == "w")));
                }
            }
        }
        let [read, other, write] = <[Access; 3]>::try_from(accesses).unwrap();
        let sharing = builder.e.sharing.as_mut().unwrap();
        sharing.lost = 1;
        sharing.collisions.push(Collision {
            actor: 0,
            segment: 7,
            offset: 4,
            read,
            other,
            write,
        });
    }
}

#[test]
fn why_two_collided() {
    let lost = "memory: what process 4 wrote to shared memory was lost: process 3 read 0 at offset 4, process 4 wrote 1 \
                there, and process 3 then wrote 1 without having seen it; ";
    for (story, why) in [
        (
            "3r 4w 3w",
            "nothing guards it: neither of them called semop()",
        ),
        (
            "3- 3r 4w 3w 3+",
            "nothing guards it: process 4, the other of them, never called semop()",
        ),
        (
            "3r 4- 4w 4+ 3- 3w 3+",
            "it took the semaphore only after it had read (#3): take it before the read",
        ),
        (
            "3- 3r 3+ 4- 4w 4+ 3w",
            "it gave the semaphore back (#2) before it wrote: keep it until the write is done",
        ),
        (
            "3- 4_ 3r 4w 3w 3+",
            "they held two different semaphores (#1 and #2), which keeps nobody out",
        ),
        (
            "3- 3+ 4- 4+ 3r 4w 3w",
            "neither read nor write was made while it held a semaphore: take it before the read, give it back after the \
             write",
        ),
        (
            "4- 4+ 3- 3r 4w 3w 3+",
            "process 4 wrote without holding the semaphore",
        ),
        (
            "3= 3- 4= 4- 3r 4w 3w 3+",
            "both held the semaphore at once: it was set, last by semctl(5, 0, SETVAL) (#3), to more than 1, or when it \
             was taken already; set it to 1 once, before anybody can take it",
        ),
    ] {
        check(
            &shared(),
            &right(),
            collided(story),
            &[&format!("{lost}{why}")],
        );
    }
}

#[test]
fn accesses_are_cited_with_the_calls_around_them() {
    let mut builder = right();
    collided("3- 3r 3+ 4- 4w 4+ 3w")(&mut builder);
    let findings = ipclab_judge::judge(&shared(), &builder.e);
    let finding = findings
        .iter()
        .find(|finding| finding.verdict == ipclab_judge::Verdict::Fail)
        .unwrap();
    assert_eq!(
        finding.seen.as_deref().unwrap(),
        "process 3 read 0, after semop(5, [{0, -1, SEM_UNDO}]) (#1), before semop(5, [{0, 1, SEM_UNDO}]) (#2)\n\
         process 4 wrote 1, after semop(5, [{0, -1, SEM_UNDO}]) (#3), before semop(5, [{0, 1, SEM_UNDO}]) (#4)\n\
         process 3 wrote 1, after semop(5, [{0, 1, SEM_UNDO}]) (#2)"
    );
    assert_eq!(finding.cites, [1, 2, 3]);
}

#[test]
fn the_parent_is_called_so_and_many_are_counted() {
    let mut builder = right();
    collided("2r 4w 2w")(&mut builder);
    builder.e.sharing.as_mut().unwrap().lost = 9;
    let said = complaints(&shared(), &builder);
    assert!(
        said[0].starts_with(
            "memory: what process 4 wrote to shared memory was lost, the first of 9 such collisions: the parent (process 2) \
             read 0 at offset 4"
        ),
        "{said:?}"
    );
}

#[test]
fn sharing_nothing_is_reported() {
    for (writers, expect) in [
        (
            vec![2],
            "memory: only the parent (process 2) wrote to a System V segment, so nothing was shared",
        ),
        (
            vec![],
            "memory: no process wrote to a System V segment, so nothing was shared",
        ),
    ] {
        let spoil =
            |builder: &mut EvidenceBuilder| builder.e.sharing.as_mut().unwrap().writers = writers;
        check(&shared(), &right(), spoil, &[expect]);
    }
}

/// Threads of one process took turns, and no process wrote to shared memory.
fn of_threads(given_up: Option<&str>) -> impl Fn(&mut EvidenceBuilder) {
    move |builder: &mut EvidenceBuilder| {
        let sharing = builder.e.sharing.as_mut().unwrap();
        sharing.writers.clear();
        let id = |nth| ThreadId { actor: 0, nth };
        sharing.steps = Some(Steps {
            processes: [(id(0), 2), (id(1), 2)].into(),
            given_up: given_up.map(str::to_owned),
            ..Steps::default()
        });
    }
}

const SEARCH: &str =
    "interleave = { preemptions = 1 }\n[case.actor.counter]\nstudent = \"client\"\nexit = 0\n";

#[test]
fn threads_are_no_processes_where_the_case_asks_for_none() {
    let nothing = "memory: no process wrote to shared memory, so nothing was shared";
    check(&case(SEARCH), &right(), of_threads(None), &[nothing]);
    check(
        &case(SEARCH),
        &right(),
        of_threads(Some("it looked away")),
        &[nothing],
    );
}

#[test]
fn a_process_that_a_signal_ends_need_not_share_anything() {
    let faulted = |fault: &str| {
        case(&format!(
            "interleave = \"late-writers\"\nfault = [\"{fault}\"]\n[case.actor.counter]\nstudent = \"client\"\nexit = 0\n"
        ))
    };
    let no_writers =
        |builder: &mut EvidenceBuilder| builder.e.sharing.as_mut().unwrap().writers.clear();
    let complaint = "memory: no process wrote to a System V segment, so nothing was shared";
    check(
        &faulted("counter wait #1: SIGTERM"),
        &right(),
        no_writers,
        &[],
    );
    for other in ["counter store #2: SIGKILL", "counter fork #2: EAGAIN"] {
        check(&faulted(other), &right(), no_writers, &[complaint]);
    }
}

#[test]
fn evidence_without_turns_is_not_judged() {
    let spoil = |builder: &mut EvidenceBuilder| builder.e.sharing = None;
    check(
        &shared(),
        &right(),
        spoil,
        &["unknown memory: not judged: the processes did not take turns"],
    );
}

fn searched(reach: Reach, strategy: Strategy) -> EvidenceBuilder {
    let mut builder = right();
    let sharing = builder.e.sharing.as_mut().unwrap();
    sharing.searched = Some(Searched {
        tried: 98,
        strategy,
        reach,
        races: Vec::new(),
    });
    builder
}

#[test]
fn what_a_search_claims() {
    let bounded = Strategy::Preemptions {
        most: 2,
        runs: 2_000,
    };
    let drawn = Strategy::Pct { depth: 3, runs: 97 };
    let all_bounded = "no schedule with at most 2 preemptions fails: 98 were tried, and each other one differs from one of \
                       them only in the order of steps that do not touch the same thing";
    for (reach, strategy, says) in [
        (Reach::All, bounded, Some(all_bounded)),
        (
            Reach::Cut { left: 7 },
            bounded,
            Some(
                "the first 98 schedules with at most 2 preemptions do not fail; at least 7 more were not tried",
            ),
        ),
        (
            Reach::None("threads share memory that is not watched".to_owned()),
            bounded,
            Some(
                "98 schedules do not fail; nothing is claimed of the others, since threads share memory that is not watched",
            ),
        ),
        (
            Reach::Met {
                probability: 0.9876,
                threads: 3,
                steps: 40,
            },
            drawn,
            Some(
                "none of 98 schedules for faults of depth 3 fails: one such fault would have been met with a probability of \
                 at least 0.988 (threads: 3, steps: 40)",
            ),
        ),
        (Reach::Failed { preemptions: 1 }, bounded, None),
    ] {
        let builder = searched(reach, strategy);
        let sharing = builder.e.sharing.as_ref().unwrap();
        let claim = ipclab_judge::claim(sharing.searched.as_ref().unwrap());
        assert_eq!(claim.as_deref(), says);
        let findings = ipclab_judge::judge(&shared(), &builder.e);
        let among = match says {
            Some(_) => "no change to shared memory was lost in 98 schedules (accesses: 8)",
            None => "no change to shared memory was lost in this schedule (accesses: 8)",
        };
        assert!(
            findings.iter().any(|one| one.message == among),
            "{findings:#?}"
        );
    }
}

/// In a run in which nothing was lost, accesses that nothing orders are found, with both lines; a loss says it all.
#[test]
fn accesses_that_nothing_orders_are_a_finding_with_both_lines() {
    let strategy = Strategy::Preemptions {
        most: 2,
        runs: 2_000,
    };
    let races = |builder: &mut EvidenceBuilder| {
        let line = |line| SourceLine {
            file: "counter.c".to_owned(),
            line,
        };
        let at = |builder: &EvidenceBuilder, n, pid, source| Access {
            lines: vec![line(source)],
            ..access(builder, n, pid, 1)
        };
        op(builder, 3, "[{0, -1, SEM_UNDO}]");
        let race = Unordered {
            actor: 0,
            memory: 7,
            offset: 4,
            first: at(builder, 1, 3, 30),
            first_writes: true,
            second: at(builder, 2, 2, 41),
            second_actor: 0,
            second_writes: false,
        };
        let sharing = builder.e.sharing.as_mut().unwrap();
        sharing.searched.as_mut().unwrap().races.push(race);
    };
    let builder = || searched(Reach::All, strategy);
    let says = "memory: accesses to shared memory are not synchronised: of the bytes at offset 4, process 3 wrote it \
                (counter.c:30), and the parent (process 2) read it (counter.c:41); neither waited for the other, so the order \
                was luck. Guard both with the same semaphore";
    check(&shared(), &builder(), races, &[says]);
    let mut both = builder();
    races(&mut both);
    let lost = collided("3r 4w 3w");
    let mut texts = Vec::new();
    lost(&mut both);
    for finding in ipclab_judge::judge(&shared(), &both.e) {
        texts.push(finding.message);
    }
    assert!(
        texts.iter().any(|text| text.contains("was lost")),
        "{texts:#?}"
    );
    assert!(
        !texts.iter().any(|text| text.contains("not synchronised")),
        "{texts:#?}"
    );
}

/// Processes that wait for semaphores for ever: who has what, and the cycle.
#[test]
fn a_deadlock_is_told_with_its_cycle() {
    let strategy = Strategy::Preemptions {
        most: 2,
        runs: 2_000,
    };
    // `30-` process 3 takes semaphore 0, `30+` gives it back, `30?` waits for it and is never given it.
    let check = |story: &str, says: Option<&str>| {
        let mut builder = searched(Reach::Failed { preemptions: 1 }, strategy);
        let mut waits = Vec::new();
        for word in story.split(' ') {
            let (pid, semaphore) = (word[..1].parse().unwrap(), &word[1..2]);
            let by = if word.ends_with('+') { "1" } else { "-1" };
            op(&mut builder, pid, &format!("[{{{semaphore}, {by}, 0}}]"));
            if word.ends_with('?') {
                let call = builder.last();
                call.returned = None;
                waits.push(Wait {
                    actor: 0,
                    pid,
                    call: call.name.clone(),
                    n: call.n,
                    object: None,
                    timed: false,
                    other_ends: Vec::new(),
                    in_flight: Vec::new(),
                    lock: None,
                    threads: Vec::new(),
                    known_threads: Vec::new(),
                    lines: Vec::new(),
                });
            }
        }
        builder.e.ended = Ended::Stuck { waits };
        let findings = ipclab_judge::judge(&shared(), &builder.e);
        let mut messages = findings.iter().map(|finding| finding.message.as_str());
        let found = messages.find(|message| message.contains("waits for semaphore"));
        assert_eq!(found, says, "{story}");
    };
    let cycle = "a deadlock: process 3 waits for semaphore 1 (#3), which process 4 has taken (#2); process 4 waits for \
                 semaphore 0 (#4), which process 3 has taken (#1). Take several semaphores in the same order everywhere, and \
                 none twice";
    check("30- 41- 31? 40?", Some(cycle));
    let twice = "a deadlock: process 3 waits for semaphore 0 (#2), which it has taken itself (#1). Take several semaphores in \
                 the same order everywhere, and none twice";
    check("30- 30?", Some(twice));
    let kept = "process 4 waits for semaphore 0 (#2), which process 3 has taken (#1) and does not give back. Give a semaphore \
                back on every way out, or take it with SEM_UNDO";
    check("30- 40?", Some(kept));
    // No process has it: it was never set.
    check("30- 30+ 40?", None);
}

#[test]
fn a_schedule_that_fails_is_drawn() {
    let strategy = Strategy::Preemptions {
        most: 2,
        runs: 2_000,
    };
    let mut builder = searched(Reach::Failed { preemptions: 1 }, strategy);
    collided("3r 4w 3w")(&mut builder);
    let thread = |nth| ThreadId { actor: 0, nth };
    let step = |nth: u16, way: Way, value: i64| Step {
        thread: thread(nth),
        ready: vec![thread(1), thread(2)],
        polling: Vec::new(),
        touches: vec![Touch {
            thing: Thing::Memory(7),
            from: 4,
            to: 8,
            way,
        }],
        by_time: false,
        before_call: 1,
        value: Some(value),
        lines: Vec::new(),
    };
    builder.e.sharing.as_mut().unwrap().steps = Some(Steps {
        steps: vec![
            step(1, Way::Read, 0),
            step(2, Way::Update, 1),
            step(1, Way::Write, 1),
        ],
        processes: [(thread(1), 3), (thread(2), 4)].into(),
        ..Steps::default()
    });
    let findings = ipclab_judge::judge(&shared(), &builder.e);
    let seen: Vec<&str> = findings
        .iter()
        .filter_map(|finding| finding.seen.as_deref())
        .collect();
    assert!(
        seen[1].ends_with(
            "the schedule:\n\
             process 3: read 0 at offset 4\n\
             -- process 3 loses its turn to process 4\n\
             process 4: changed offset 4 to 1 as one\n\
             -- process 4 loses its turn to process 3\n\
             process 3: wrote 1 at offset 4"
        ),
        "{seen:#?}"
    );
}

#[test]
fn what_threads_lost_is_drawn_with_lines_and_without_numbers_of_places() {
    let strategy = Strategy::Preemptions {
        most: 1,
        runs: 2_000,
    };
    let mut builder = searched(Reach::Failed { preemptions: 1 }, strategy);
    collided("3r 4w 3w")(&mut builder);
    let sharing = builder.e.sharing.as_mut().unwrap();
    let thread = |nth| ThreadId { actor: 0, nth };
    let line = |line| SourceLine {
        file: "counter.c".into(),
        line,
    };
    let memory = i64::from(i32::MIN);
    for collision in &mut sharing.collisions {
        collision.segment = i32::MIN;
        collision.read.thread = Some(1);
        collision.other.thread = Some(2);
    }
    let step = |nth: u16, way: Way, value: i64, lines: Vec<SourceLine>| Step {
        thread: thread(nth),
        ready: vec![thread(1), thread(2)],
        polling: Vec::new(),
        touches: vec![Touch {
            thing: Thing::Memory(memory),
            from: 1 << 48,
            to: (1 << 48) + 4,
            way,
        }],
        by_time: false,
        before_call: 1,
        value: Some(value),
        lines,
    };
    sharing.steps = Some(Steps {
        steps: vec![
            step(1, Way::Read, 0, vec![line(12)]),
            // As within malloc().
            step(2, Way::Write, 9, Vec::new()),
            step(2, Way::Write, 1, vec![line(13)]),
            step(1, Way::Write, 1, vec![line(13)]),
        ],
        processes: [(thread(1), 2), (thread(2), 2)].into(),
        ..Steps::default()
    });
    // Something else is wrong, too.
    let wrong = case(&format!("{SEARCH}stdout = \"counter: 2\"\n"));
    let findings = ipclab_judge::judge(&wrong, &builder.e);
    let seen = findings
        .iter()
        .filter_map(|finding| finding.seen.as_deref());
    let drawn = seen.filter_map(|seen| seen.split_once("the schedule:\n"));
    let drawn: Vec<&str> = drawn.map(|(_, drawn)| drawn).collect();
    assert_eq!(
        drawn,
        ["thread 2: read 0 at counter.c:12\n\
          -- thread 2 loses its turn to thread 3\n\
          thread 3: wrote 1 at counter.c:13\n\
          -- thread 3 loses its turn to thread 2\n\
          thread 2: wrote 1 at counter.c:13"]
    );
}

/// As a plan has a fault.
fn planned(fault: &ipclab_spec::Fault) -> Tamper {
    Tamper {
        actor: fault.actor.clone(),
        call: fault.calls[0].clone(),
        or: Vec::new(),
        on: fault.on.clone(),
        everywhere: fault.everywhere,
        occurrence: fault.occurrence,
        action: fault.kind.action(),
    }
}

/// It was said of each such fault that it had happened: a spec whose `store` never came was not noticed.
#[test]
fn a_fault_of_writes_that_never_come_has_not_happened() {
    let spec = "interleave = \"late-writers\"\nfault = [\"counter store #1: SIGKILL\", \"counter child_store #2: SIGKILL\"]\n\
                [case.actor.counter]\nstudent = \"client\"\nexit = \"any\"\n";
    let faults = case(spec).faults;
    let mut plan = Plan::new("t", World::default(), Vec::new());
    plan.tampers = faults.iter().map(planned).collect();
    let both = [
        "counter store #1: SIGKILL",
        "counter child_store #2: SIGKILL",
    ];
    let unmet = |tampered: Vec<usize>| {
        let mut builder = right();
        builder.e.sharing.as_mut().unwrap().tampered = tampered;
        ipclab_judge::unmet_faults(&plan, &builder.e)
    };
    assert_eq!(unmet(Vec::new()), both);
    assert_eq!(unmet(vec![1]), both[..1]);
    assert_eq!(unmet(vec![0, 1]), Vec::<String>::new());
}

/// A consumer waited for a semaphore, and the report did not say who had taken it.
#[test]
fn a_wait_for_a_semaphore_names_who_took_it_last() {
    let case = case("[case.actor.server]\nstudent = \"server\"\nexit = 0\n");
    // As above; process 2 is the first one, which waits in the end.
    let check = |story: &str, says: &str| {
        let mut builder = EvidenceBuilder::of(&["server"]);
        for word in story.split(' ') {
            let (pid, semaphore) = (word[..1].parse().unwrap(), &word[1..2]);
            let by = if word.ends_with('+') { "1" } else { "-1" };
            if word.ends_with('?') {
                builder.hangs(0, "semtimedop", None);
                let n = builder.last().n;
                builder.e.trace.pop();
                op(&mut builder, pid, &format!("[{{{semaphore}, {by}, 0}}]"));
                builder.last().returned = None;
                assert_eq!(builder.last().n, n);
                continue;
            }
            op(&mut builder, pid, &format!("[{{{semaphore}, {by}, 0}}]"));
            let line = builder.last().n + 30;
            builder.last().lines = vec![SourceLine {
                file: "server.c".to_owned(),
                line,
            }];
        }
        let said = complaints(&case, &builder);
        assert_eq!(
            said,
            [format!(
                "exit: server never ended: it waits in semop() {says}"
            )],
            "{story}"
        );
        keeps_to_the_style(&said);
    };
    check(
        "30- 20?",
        "(#2) for semaphore 0; process 3 of server took it last (#1, server.c:31), and no process has given it back",
    );
    check(
        "20- 30- 30+ 20?",
        "(#4) for semaphore 0; it took it last itself (#1, server.c:31), and no process has given it back",
    );
    check("30- 30+ 20?", "(#3) for semaphore 0");
    check("31+ 20?", "(#2) for semaphore 0; no process has raised it");
}
