//! Whole specs: what they resolve to; and those of the repository.

use std::collections::BTreeMap;
use std::time::Duration;

use ipclab_evidence::Occurrence;
use ipclab_spec::{
    Action, After, Amount, AnyPlace, ArgPattern, Aspect, CallPattern, Case, Count, Data, Draw,
    Endpoint, ExitExpectation, FaultKind, GivenKind, Hole, Leftover, Named, OutputExpectation,
    Part, Player, Points, Reference, ResultPattern, Sanitizers, Spec, Template, Tier,
    TranscriptLine, Turns, Visibility, Wanted, parse,
};

fn spec(text: &str) -> Spec {
    match parse("lab.toml", text) {
        Ok(parsed) => {
            assert!(parsed.warnings.is_empty(), "{}", parsed.warnings);
            parsed.spec
        }
        Err(diagnostics) => panic!("{diagnostics}"),
    }
}

/// So many and no other number.
fn exactly(number: u64) -> Option<Count> {
    let number = Template::text(number.to_string());
    Some(Count {
        least: Some(number.clone()),
        most: Some(number),
    })
}

const HEAD: &str = r#"
format = 1
lab    = "parrot"
title  = "A parrot and its keeper"
unit   = ["Q4", "Q6"]
limit  = "1500ms"

[program.parrot]
source    = ["parrot.c", "bird.c"]
reference = "iserver"

[program.keeper]
source    = "keeper.c"
reference = { source = ["ref/keeper.c", "ref/cage.c"] }
build     = "cc -o keeper keeper.c"
flags     = ["-pthread"]
"#;

fn case(text: &str) -> Case {
    let whole = format!(
        "{HEAD}\n[[case]]\nid = \"x\"\ntitle = \"t\"\ntier = \"core\"\ncovers = [\"Q6\"]\n{text}\n\
         [case.actor.extra]\nreference = \"keeper\"\nafter = \"bird exits\"\n\
         [case.actor.extra2]\nreference = \"parrot\"\nafter = \"extra exits\"\n"
    );
    spec(&whole).cases.remove(0)
}

fn text(template: &Template) -> &str {
    template.as_text().unwrap()
}

/// A template as a spec has it.
fn written(template: &Template) -> String {
    let parts = template.parts.iter().map(|part| match part {
        Part::Text(text) => text.clone(),
        Part::Hole(hole) => hole.to_string(),
    });
    parts.collect()
}

#[test]
fn a_lab_and_its_programs() {
    let spec = spec(&format!(
        "{HEAD}\n# The first.\n[[case]] # here\nid = \"one\"\ntitle = \"squawks\"\ntier = \"robust\"\npoints = 3\n\
         covers = [\"Q4\"]\nhint = \"Listen.\"\nvisibility = \"after-deadline\"\nsanitize = true\norder = \"any\"\n\n\
         [case.actor.bird]\nstudent = \"parrot\" # the student's\n\n# The second.\n[[case]]\nid = \"two\"\n\
         like = \"one\"\nlimit = \"2m\"\nrequires = [\"one\"]\n[case.actor.bird]\nreference = \"keeper\"\n\
         [case.actor.cat]\nstudent = \"parrot 2\"\n"
    ));
    assert_eq!(
        (spec.lab.as_str(), spec.title.as_str()),
        ("parrot", "A parrot and its keeper")
    );
    assert_eq!(spec.unit, ["Q4", "Q6"]);
    let [parrot, keeper] = spec.programs.as_slice() else {
        panic!()
    };
    assert_eq!(parrot.sources, ["parrot.c", "bird.c"]);
    assert_eq!(parrot.reference, Reference::BuiltIn("iserver".into()));
    assert_eq!(parrot.build, None);
    assert_eq!(
        keeper.reference,
        Reference::Sources(vec!["ref/keeper.c".into(), "ref/cage.c".into()])
    );
    assert_eq!(keeper.build.as_deref(), Some("cc -o keeper keeper.c"));
    assert_eq!(keeper.flags, ["-pthread"]);

    let one = spec.case("one").unwrap();
    assert_eq!(
        (one.tier, &one.points, one.runs),
        (Tier::Robust, &Points::Whole(3), 1)
    );
    assert_eq!(
        (one.visibility, one.sanitize),
        (Visibility::AfterDeadline, Some(Sanitizers::Memory))
    );
    assert_eq!(
        (one.limit, one.hint.as_deref()),
        (Duration::from_millis(1500), Some("Listen."))
    );
    assert_eq!(one.line, 19);
    assert!(
        one.text.starts_with("[[case]] # here\nid = \"one\""),
        "{}",
        one.text
    );
    assert!(
        one.text.ends_with("student = \"parrot\" # the student's"),
        "{}",
        one.text
    );

    let two = spec.case("two").unwrap();
    assert_eq!(
        (two.title.as_str(), two.tier, two.points.max()),
        ("squawks", Tier::Robust, 3)
    );
    assert_eq!(two.limit, Duration::from_secs(120));
    assert_eq!(two.requires, ["one"]);
    assert!(
        two.text.starts_with("[[case]]\nid = \"two\"\nlike"),
        "{}",
        two.text
    );
    // Who plays is replaced, not added.
    assert!(
        matches!(&two.actors[0].player, Player::Reference { program, .. } if program == "keeper")
    );
    assert_eq!(two.actors[1].name, "cat");
    assert_eq!(two.needs(), ["parrot"]);
}

#[test]
fn actors_in_file_order_with_all_they_can_have() {
    let case = case(
        r#"
points = { output = 2, exit = 1, bytes = 1 }
[case.actor.zebra]
student = "parrot 'two words' '' a\\ b \"c d\""
listens = "tcp:0.0.0.0:12345"
exit    = "running"
stdout.lines = ["ready", 'said "hi"']
stdout.lacks = "error"
stderr.regex = '^\d+$'

[case.actor.bird]
reference = "keeper localhost"
stdin     = "hello\n"
copies    = 2
after     = "zebra listens"
exit      = "SIGPIPE"
stdout = '''
first
...
pid {{bird.pid}} sent {{bird.sent.2}}
from ... to {{int}}
'''

[case.wire]
"bird -> zebra" = { bytes = 49 }
"zebra->bird"   = { sent = 5, received = ["a", "b{{bird.pid}}"] }
"#,
    );
    assert_eq!(
        case.points,
        Points::Split(vec![
            (Aspect::Output, 2),
            (Aspect::Exit, 1),
            (Aspect::Bytes, 1)
        ])
    );
    let [zebra, bird, ..] = case.actors.as_slice() else {
        panic!()
    };
    let Player::Student { program, args } = &zebra.player else {
        panic!()
    };
    assert_eq!(program, "parrot");
    assert_eq!(
        args.iter().map(text).collect::<Vec<_>>(),
        ["two words", "", "a b", "c d"]
    );
    assert_eq!(
        zebra.listens,
        Some(Endpoint::Tcp {
            ip: Some([0, 0, 0, 0].into()),
            port: 12345
        })
    );
    assert_eq!(zebra.exit, Some(ExitExpectation::Running));
    assert_eq!(
        (&zebra.stdin, text(&zebra.copies), &zebra.after),
        (&None, "1", &None)
    );
    assert_eq!(
        zebra.stdout,
        [
            OutputExpectation::Lines(vec![Template::text("ready"), Template::text("said \"hi\"")]),
            OutputExpectation::Lacks(vec![Template::text("error")]),
        ]
    );
    assert_eq!(
        zebra.stderr,
        [OutputExpectation::Regex(vec![Template::text(r"^\d+$")])]
    );

    assert_eq!(bird.after, Some(After::Listens("zebra".into())));
    assert_eq!(bird.exit, Some(ExitExpectation::Signal("SIGPIPE".into())));
    assert_eq!(
        (text(bird.stdin.as_ref().unwrap()), text(&bird.copies)),
        ("hello\n", "2")
    );
    let part = |text: &str| Part::Text(text.into());
    let line = |parts: Vec<Part>| TranscriptLine::Line(Template { parts });
    assert_eq!(
        bird.stdout,
        [OutputExpectation::Transcript(vec![
            line(vec![part("first")]),
            TranscriptLine::Elided,
            line(vec![
                part("pid "),
                Part::Hole(Hole::Pid {
                    actor: "bird".into()
                }),
                part(" sent "),
                Part::Hole(Hole::Sent {
                    actor: "bird".into(),
                    nth: Some(2)
                }),
            ]),
            line(vec![
                part("from "),
                Part::Hole(Hole::Any),
                part(" to "),
                Part::Hole(Hole::Int)
            ]),
        ])]
    );

    let [to, back] = case.wire.as_slice() else {
        panic!()
    };
    assert_eq!((to.from.as_str(), to.to.as_str()), ("bird", "zebra"));
    let bytes = Some(Amount::Bytes(Template::text("49")));
    assert_eq!((&to.sent, &to.received), (&bytes, &bytes));
    assert_eq!(back.sent, Some(Amount::Bytes(Template::text("5"))));
    assert!(matches!(&back.received, Some(Amount::Messages(messages)) if messages.len() == 2));
}

#[test]
fn resources_before_and_after() {
    let case = case(
        r#"
points = 1
[case.actor.bird]
student = "parrot"

[case.given]
files."/tmp/s" = "stale socket"
files."/tmp/d" = "directory"
files."/tmp/t" = { text = "hi", mode = "0600" }
shm.100 = { size = 16, mode = "0644", holds = "old\u0000", owner = "other" }
shm.0x65 = { size = 1 }
sem.7 = { values = [1, 0] }
hosts.bakawali = "127.0.0.2"

[case.leaves]
may  = ["/tmp/s*", "shm:0x64", "shm:private", "tcp:12345", "process"]
must = ["posix-shm:/x", "msg:3", "sem:7"]

[case.shm.100]
after = "bird exits"
size = 1024
mode = "0644"
attached = 0
holds = "Hello\u0000"

[case.shm.200]
exists = false
"#,
    );
    let given = &case.given;
    assert_eq!(given.files.len(), 3);
    assert_eq!(given.files[0].kind, GivenKind::StaleSocket);
    assert_eq!(given.files[1].kind, GivenKind::Directory);
    assert_eq!(
        (&given.files[2].kind, given.files[2].mode),
        (&GivenKind::Text(Template::text("hi")), Some(0o600))
    );
    assert_eq!(
        (given.shm[0].key, given.shm[0].mode, given.shm[0].foreign),
        (100, 0o644, true)
    );
    assert_eq!(
        (
            given.shm[1].key,
            given.shm[1].size,
            given.shm[1].mode,
            given.shm[1].foreign
        ),
        (101, 1, 0o600, false)
    );
    assert_eq!(given.sem[0].values, [1, 0]);
    assert_eq!(
        given.hosts,
        [("bakawali".to_owned(), [127, 0, 0, 2].into())]
    );
    assert_eq!(
        case.leaves.may,
        [
            Leftover::Path("/tmp/s*".into()),
            Leftover::Shm(Named::Key(100)),
            Leftover::Shm(Named::Private),
            Leftover::Port(Endpoint::Tcp {
                ip: None,
                port: 12345
            }),
            Leftover::Process,
        ]
    );
    assert_eq!(
        case.leaves.must,
        [
            Leftover::PosixShm("/x".into()),
            Leftover::Msg(Named::Key(3)),
            Leftover::Sem(Named::Key(7))
        ]
    );
    let [first, second] = case.shm.as_slice() else {
        panic!()
    };
    assert_eq!(
        (first.key, &first.size, first.mode, &first.attached),
        (100, &exactly(1024), Some(0o644), &exactly(0))
    );
    assert_eq!(text(first.holds.as_ref().unwrap()), "Hello\0");
    assert_eq!(first.after, Some(After::Exits("bird".into())));
    assert_eq!((second.key, second.exists), (200, Some(false)));
}

#[test]
fn a_number_may_be_a_range() {
    let case = case(
        r#"
points = 2
order = "any"
[case.actor.bird]
student = "parrot"
stdout.any_of = ["hello", "good\nday"]
[case.actor.zebra]
reference = "keeper"
[case.shm.100]
size = { at_least = 1024 }
attached = { at_least = 1, at_most = 2 }
[case.wire]
"bird -> zebra" = { bytes = { at_least = 1 } }
"#,
    );
    let end = |number: &str| Some(Template::text(number));
    let at_least = |least: &str| Count {
        least: end(least),
        most: None,
    };
    assert_eq!(case.shm[0].size, Some(at_least("1024")));
    let attached = case.shm[0].attached.as_ref().unwrap();
    assert_eq!((&attached.least, &attached.most), (&end("1"), &end("2")));
    let amount = Some(Amount::Range(at_least("1")));
    assert_eq!(
        (&case.wire[0].sent, &case.wire[0].received),
        (&amount, &amount)
    );
    assert_eq!(
        case.actors[0].stdout,
        [OutputExpectation::AnyOf(vec![
            Template::text("hello"),
            Template::text("good\nday")
        ])]
    );
}

#[test]
fn a_place_of_the_programs_own_choice_is_filled_in_for_others() {
    let case = case(
        r#"
points = 2
[case.actor.bird]
student = "parrot"
listens = "unix:any"
[case.actor.zebra]
reference = "keeper {{bird.listens.path}}"
[case.actor.cat]
peer = ["connect {{bird.listens}}", "connect unix-dgram:{{bird.listens.path}}"]
[case.leaves]
may = ["{{bird.listens.path}}"]
"#,
    );
    let [bird, zebra, cat, ..] = case.actors.as_slice() else {
        panic!()
    };
    assert_eq!(bird.listens, Some(Endpoint::Any(AnyPlace::Unix)));
    let Player::Reference { args, .. } = &zebra.player else {
        panic!()
    };
    assert_eq!(written(&args[0]), "{{bird.listens.path}}");
    let given: Vec<String> = cat.given_at_start().into_iter().map(written).collect();
    assert_eq!(
        given,
        ["{{bird.listens}}", "unix-dgram:{{bird.listens.path}}"]
    );
    assert_eq!(case.leaves.may, [Leftover::Served("bird".into())]);
}

#[test]
fn a_start_at_a_time_of_the_clock() {
    for (text, ms) in [("5s", 5_000), ("250ms", 250), ("2m", 120_000)] {
        let case = case(&format!(
            "points = 1\n[case.actor.bird]\nstudent = \"parrot\"\nexit = 0\nafter = \"{text}\"\n"
        ));
        let after = case.actors[0].after.clone();
        let time = std::time::Duration::from_millis(ms);
        assert_eq!(after, Some(After::Clock(time)), "{text}");
    }
}

#[test]
fn orders_of_turns() {
    let case = case(
        "points = 1\ninterleave = [\"newest-first\", \"drawn\"]\nfault = [\"bird store #2: SIGKILL\"]\n\
         [case.actor.bird]\nstudent = \"parrot\"\nexit = 0\n",
    );
    assert_eq!(case.interleave, [Turns::NewestFirst, Turns::Drawn]);
    assert_eq!(
        (case.faults[0].calls[0].as_str(), &case.faults[0].kind),
        ("store", &FaultKind::Signal("SIGKILL".into()))
    );
    let all = self::case(
        "points = 1\ninterleave = \"all\"\n[case.actor.bird]\nstudent = \"parrot\"\nexit = 0\n",
    );
    assert_eq!(all.interleave, Turns::ALL);
}

#[test]
fn searches_of_schedules() {
    for (text, expect) in [
        (
            "{ preemptions = 2 }",
            Turns::Preemptions {
                most: 2,
                runs: Turns::SEARCH_RUNS,
            },
        ),
        (
            "{ preemptions = 0, runs = 50 }",
            Turns::Preemptions { most: 0, runs: 50 },
        ),
        (
            "{ pct = 3, runs = 800 }",
            Turns::Pct {
                depth: 3,
                runs: 800,
            },
        ),
        (
            "{ pct = 1 }",
            Turns::Pct {
                depth: 1,
                runs: Turns::PCT_RUNS,
            },
        ),
    ] {
        let case = case(&format!(
            "points = 1\ninterleave = {text}\n[case.actor.bird]\nstudent = \"parrot\"\nexit = 0\n"
        ));
        assert_eq!(case.interleave, [expect]);
        assert_eq!(expect.search().as_deref(), Some(text));
    }
}

#[test]
fn calls_and_faults() {
    let case = case(
        r#"
points = 1
fail_each = ["socket", "bind"]
fault = ["bird recv #2: at most 5 bytes", "bird accept: EINTR", "bird send: SIGINT"]
[case.actor.bird]
student = "parrot"
stderr.contains = ["{{fault.call}}: {{fault.message}}"]
[case.calls]
bird = [
  "shmget(100, 0x400, IPC_CREAT|0644) >= 0",
  "open(\"/tmp/x\", _, ...) = ENOENT",
  "shmat(...) = -1 EACCES",
  "no accept()",
  "every socket() has close(_) = 0",
]
"#,
    );
    assert_eq!(case.fail_each, ["socket", "bind"]);
    assert_eq!(
        (case.faults[0].occurrence, &case.faults[0].kind),
        (Occurrence::Nth(2), &FaultKind::AtMost(5))
    );
    assert_eq!(case.faults[1].kind, FaultKind::Errno("EINTR".into()));
    assert_eq!(case.faults[2].kind, FaultKind::Signal("SIGINT".into()));
    let [get, open, at, no, every] = case.calls[0].patterns.as_slice() else {
        panic!()
    };
    let CallPattern::Has(get) = get else { panic!() };
    assert_eq!(
        get.args,
        [
            ArgPattern::Number(100),
            ArgPattern::Number(1024),
            ArgPattern::Flags(vec!["IPC_CREAT".into(), "0644".into()])
        ]
    );
    assert_eq!(
        (get.open, &get.result),
        (false, &Some(ResultPattern::AtLeast(0)))
    );
    assert_eq!(get.text, "shmget(100, 0x400, IPC_CREAT|0644) >= 0");
    let CallPattern::Has(open) = open else {
        panic!()
    };
    assert_eq!(
        open.args,
        [ArgPattern::Text("/tmp/x".into()), ArgPattern::Any]
    );
    assert_eq!(
        (open.open, &open.result),
        (true, &Some(ResultPattern::Errno("ENOENT".into())))
    );
    assert!(
        matches!(at, CallPattern::Has(at) if at.result == Some(ResultPattern::Errno("EACCES".into())))
    );
    assert!(
        matches!(no, CallPattern::No(call) if call.name == "accept" && call.open && call.args.is_empty())
    );
    assert!(
        matches!(every, CallPattern::Every { opener, closer } if opener.name == "socket" && closer.name == "close")
    );
}

#[test]
fn a_fault_may_last_and_mean_several_calls() {
    let check = |written: &str, calls: &[&str], occurrence: Occurrence| {
        let case = case(&format!(
            "points = 1\nfault = [\"{written}\"]\n[case.actor.bird]\nstudent = \"parrot\"\n"
        ));
        let [fault] = case.faults.as_slice() else {
            panic!("one fault")
        };
        assert_eq!(
            (fault.calls.as_slice(), fault.occurrence),
            (
                calls
                    .iter()
                    .map(|&call| call.to_owned())
                    .collect::<Vec<_>>()
                    .as_slice(),
                occurrence
            )
        );
        assert_eq!(fault.to_string(), written, "as it was written");
    };
    check("bird fork #2: EAGAIN", &["fork"], Occurrence::Nth(2));
    check("bird fork from #2: EAGAIN", &["fork"], Occurrence::From(2));
    let both = ["write", "copy_file_range"];
    check(
        "bird write or copy_file_range on file: ENOSPC",
        &both,
        Occurrence::Every,
    );
    check(
        "bird write or copy_file_range on file from #3: at most 5 bytes",
        &both,
        Occurrence::From(3),
    );
}

#[test]
fn variables_are_filled_in_everywhere() {
    let case = case(
        r#"
points = { output = 1, bytes = 1 }
fault = ["bird send: ENOSPC"]
oracle = "reference"
order = "any"
vary.text = { length = "0..99", of = "letters" }
vary.n    = { int = "1..4" }
vary.one  = { one_of = ["a", "b"] }
[case.actor.bird]
student = "parrot {{n}} 'x {{one}}'"
stdin   = "{{text}}\n"
copies  = "{{n}}"
stdout.lines = ["got {{text}} {{any}} {{fault.message}}"]
[case.actor.rude]
peer = ["connect tcp:12345", "send '{{text}}\u0000' in pieces of 1", "recv 'x{{text}}'", "close"]
[case.wire]
"bird -> rude" = ["{{text}}"]
[case.given]
files."/tmp/x" = "{{one}}"
shm.100 = { size = 99, holds = "{{text}}" }
"#,
    );
    assert_eq!(case.runs, 20);
    assert!(case.oracle);
    assert!(matches!(
        case.vary[0].draw,
        Draw::Text {
            min: 0,
            max: 99,
            ..
        }
    ));
    assert_eq!(case.vary[1].draw, Draw::Int { min: 1, max: 4 });
    let values: BTreeMap<String, String> = [
        ("text", "it's \"{{n}}\"\n"),
        ("n", "3"),
        ("one", "b"),
        ("fault.message", "No space left on device"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let filled = case.filled(&values);
    let bird = filled.actor("bird").unwrap();
    let Player::Student { args, .. } = &bird.player else {
        panic!()
    };
    assert_eq!(args.iter().map(text).collect::<Vec<_>>(), ["3", "x b"]);
    assert_eq!(
        (text(&bird.copies), text(bird.stdin.as_ref().unwrap())),
        ("3", "it's \"{{n}}\"\n\n")
    );
    let [OutputExpectation::Lines(lines)] = bird.stdout.as_slice() else {
        panic!()
    };
    assert_eq!(
        lines[0].parts,
        [
            Part::Text("got it's \"{{n}}\"\n ".into()),
            Part::Hole(Hole::Any),
            Part::Text(" No space left on device".into())
        ]
    );
    assert_eq!(
        filled.wire[0].sent,
        Some(Amount::Messages(vec![Template::text("it's \"{{n}}\"\n")]))
    );
    assert_eq!(
        filled.given.files[0].kind,
        GivenKind::Text(Template::text("b"))
    );
    assert_eq!(text(&filled.given.shm[0].holds), "it's \"{{n}}\"\n");
    // What the peer's own program reads says the same as the action, whatever was drawn.
    let Player::Peer { steps } = &filled.actor("rude").unwrap().player else {
        panic!()
    };
    for step in steps {
        assert_eq!(
            &ipclab_spec::parse_step(&step.text, &[]).unwrap().action,
            &step.action
        );
    }
    assert_eq!(steps[1].text, r#"send "it's \"{{n}}\"\n\0" in pieces of 1"#);
    assert_eq!(
        steps[2].action,
        Action::Recv(Wanted::Data(Data::Text(Template::text(
            "xit's \"{{n}}\"\n"
        ))))
    );
}

#[test]
fn a_submission_says_where_its_programs_are() {
    let mapping = ipclab_spec::submission(
        "ipclab.toml",
        "lab = \"parrot\"\n[program.parrot]\nsource = \"src/My Parrot.c\"\n\
         [program.keeper]\nbuild = \"rustc -O 'the keeper.rs' -o keeper\"\nrun = \"python3 keeper.py\"\n",
    )
    .unwrap();
    assert_eq!(mapping.lab.as_deref(), Some("parrot"));
    assert_eq!(
        mapping.program("parrot").unwrap().sources,
        ["src/My Parrot.c"]
    );
    let keeper = mapping.program("keeper").unwrap();
    assert_eq!(
        keeper.build,
        ["rustc", "-O", "the keeper.rs", "-o", "keeper"]
    );
    assert_eq!(keeper.run, ["python3", "keeper.py"]);
    assert!(keeper.sources.is_empty() && mapping.program("cat").is_none());
}

/// `msg recv` and `fifo recv` expect bytes as `recv` does, so a case with nothing else may have points for them.
#[test]
fn what_a_peer_receives_earns_points_for_bytes() {
    for step in [
        "recv 'x'",
        "each recv 'x'",
        "msg recv 200 'x'",
        "fifo recv 'x'",
    ] {
        let text = format!(
            "format = 2\nlab = \"echo\"\ntitle = \"Echo\"\n\n[program.server]\nsource = \"server.c\"\n\n\
             [[case]]\nid = \"one\"\ntitle = \"it answers\"\ntier = \"core\"\npoints = {{ bytes = 2 }}\n\
             [case.actor.server]\nstudent = \"server\"\nlistens = \"tcp:9000\"\n\
             [case.actor.client]\npeer = [\"connect tcp:9000\", \"msg create 200 0600\", \"fifo open /tmp/x read\", \"{step}\"]\n"
        );
        let parsed = parse("echo.toml", &text);
        let said = parsed.err().map(|diagnostics| diagnostics.render(false));
        assert!(said.is_none(), "{step}: {said:?}");
    }
}

#[test]
fn every_spec_of_the_repository_parses() {
    let specs = crate::common::repository();
    assert!(!specs.is_empty());
    let mut complaints = String::new();
    for (name, text) in &specs {
        match parse(name, text) {
            Ok(parsed) => assert_eq!(format!("{}.toml", parsed.spec.lab), *name),
            Err(diagnostics) => complaints.push_str(&diagnostics.render(false)),
        }
    }
    assert!(complaints.is_empty(), "{complaints}");
}

#[test]
fn hints_of_the_lab_stand_in_every_case_that_has_none_for_the_same() {
    let head = HEAD.replace(
        "[program.parrot]",
        "hints = { waits = \"Who holds it?\", exit = [\"What is it?\", \"exit(1)\"] }\n\n[program.parrot]",
    );
    let spec = spec(&format!(
        "{head}\n[[case]]\nid = \"one\"\ntitle = \"squawks\"\ntier = \"core\"\npoints = 1\ncovers = [\"Q4\"]\n\
         [case.actor.bird]\nstudent = \"parrot\"\nexit = 0\n[case.actor.man]\nreference = \"keeper\"\nafter = \"bird exits\"\n\n\
         [[case]]\nid = \"two\"\nlike = \"one\"\nhints.waits = \"Close it.\"\n\n\
         [[case]]\nid = \"three\"\nlike = \"two\"\nhints.memory = \"How many bytes?\"\n"
    ));
    let check = |case: &str, cause: Option<&str>, aspect: Aspect, expect: &[&str]| {
        let case = spec.case(case).expect("a case");
        assert_eq!(case.hint_for(cause, aspect), expect);
    };
    check("one", Some("waits"), Aspect::Exit, &["Who holds it?"]);
    check(
        "one",
        Some("behaviour"),
        Aspect::Exit,
        &["What is it?", "exit(1)"],
    );
    check("one", Some("behaviour"), Aspect::Output, &[]);
    check("one", None, Aspect::Memory, &[]);
    check("two", Some("waits"), Aspect::Output, &["Close it."]);
    check("three", Some("waits"), Aspect::Output, &["Close it."]);
    check("three", None, Aspect::Memory, &["How many bytes?"]);
}
