use ipclab_evidence::{Occurrence, TamperAction};

use super::*;

const LAB: &str = r#"
format = 1
lab    = "tests"
title  = "For the planner's tests"
unit   = ["Q1"]
hosts.bakawali = "127.0.0.1"

[program.iserver]
source    = ["iserver.c"]
reference = "iserver"

[program.comclient]
source    = ["comclient.c"]
reference = "comclient"
"#;

fn spec(case: &str) -> Spec {
    let head = "\n[[case]]\nid = \"one\"\ntitle = \"a case\"\ntier = \"core\"\npoints = 1\ncovers = [\"Q1\"]\nhint = \"none\"\n";
    match ipclab_spec::parse("tests.toml", &format!("{LAB}{head}{case}")) {
        Ok(parsed) => parsed.spec,
        Err(diagnostics) => panic!("{}", diagnostics.render(false)),
    }
}

fn programs() -> Programs {
    let executable = |name: &str| {
        (
            name.to_owned(),
            Artifact::Executable(format!("/host/{name}").into()),
        )
    };
    Programs {
        plain: [executable("iserver"), executable("comclient")].into(),
        sanitized: [
            (Sanitizers::Memory, "/host/sanitized"),
            (Sanitizers::Threads, "/host/threads"),
        ]
        .map(|(which, path)| {
            let key = (which, "iserver".to_owned());
            (key, Artifact::Executable(path.into()))
        })
        .into(),
        own: "/host/ipclab".into(),
        ..Programs::default()
    }
}

/// A run with everything that it was made of.
#[derive(Debug, PartialEq)]
struct Run {
    label: Option<String>,
    values: BTreeMap<String, String>,
    case: Case,
    plan: Plan,
}

/// Plans every run of a case.
fn plan(spec: &Spec, case: &Case, programs: &Programs, seed: u64) -> Result<Vec<Run>, String> {
    variants(&spec.lab, case, seed)?
        .into_iter()
        .map(|variant| {
            Ok(Run {
                plan: run(spec, case, programs, &variant)?,
                case: case.filled(&variant.values),
                label: variant.label,
                values: variant.values,
            })
        })
        .collect()
}

fn planned(case: &str) -> Vec<Run> {
    let spec = spec(case);
    plan(&spec, &spec.cases[0], &programs(), 7).unwrap()
}

fn argv(actor: &evidence::Actor) -> Vec<String> {
    match &actor.run {
        evidence::Run::Program { argv, .. } | evidence::Run::Script { argv, .. } => {
            argv.iter().map(Bytes::to_text).collect()
        }
    }
}

const PAIR: &str = r#"
[case.actor.server]
student = "iserver 2"
listens = "tcp:12345"
exit    = 0
[case.actor.client]
reference = "comclient bakawali"
stdin     = "hello\n"
exit      = 0
"#;

#[test]
fn a_students_program_is_bound_alone_and_a_reference_is_out_of_its_sight() {
    let runs = planned(PAIR);
    let plan = &runs[0].plan;
    assert_eq!((runs.len(), runs[0].label.as_deref()), (1, None));
    let binds: Vec<_> = plan
        .world
        .binds
        .iter()
        .map(|bind| {
            (
                bind.inside.to_str().unwrap(),
                bind.trusted_only,
                bind.writable,
            )
        })
        .collect();
    assert_eq!(
        binds,
        [
            ("/lab/iserver", false, false),
            ("/ref/comclient", true, false)
        ]
    );
    assert_eq!(argv(&plan.actors[0]), ["./iserver", "2"]);
    assert_eq!(argv(&plan.actors[1]), ["./comclient", "bakawali"]);
    assert_eq!(
        plan.actors
            .iter()
            .map(|actor| actor.trusted)
            .collect::<Vec<_>>(),
        [false, true]
    );
    assert_eq!(plan.actors[1].stdin, Stdin::Text(Bytes::from("hello\n")));
    assert_eq!(plan.actors[0].stdin, Stdin::Text(Bytes::default()));
    assert_eq!(
        plan.world.hosts,
        [(
            "bakawali".to_owned(),
            IpAddr::V4(std::net::Ipv4Addr::LOCALHOST)
        )]
    );
    let evidence::Run::Program { env, path, .. } = &plan.actors[0].run else {
        panic!("a program")
    };
    assert_eq!(path, Path::new("/lab/iserver"));
    let names: Vec<&str> = env.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["PATH", "HOME", "LANG", "USER", "LOGNAME", "SHELL", "TERM"]
    );
}

#[test]
fn an_actor_starts_at_a_time_of_the_clock_when_the_one_before_it_is_ready() {
    let case = PAIR.replace("stdin     =", "after     = \"5s\"\nstdin     =");
    let plan = planned(&case).remove(0).plan;
    let expect = [Await::Ready("server".to_owned()), Await::Clock(5_000)];
    assert_eq!(plan.actors[1].start, expect);
}

#[test]
fn only_what_is_expected_to_run_serves_for_ever() {
    for (exit, serves) in [("\"running\"", true), ("0", false), ("\"any\"", false)] {
        let case = PAIR.replacen("exit    = 0", &format!("exit = {exit}"), 1);
        let plan = planned(&case).remove(0).plan;
        assert_eq!(plan.actors[0].serves, serves, "{exit}");
    }
}

#[test]
fn an_actor_starts_when_the_one_before_it_is_ready() {
    let plan = planned(PAIR).remove(0).plan;
    assert_eq!(plan.actors[0].start, []);
    assert_eq!(plan.actors[1].start, [Await::Ready("server".to_owned())]);
    let ready = plan.actors[0].ready.clone().unwrap();
    assert_eq!(
        (ready.protocol, ready.port, ready.ip),
        (evidence::Protocol::Tcp, Some(12345), None)
    );
}

#[test]
fn copies_start_together_and_are_awaited_together() {
    let case = r#"
[case.actor.server]
student = "iserver 2"
listens = "tcp:12345"
[case.actor.client]
reference = "comclient 127.0.0.1"
copies    = 2
stdin     = "hello\n"
exit      = 0
[case.actor.late]
reference = "comclient 127.0.0.1"
after     = "client exits"
stdin     = "late\n"
"#;
    let plan = planned(case).remove(0).plan;
    let starts: Vec<_> = plan
        .actors
        .iter()
        .map(|actor| (actor.name.as_str(), actor.start.clone()))
        .collect();
    let ready = vec![Await::Ready("server".to_owned())];
    let exits = vec![
        Await::Exits("client.1".to_owned()),
        Await::Exits("client.2".to_owned()),
    ];
    assert_eq!(
        starts,
        [
            ("server", vec![]),
            ("client.1", ready.clone()),
            ("client.2", ready),
            ("late", exits)
        ]
    );
    let references = plan
        .world
        .binds
        .iter()
        .filter(|bind| bind.trusted_only)
        .count();
    assert_eq!(references, 1, "one bind serves all copies");
}

#[test]
fn fail_each_is_one_run_for_each_call_and_likely_error() {
    let case = r#"
fail_each = ["bind", "listen"]
[case.actor.server]
student = "iserver"
exit    = "failure"
stderr.contains = ["{{fault.call}}", "{{fault.message}}"]
"#;
    let runs = planned(case);
    let labels: Vec<_> = runs.iter().filter_map(|run| run.label.as_deref()).collect();
    assert_eq!(
        labels,
        [
            "when bind() fails with EADDRINUSE",
            "when bind() fails with EACCES",
            "when listen() fails with EADDRINUSE"
        ]
    );
    assert_eq!(
        runs[1].plan.tampers,
        [Tamper {
            actor: "server".to_owned(),
            call: "bind".to_owned(),
            or: Vec::new(),
            on: None,
            everywhere: false,
            occurrence: Occurrence::Every,
            action: TamperAction::Fail("EACCES".to_owned()),
        }]
    );
    let wanted = ipclab_spec::OutputExpectation::Contains(vec![
        Template::text("bind"),
        Template::text("Permission denied"),
    ]);
    assert_eq!(runs[1].case.actors[0].stderr, [wanted]);
}

#[test]
fn a_fault_fills_its_words_in_and_meets_its_occurrence() {
    let case = r#"
fault = ["server recv #2: EINTR", "client send: at most 5 bytes"]
[case.actor.server]
student = "iserver"
listens = "tcp:12345"
stderr.contains = ["{{fault.message}}"]
[case.actor.client]
reference = "comclient 127.0.0.1"
copies    = 2
"#;
    let run = planned(case).remove(0);
    let tampers: Vec<_> = run
        .plan
        .tampers
        .iter()
        .map(|one| (one.actor.as_str(), one.occurrence))
        .collect();
    assert_eq!(
        tampers,
        [
            ("server", Occurrence::Nth(2)),
            ("client.1", Occurrence::Every),
            ("client.2", Occurrence::Every)
        ]
    );
    assert_eq!(run.values["fault.message"], "Interrupted system call");
}

#[test]
fn a_varied_case_repeats_from_its_seed() {
    let case = r#"
runs = 6
oracle = "reference"
vary.text = { length = "0..9", of = "letters" }
vary.n    = { int = "1..3" }
[case.actor.server]
student = "iserver {{n}}"
listens = "tcp:12345"
[case.actor.client]
reference = "comclient 127.0.0.1"
copies    = "{{n}}"
stdin     = "{{text}}\n"
"#;
    let runs = planned(case);
    assert_eq!(runs, planned(case));
    assert_eq!(runs.len(), 6);
    for run in &runs {
        let count: usize = run.values["n"].parse().unwrap();
        assert_eq!(run.plan.actors.len(), 1 + count, "{:?}", run.label);
        assert_eq!(argv(&run.plan.actors[0])[1], run.values["n"]);
        assert_eq!(
            run.plan.actors[1].stdin,
            Stdin::Text(Bytes::from(format!("{}\n", run.values["text"]).as_str()))
        );
    }
    let spec = spec(case);
    assert_ne!(runs, plan(&spec, &spec.cases[0], &programs(), 8).unwrap());
}

#[test]
fn peers_are_played_by_the_tool_and_keep_their_authors_words() {
    let case = r#"
[case.actor.server]
student = "iserver"
listens = "tcp:12345"
[case.actor.rude]
peer = ["connect tcp:12345", "send 'hal'", "until server waits", "reset"]
"#;
    let plan = planned(case).remove(0).plan;
    let evidence::Run::Script { path, steps, .. } = &plan.actors[1].run else {
        panic!("a script")
    };
    assert_eq!(path, Path::new("/ref/ipclab-peer"));
    assert_eq!(
        steps,
        &[
            "connect tcp:12345",
            "send 'hal'",
            "until server waits",
            "reset"
        ]
    );
    assert!(plan.world.binds.iter().any(|bind| bind.inside == *path
        && bind.host == Path::new("/host/ipclab")
        && bind.trusted_only));
}

#[test]
fn processes_that_take_turns_do_so_in_one_run_for_each_order() {
    let case = r#"
interleave = ["late-writers", "drawn"]
fault = ["server store #3: SIGKILL"]
[case.actor.server]
student = "iserver"
exit    = 0
"#;
    let runs = planned(case);
    let orders: Vec<_> = runs.iter().map(|run| run.plan.turns.clone()).collect();
    let [
        Some(evidence::Order::LateWriters),
        Some(evidence::Order::Drawn(_)),
    ] = orders[..]
    else {
        panic!("{orders:?}")
    };
    for run in &runs {
        assert_eq!(run.plan.tampers[0].call, "store");
        assert!(run.plan.limits.cpu_ms > Limits::default().cpu_ms);
    }
    let plain = planned("[case.actor.server]\nstudent = \"iserver\"\nexit = 0\n");
    assert_eq!(plain[0].plan.turns, None);
}

#[test]
fn a_program_may_print_as_many_lines_as_its_case_says() {
    let default = Limits::default();
    let case = |says: &str| {
        let text = format!("{says}[case.actor.server]\nstudent = \"iserver\"\nexit = 0\n");
        planned(&text).remove(0).plan.limits
    };
    let (none, few, many) = (
        case(""),
        case("output_lines = 100\n"),
        case("output_lines = 20000\n"),
    );
    assert_eq!(
        (none.output_lines, none.output_bytes),
        (default.output_lines, default.output_bytes)
    );
    assert_eq!(
        (few.output_lines, few.output_bytes),
        (100, default.output_bytes)
    );
    assert_eq!((many.output_lines, many.output_bytes), (20_000, 2_560_000));
    assert!(many.output_kept > many.output_bytes);
    // A server of a crowd prints more.
    let crowd = r#"
[case.actor.server]
student = "iserver"
listens = "tcp:9000"
exit    = 0
[case.actor.crowd]
peer = ["200 times connect tcp:9000"]
"#;
    let crowd = planned(crowd).remove(0).plan.limits;
    assert_eq!(crowd.output_lines, default.output_lines + 4_000);
}

#[test]
fn a_sanitized_case_runs_the_other_build_without_a_bound_on_its_address_space() {
    let case = r#"
sanitize = true
[case.actor.server]
student = "iserver"
exit    = 0
"#;
    let plan = planned(case).remove(0).plan;
    assert_eq!(plan.world.binds[0].host, Path::new("/host/sanitized"));
    assert!(
        plan.limits.reserves,
        "sanitizers reserve terabytes and use little of them"
    );
    let evidence::Run::Program { env, .. } = &plan.actors[0].run else {
        panic!("a program")
    };
    let (_, options) = env.iter().find(|(name, _)| name == "ASAN_OPTIONS").unwrap();
    let status = format!("exitcode={SANITIZER_STATUS}");
    for option in ["detect_leaks=0", &status] {
        assert!(options.split(':').any(|one| one == option), "{options}");
    }
}

#[test]
fn a_case_of_races_runs_the_build_that_looks_for_them() {
    let case = r#"
sanitize = "thread"
[case.actor.server]
student = "iserver"
exit    = 0
"#;
    let plan = planned(case).remove(0).plan;
    assert_eq!(plan.world.binds[0].host, Path::new("/host/threads"));
    assert!(plan.limits.reserves);
    let evidence::Run::Program { env, .. } = &plan.actors[0].run else {
        panic!("a program")
    };
    let (_, options) = env.iter().find(|(name, _)| name == "TSAN_OPTIONS").unwrap();
    let status = format!("exitcode={SANITIZER_STATUS}");
    for option in ["detect_deadlocks=0", &status] {
        assert!(options.split(':').any(|one| one == option), "{options}");
    }
}

#[test]
fn programs_of_two_submissions_are_shown_to_their_own_actors() {
    const BOTH: &str = r#"
[case.actor.server]
student = "iserver 2"
listens = "tcp:12345"
exit    = 0
[case.actor.client]
student = "comclient localhost"
exit    = 0
"#;
    let spec = spec(BOTH);
    let check = |guests: &[&str], parties: [u32; 2], shown: [Option<u32>; 2]| {
        let programs = Programs {
            guests: guests.iter().map(|name| (*name).to_owned()).collect(),
            ..programs()
        };
        let runs = plan(&spec, &spec.cases[0], &programs, 7).unwrap();
        let plan = &runs[0].plan;
        let actors: Vec<u32> = plan.actors.iter().map(|actor| actor.party).collect();
        let binds: Vec<_> = plan.world.binds.iter().map(|bind| bind.party).collect();
        assert_eq!((actors, binds), (parties.to_vec(), shown.to_vec()));
    };
    check(&[], [0, 0], [None, None]);
    check(&["comclient"], [0, 1], [Some(0), Some(1)]);
}

#[test]
fn interpreted_programs_share_their_folder() {
    let mut programs = programs();
    let script = |n: u8, name: &str| Artifact::Command {
        tool: Some(Tool {
            path: "/usr/bin/python3".into(),
            folders: Vec::new(),
        }),
        argv: vec!["python3".to_owned(), name.to_owned()],
        entries: ["client.py", "iserver", "server.py"]
            .map(|file| (format!("/host/{n}/{file}").into(), file.into()))
            .into(),
    };
    programs
        .plain
        .insert("comclient".to_owned(), script(1, "client.py"));
    let case = r#"
[case.actor.server]
student = "iserver"
listens = "tcp:12345"
[case.actor.client]
student = "comclient 127.0.0.1"
"#;
    let spec = spec(case);
    let plan = plan(&spec, &spec.cases[0], &programs, 0)
        .unwrap()
        .remove(0)
        .plan;
    assert_eq!(argv(&plan.actors[1]), ["python3", "client.py", "127.0.0.1"]);
    // Two scripts that both write what Python keeps of one file would have an order.
    let keeps_nothing = plan.actors.iter().map(|actor| match &actor.run {
        evidence::Run::Program { env, .. } => env
            .iter()
            .any(|(name, _)| name == "PYTHONDONTWRITEBYTECODE"),
        evidence::Run::Script { .. } => false,
    });
    assert_eq!(keeps_nothing.collect::<Vec<_>>(), [false, true]);
    let hosts: Vec<_> = plan
        .world
        .binds
        .iter()
        .map(|bind| (bind.inside.to_str().unwrap(), bind.host.to_str().unwrap()))
        .collect();
    assert_eq!(
        hosts,
        [
            ("/lab/iserver", "/host/iserver"),
            ("/lab/client.py", "/host/1/client.py"),
            ("/lab/server.py", "/host/1/server.py")
        ]
    );
}

#[test]
fn what_is_given_is_there_before() {
    let case = r#"
[case.given]
files."/tmp/s" = "stale socket"
files."/tmp/h" = { text = "x", size = 4096 }
files."/tmp/l" = { target = "h" }
files."/tmp/n" = { link = "/tmp/h" }
shm.100 = { size = 16, mode = "0600", holds = "old", owner = "other" }
hosts.bakawali = "127.0.0.2"
[case.actor.server]
student = "iserver"
exit    = 0
[case.shm.100]
after = "server exits"
size  = 16
"#;
    let plan = planned(case).remove(0).plan;
    let files = plan.world.files.iter();
    let files: Vec<_> = files.map(|file| (file.kind.clone(), file.size)).collect();
    assert_eq!(
        files,
        [
            (evidence::GivenKind::StaleSocket, None),
            (evidence::GivenKind::Text("x".into()), Some(4096)),
            (evidence::GivenKind::Symlink("h".into()), None),
            (evidence::GivenKind::HardLink("/tmp/h".into()), None),
        ]
    );
    let segment = &plan.world.segments[0];
    assert_eq!(
        (segment.key, segment.size, segment.mode, segment.foreign),
        (100, 16, 0o600, true)
    );
    assert_eq!(
        plan.world.hosts,
        [("bakawali".to_owned(), "127.0.0.2".parse().unwrap())]
    );
    assert_eq!(
        plan.watches,
        [Watch {
            of: ipclab_evidence::IpcKind::Segment,
            key: 100,
            when: Await::Exits("server".to_owned())
        }]
    );
}

#[test]
fn what_cannot_be_planned_is_said_and_not_guessed() {
    let spec = spec(PAIR);
    let nothing = Programs {
        own: "/host/ipclab".into(),
        ..Programs::default()
    };
    assert_eq!(
        plan(&spec, &spec.cases[0], &nothing, 0),
        Err("iserver was not built".to_owned())
    );
}
