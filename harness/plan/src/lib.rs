//! From a case to the plans of its runs: every name becomes a path, every template a text, nothing is left to decide.
//!
//! Pure: no file is looked at. What a submission's programs became is handed in.

mod artifact;
mod fifos;
mod likely_errors;
mod variants;
mod vary;
mod watched;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use ipclab_evidence as evidence;
use ipclab_evidence::SANITIZER_STATUS;
use ipclab_evidence::{
    Await, Bind, Bytes, IpcKind, Limits, LineTable, Placeholder, Plan, RuntimeValue, Stdin, Tamper,
    WantedObjects, Watch, World,
};
use ipclab_spec::{
    Actor, After, AnyPlace, Case, Endpoint, ExitExpectation, GivenKind, Hole, MappingsOf, Objects,
    Part, Player, Reference, Sanitizers, Spec, Template,
};

pub use artifact::{Artifact, SEARCH_PATH, Tool};
pub use variants::{Variant, described, variants};
pub use vary::every_input;

/// The actors' working directory inside.
const FOLDER: &str = "/lab";
/// Where reference programs are shown, to trusted actors only.
const REFERENCES: &str = "/ref";
/// Who the actors are, as `/etc/passwd` of the box has it.
const USER: &str = "student";
/// The name under which the tool plays a script.
const PEER: &str = "ipclab-peer";

/// The programs that plans may run.
#[derive(Clone, Debug, Default)]
pub struct Programs {
    /// The student's, by name.
    pub plain: BTreeMap<String, Artifact>,
    /// The same, built with sanitizers.
    pub sanitized: BTreeMap<(Sanitizers, String), Artifact>,
    /// Those of these programs that are of another submission than the rest: the two meet in a case, and have no other way
    /// to each other.
    pub guests: BTreeSet<String>,
    /// References that were built from sources beside the spec, by program.
    pub references: BTreeMap<String, PathBuf>,
    /// This tool's own executable, which plays the other references and the scripts.
    pub own: PathBuf,
    /// Those of the plain ones that are built with a sanitizer of the student's own.
    pub own_sanitizers: BTreeSet<String>,
    /// Which line of the submission each address of a plain one comes from, where that is known.
    pub plain_lines: BTreeMap<String, LineTable>,
    /// The same of those with sanitizers.
    pub sanitized_lines: BTreeMap<(Sanitizers, String), LineTable>,
    /// The folder of the submission that all of them are of, of which they find a copy in their working directory.
    pub handed_in: Option<PathBuf>,
    /// Arguments that a submission has for its own built programs, before those of a case.
    pub arguments: BTreeMap<String, Vec<String>>,
    /// What no box may show, wherever it lies on the host.
    pub withheld: Vec<PathBuf>,
    /// What the student's programs find otherwise than they do as a rule.
    pub surroundings: Surroundings,
}

/// What programs may find around them, and must not matter to what they do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Addresses are drawn anew in each run, as where the machine refuses to fix them.
    pub random_addresses: bool,
    /// So many descriptors are open at least.
    pub descriptors: u32,
}

/// Plans one run of a case: with these programs in the student's places.
///
/// # Errors
/// Something in the case cannot be planned, such as a template in a place that must be known beforehand.
pub fn run(
    spec: &Spec,
    case: &Case,
    programs: &Programs,
    variant: &Variant,
) -> Result<Plan, String> {
    let filled = case.filled(&variant.values);
    let mut plan = one(spec, &filled, programs)?;
    plan.turns.clone_from(&variant.turns);
    for tamper in &variant.tampers {
        // A tamper of an actor with copies is one of each copy.
        let plays = |name: &String| {
            let role = filled.role(name);
            role.is_some_and(|role| role.name == tamper.actor)
        };
        let names = plan.actors.iter().map(|actor| actor.name.clone());
        let whose: Vec<String> = names.filter(plays).collect();
        plan.tampers.extend(whose.into_iter().map(|actor| Tamper {
            actor,
            ..tamper.clone()
        }));
    }
    Ok(plan)
}

/// Plans a case in which nothing is left to fill in but what the judge fills in.
fn one(spec: &Spec, case: &Case, programs: &Programs) -> Result<Plan, String> {
    let copies: BTreeMap<&str, Vec<String>> = case
        .actors
        .iter()
        .map(|actor| Ok((actor.name.as_str(), copies(actor)?)))
        .collect::<Result<_, String>>()?;
    let mut binds: Vec<Bind> = Vec::new();
    let mut actors = Vec::new();
    let mut before: Option<&Actor> = None;
    for actor in &case.actors {
        let (run, trusted, needed) = play(spec, case, actor, programs)?;
        merge(&mut binds, needed);
        let start = match (&actor.after, before) {
            // A time of the clock says when; the actor before must be ready all the same.
            (Some(after @ After::Clock(_)), before) => {
                let mut awaited = before.map_or_else(Vec::new, |before| ready(before, &copies));
                awaited.extend(awaits(after, &copies));
                awaited
            }
            (Some(after), _) => awaits(after, &copies),
            (None, Some(before)) => ready(before, &copies),
            (None, None) => Vec::new(),
        };
        for name in &copies[actor.name.as_str()] {
            actors.push(evidence::Actor {
                name: name.clone(),
                trusted,
                party: party(actor, programs),
                run: run.clone(),
                stdin: Stdin::Text(match &actor.stdin {
                    Some(template) => {
                        Bytes::from(at_start(template, "stdin", &actor.name)?.as_str())
                    }
                    None => Bytes::default(),
                }),
                stdout: actor.stdout_is,
                start: start.clone(),
                ready: actor.listens.as_ref().map(endpoint),
                fills: fills(actor, &copies),
                serves: serves_for_ever(actor),
                descriptors: if actor.is_student() {
                    case.given
                        .descriptors
                        .max(programs.surroundings.descriptors)
                } else {
                    0
                },
                random_addresses: actor.is_student() && programs.surroundings.random_addresses,
                watched: watched::calls(spec, case, actor),
                maps: watched::maps(case, actor),
                lines: lines(case, actor, programs),
            });
        }
        before = Some(actor);
    }
    let segments = case.shm.iter();
    let segments = segments.map(|state| (IpcKind::Segment, state.key, state.after.as_ref()));
    let sets = case.objects.sem.iter();
    let sets = sets.map(|state| (IpcKind::Semaphores, state.key, state.after.as_ref()));
    let queues = case.objects.msg.iter();
    let queues = queues.map(|state| (IpcKind::Queue, state.key, state.after.as_ref()));
    let watches = segments.chain(sets).chain(queues);
    let watches = watches.filter_map(|(of, key, after)| Some((of, key, after?)));
    Ok(Plan {
        name: case.id.clone(),
        world: world(spec, case, binds, programs)?,
        actors,
        tampers: tampers(case, &copies),
        watches: watches
            .flat_map(|(of, key, after)| {
                let moment = awaits(after, &copies).into_iter().last();
                moment.map(|when| Watch { of, key, when })
            })
            .collect(),
        limits: limits(case, sanitized(case, programs)),
        traced: true,
        chaos: None,
        turns: None,
        objects: objects(spec, case),
    })
}

/// Where in the submission an actor's program comes from.
fn lines(case: &Case, actor: &Actor, programs: &Programs) -> Option<LineTable> {
    let table = |program: &String| match case.sanitize {
        Some(sanitizers) => programs.sanitized_lines.get(&(sanitizers, program.clone())),
        None => programs.plain_lines.get(program),
    };
    match &actor.player {
        Player::Student { program, .. } => table(program).cloned(),
        Player::Reference { .. } | Player::Peer { .. } => None,
    }
}

/// Whose program an actor plays, where two submissions meet.
fn party(actor: &Actor, programs: &Programs) -> u32 {
    let program = match &actor.player {
        Player::Student { program, .. } => program,
        Player::Reference { .. } | Player::Peer { .. } => return 0,
    };
    u32::from(programs.guests.contains(program))
}

/// `client.1`, `client.2`; a single one keeps the name.
fn copies(actor: &Actor) -> Result<Vec<String>, String> {
    let text = known(&actor.copies, "copies", &actor.name)?;
    match text.trim().parse::<usize>() {
        Ok(1) => Ok(vec![actor.name.clone()]),
        Ok(count @ 2..=64) => Ok((1..=count).map(|n| format!("{}.{n}", actor.name)).collect()),
        Ok(count) => Err(format!(
            "{count} copies of {}: there can be 1 to 64",
            actor.name
        )),
        Err(_) => Err(format!("copies of {}: {text:?} is no number", actor.name)),
    }
}

/// What an actor runs, whether it is ours, and what must be shown for it.
fn play(
    spec: &Spec,
    case: &Case,
    actor: &Actor,
    programs: &Programs,
) -> Result<(evidence::Run, bool, Vec<Bind>), String> {
    match &actor.player {
        Player::Student { program, args } => {
            let built = match case.sanitize {
                Some(sanitizers) => programs.sanitized.get(&(sanitizers, program.clone())),
                None => programs.plain.get(program),
            };
            let artifact = built.ok_or_else(|| format!("{program} was not built"))?;
            let party = (!programs.guests.is_empty()).then(|| party(actor, programs));
            let binds = artifact.binds(program, Path::new(FOLDER), party);
            let (path, mut argv, search) = match artifact {
                Artifact::Executable(_) => {
                    let own = programs.arguments.get(program).into_iter().flatten();
                    let argv = [format!("./{program}")].into_iter().chain(own.cloned());
                    (
                        Path::new(FOLDER).join(program),
                        argv.collect(),
                        SEARCH_PATH.to_owned(),
                    )
                }
                Artifact::Command {
                    tool: Some(tool),
                    argv,
                    ..
                } => (tool.path.clone(), argv.clone(), tool.search_path()),
                Artifact::Command {
                    tool: None, argv, ..
                } => {
                    let first = argv.first().map(String::as_str).unwrap_or_default();
                    (
                        Path::new(FOLDER).join(first.trim_start_matches("./")),
                        argv.clone(),
                        SEARCH_PATH.to_owned(),
                    )
                }
            };
            argv.extend(arguments(args, &actor.name)?);
            let mut environment = environment(search, sanitized(case, programs));
            if matches!(artifact, Artifact::Command { .. }) {
                environment.push(no_bytecode());
            }
            Ok((self::program(path, &argv, environment), false, binds))
        }
        Player::Reference { program, args } => {
            let reference = spec.program(program).map(|program| &program.reference);
            let (host, name) = match reference {
                Some(Reference::BuiltIn(name)) => (programs.own.clone(), name.clone()),
                Some(Reference::Sources(_)) => {
                    let built = programs.references.get(program);
                    let built =
                        built.ok_or_else(|| format!("the reference of {program} was not built"))?;
                    (built.clone(), program.clone())
                }
                Some(Reference::None) | None => return Err(format!("{program} has no reference")),
            };
            let inside = Path::new(REFERENCES).join(&name);
            let mut argv = vec![format!("./{name}")];
            argv.extend(arguments(args, &actor.name)?);
            Ok((
                self::program(
                    inside.clone(),
                    &argv,
                    environment(SEARCH_PATH.to_owned(), false),
                ),
                true,
                vec![ours(host, inside)],
            ))
        }
        Player::Peer { steps } => {
            let inside = Path::new(REFERENCES).join(PEER);
            let script = evidence::Run::Script {
                path: inside.clone(),
                argv: vec![Bytes::from(PEER)],
                steps: steps.iter().map(|step| step.text.clone()).collect(),
            };
            Ok((script, true, vec![ours(programs.own.clone(), inside)]))
        }
    }
}

fn program(path: PathBuf, argv: &[String], env: Vec<(String, String)>) -> evidence::Run {
    evidence::Run::Program {
        path,
        argv: argv.iter().map(|word| Bytes::from(word.as_str())).collect(),
        env,
    }
}

fn ours(host: PathBuf, inside: PathBuf) -> Bind {
    Bind {
        host,
        inside,
        writable: false,
        trusted_only: true,
        party: None,
    }
}

/// Python keeps no translation of the files that it imports: the folder is a new one in each case, and a file that two programs
/// write at their start is one more thing whose order matters to a search.
fn no_bytecode() -> (String, String) {
    ("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned())
}

fn environment(search: String, sanitize: bool) -> Vec<(String, String)> {
    let mut environment = vec![
        ("PATH".to_owned(), search),
        ("HOME".to_owned(), FOLDER.to_owned()),
        ("LANG".to_owned(), "C.UTF-8".to_owned()),
        ("USER".to_owned(), USER.to_owned()),
        ("LOGNAME".to_owned(), USER.to_owned()),
        ("SHELL".to_owned(), "/bin/sh".to_owned()),
        // A terminal that does nothing but print.
        ("TERM".to_owned(), "dumb".to_owned()),
    ];
    if sanitize {
        // LeakSanitizer cannot work under a tracer and would end every program with an error. An allocation that is too
        // large fails as it does without sanitizers: that is the program's to handle.
        let options = format!(
            "detect_leaks=0:abort_on_error=0:exitcode={SANITIZER_STATUS}:allocator_may_return_null=1:\
             print_legend=0:color=never"
        );
        environment.push(("ASAN_OPTIONS".to_owned(), options));
        environment.push(("LSAN_OPTIONS".to_owned(), "detect_leaks=0".to_owned()));
        environment.push((
            "UBSAN_OPTIONS".to_owned(),
            "print_stacktrace=1:color=never".to_owned(),
        ));
        // What is asked are races and misused mutexes. A cycle of locks that another lock guards is no deadlock, a thread that is
        // not waited for has words of its own, and a program that forks while it has threads goes on.
        let options = format!(
            "exitcode={SANITIZER_STATUS}:halt_on_error=0:detect_deadlocks=0:report_thread_leaks=0:\
             report_signal_unsafe=0:die_after_fork=0:handle_segv=0:handle_sigbus=0:handle_abort=0:\
             handle_sigill=0:handle_sigfpe=0:color=never:stack_trace_format=\"    #%n %p %F %L\""
        );
        environment.push(("TSAN_OPTIONS".to_owned(), options));
    }
    environment
}

fn arguments(args: &[Template], actor: &str) -> Result<Vec<String>, String> {
    args.iter()
        .map(|arg| at_start(arg, "an argument", actor))
        .collect()
}

/// The text of a template that must be known before the run.
fn known(template: &Template, what: &str, actor: &str) -> Result<String, String> {
    template.as_text().map(str::to_owned).ok_or_else(|| {
        format!(
            "{what} of {actor} depends on what happens in the run, which nobody knows before it"
        )
    })
}

/// The text of a template that is filled in when the actor starts: what is known only then stays as it is written, for
/// the sandbox to replace ([`fills`]).
fn at_start(template: &Template, what: &str, actor: &str) -> Result<String, String> {
    let parts = template.parts.iter().map(|part| match part {
        Part::Text(text) => Ok(text.clone()),
        Part::Hole(hole @ (Hole::Answer { .. } | Hole::Segment(_) | Hole::Listens { .. })) => {
            Ok(hole.to_string())
        }
        Part::Hole(_) => known(template, what, actor),
    });
    parts.collect()
}

/// What is filled in when an actor starts.
fn fills(actor: &Actor, copies: &BTreeMap<&str, Vec<String>>) -> Vec<Placeholder> {
    // Of several copies the first is meant.
    let first_of = |actor: &String| {
        let first = copies.get(actor.as_str()).and_then(|names| names.first());
        first.unwrap_or(actor).clone()
    };
    let mut fills: Vec<Placeholder> = Vec::new();
    for template in actor.given_at_start() {
        for part in &template.parts {
            let Part::Hole(hole) = part else { continue };
            let with = match hole {
                Hole::Answer { actor, name, nth } => RuntimeValue::Answer {
                    actor: first_of(actor),
                    name: name.clone(),
                    nth: *nth,
                },
                Hole::Listens { actor, part } => RuntimeValue::Served {
                    actor: first_of(actor),
                    part: *part,
                },
                Hole::Segment(key) => RuntimeValue::Segment(*key),
                _ => continue,
            };
            let text = hole.to_string();
            if fills.iter().all(|known| known.text != text) {
                fills.push(Placeholder { text, with });
            }
        }
    }
    fills
}

/// Whether nothing more is expected of an actor once no other is left: it has only to be running then, or it is a server of ours.
fn serves_for_ever(actor: &Actor) -> bool {
    match &actor.exit {
        Some(exit) => *exit == ExitExpectation::Running,
        None => !actor.is_student() && actor.listens.is_some(),
    }
}

fn ready(actor: &Actor, copies: &BTreeMap<&str, Vec<String>>) -> Vec<Await> {
    let names = copies[actor.name.as_str()].iter().cloned();
    names.map(Await::Ready).collect()
}

fn awaits(after: &After, copies: &BTreeMap<&str, Vec<String>>) -> Vec<Await> {
    let (name, wait): (&String, fn(String) -> Await) = match after {
        After::Exits(name) => (name, Await::Exits),
        After::Waits(name) => (name, Await::Waits),
        After::Listens(name) => (name, Await::Ready),
        After::Clock(time) => {
            let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            return vec![Await::Clock(ms)];
        }
    };
    match copies.get(name.as_str()) {
        Some(names) => names.iter().cloned().map(wait).collect(),
        None => vec![wait(name.clone())],
    }
}

fn endpoint(endpoint: &Endpoint) -> evidence::Endpoint {
    let none = evidence::Endpoint {
        protocol: evidence::Protocol::Tcp,
        ip: None,
        port: None,
        path: None,
        key: None,
    };
    match endpoint {
        Endpoint::Tcp { ip, port } => evidence::Endpoint {
            ip: *ip,
            port: Some(*port),
            ..none
        },
        Endpoint::Udp { ip, port } => evidence::Endpoint {
            protocol: evidence::Protocol::Udp,
            ip: *ip,
            port: Some(*port),
            ..none
        },
        Endpoint::Unix(path) => evidence::Endpoint {
            protocol: evidence::Protocol::Unix,
            path: Some(path.clone()),
            ..none
        },
        Endpoint::Shm(key) => evidence::Endpoint {
            protocol: evidence::Protocol::Shm,
            key: Some(*key),
            ..none
        },
        Endpoint::Any(place) => evidence::Endpoint {
            protocol: match place {
                AnyPlace::Tcp => evidence::Protocol::Tcp,
                AnyPlace::Udp => evidence::Protocol::Udp,
                AnyPlace::Unix => evidence::Protocol::Unix,
            },
            ..none
        },
    }
}

/// Lines of a case's hosts file besides the machine's own names: names with blanks between them, and an address.
#[must_use]
pub fn hosts(spec: &Spec, case: &Case) -> Vec<(String, IpAddr)> {
    let mut hosts = spec.hosts.clone();
    // A case that says where a name leads means it.
    hosts.retain(|(name, _)| {
        let mut given = case.given.hosts.iter();
        given.all(|(names, _)| names.split(' ').all(|given| given != name))
    });
    hosts.extend(case.given.hosts.iter().cloned());
    hosts
}

fn world(
    spec: &Spec,
    case: &Case,
    mut binds: Vec<Bind>,
    programs: &Programs,
) -> Result<World, String> {
    // What lies in that folder needs no showing.
    if let Some(folder) = &programs.handed_in {
        binds.retain(|bind| bind.host.parent() != Some(folder));
    }
    let hosts = hosts(spec, case);
    let files = case.given.files.iter().map(|file| {
        Ok(evidence::GivenFile {
            path: file.path.clone().into(),
            kind: match &file.kind {
                GivenKind::Text(text) => evidence::GivenKind::Text(Bytes::from(
                    known(text, "the text", &file.path)?.as_str(),
                )),
                GivenKind::StaleSocket => evidence::GivenKind::StaleSocket,
                GivenKind::Directory => evidence::GivenKind::Directory,
                GivenKind::Fifo => evidence::GivenKind::Fifo,
                GivenKind::Symlink(target) => evidence::GivenKind::Symlink(target.into()),
                GivenKind::HardLink(of) => evidence::GivenKind::HardLink(of.into()),
            },
            mode: file.mode,
            size: file.size,
        })
    });
    // A name begins with a slash, `sem_overview(7)`.
    let named_semaphores = case.given.posix_sem.iter().map(|semaphore| {
        Ok(evidence::GivenFile {
            path: format!("/dev/shm/sem.{}", &semaphore.name[1..]).into(),
            kind: evidence::GivenKind::Semaphore(semaphore.value),
            mode: Some(semaphore.mode),
            size: None,
        })
    });
    let segments = case.given.shm.iter().map(|segment| {
        let what = format!("segment {}", segment.key);
        Ok(evidence::GivenSegment {
            key: segment.key,
            size: usize::try_from(segment.size).map_err(|_| format!("{what} is too large"))?,
            mode: segment.mode,
            holds: Bytes::from(known(&segment.holds, "the content", &what)?.as_str()),
            foreign: segment.foreign,
        })
    });
    let semaphores = case.given.sem.iter().map(|set| evidence::GivenSemaphores {
        key: set.key,
        values: set.values.clone(),
        mode: set.mode,
    });
    let queues = case.given.msg.iter().map(|queue| {
        let what = format!("message queue {}", queue.key);
        let messages = queue.messages.iter().map(|message| {
            Ok(evidence::QueuedMessage {
                mtype: message.mtype,
                text: Bytes::from(known(&message.text, "a message", &what)?.as_str()),
            })
        });
        Ok(evidence::GivenQueue {
            key: queue.key,
            messages: messages.collect::<Result<_, String>>()?,
            mode: queue.mode,
        })
    });
    let posix_queues = case.given.posix_mq.iter().map(|queue| {
        let what = format!("message queue {}", queue.name);
        let messages = queue.messages.iter().map(|message| {
            Ok(evidence::UrgentMessage {
                priority: message.priority,
                text: Bytes::from(known(&message.text, "a message", &what)?.as_str()),
            })
        });
        Ok(evidence::GivenPosixQueue {
            name: Bytes::from(queue.name.as_str()),
            maxmsg: queue.maxmsg,
            msgsize: queue.msgsize,
            messages: messages.collect::<Result<_, String>>()?,
            mode: queue.mode,
        })
    });
    Ok(World {
        binds,
        cwd: FOLDER.into(),
        files: files
            .chain(named_semaphores)
            .collect::<Result<_, String>>()?,
        segments: segments.collect::<Result<_, String>>()?,
        semaphores: semaphores.collect(),
        queues: queues.collect::<Result<_, String>>()?,
        posix_queues: posix_queues.collect::<Result<_, String>>()?,
        hosts,
        withheld: programs.withheld.clone(),
        handed_in: programs.handed_in.clone(),
    })
}

/// What of the kernel's objects the case speaks of.
fn objects(spec: &Spec, case: &Case) -> WantedObjects {
    let objects = &case.objects;
    let mut files: Vec<PathBuf> = Vec::new();
    for file in &objects.files {
        for path in [Some(&file.path), file.same_as.as_ref()]
            .into_iter()
            .flatten()
        {
            // One that is relative is below the folder that programs run in.
            let path = Path::new(FOLDER).join(path);
            if !files.contains(&path) {
                files.push(path);
            }
        }
    }
    let locked = objects.files.iter().filter(|file| file.locked.is_some());
    let mut mapped: Vec<PathBuf> = Vec::new();
    for wanted in &objects.mappings {
        if let MappingsOf::File(path) = &wanted.of {
            let path = Path::new(FOLDER).join(path);
            if !mapped.contains(&path) {
                mapped.push(path);
            }
        }
    }
    WantedObjects {
        locked: locked
            .map(|file| Path::new(FOLDER).join(&file.path))
            .collect(),
        mapped,
        processes: !objects.processes.is_empty(),
        descriptors: !objects.descriptors.is_empty(),
        environment: environment_names(objects),
        threads: objects
            .processes
            .iter()
            .any(|wanted| wanted.unjoined.is_some()),
        signals: !objects.signals.is_empty(),
        handlers: objects.signals.iter().any(|wanted| wanted.safe_handlers),
        fifos: case.everywhere && (!case.wire.is_empty() || fifos::are_spoken_of(spec)),
        files,
    }
}

/// Variables that programs must be started with, or without.
fn environment_names(objects: &Objects) -> Vec<String> {
    let rules = objects
        .processes
        .iter()
        .flat_map(|wanted| &wanted.environment);
    let mut names: Vec<String> = rules.map(|rule| rule.name.clone()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn tampers(case: &Case, copies: &BTreeMap<&str, Vec<String>>) -> Vec<Tamper> {
    let mut tampers = Vec::new();
    for fault in &case.faults {
        for actor in copies.get(fault.actor.as_str()).into_iter().flatten() {
            tampers.push(Tamper {
                actor: actor.clone(),
                call: fault.calls[0].clone(),
                or: fault.calls[1..].to_vec(),
                on: fault.on.clone(),
                everywhere: fault.everywhere,
                occurrence: fault.occurrence,
                action: fault.kind.action(),
            });
        }
    }
    tampers
}

/// Calls that both sides may make for one connection of a crowd.
const CALLS_OF_ONE: u64 = 100;
/// Bytes of a line, where a case says how many lines there may be.
const LONG_LINE: u64 = 128;
/// Processes and threads that a program may have for one connection of a crowd.
const PROCESSES_OF_ONE: u64 = 2;
/// Lines that a program may print about one connection of a crowd.
const LINES_OF_ONE: u64 = 20;

/// Whether a program of the case is built with sanitizers: by us, or by its author.
fn sanitized(case: &Case, programs: &Programs) -> bool {
    let own = |actor: &Actor| match &actor.player {
        Player::Student { program, .. } => programs.own_sanitizers.contains(program),
        Player::Reference { .. } | Player::Peer { .. } => false,
    };
    case.sanitize.is_some() || case.actors.iter().any(own)
}

fn limits(case: &Case, sanitized: bool) -> Limits {
    let mut limits = Limits {
        wall_ms: u64::try_from(case.limit.as_millis()).unwrap_or(u64::MAX),
        ..Limits::default()
    };
    // A crowd makes many calls, on both sides, and every one of them may be asked for.
    limits.calls_kept += CALLS_OF_ONE * case.crowd();
    match case.output_lines.map(u64::from) {
        None => limits.output_lines += LINES_OF_ONE * case.crowd(),
        Some(lines) => {
            limits.output_lines = lines;
            // Long ones, and what is kept stays more than what may come.
            limits.output_bytes = limits.output_bytes.max(lines * LONG_LINE);
            limits.output_kept = limits.output_kept.max(2 * limits.output_bytes);
        }
    }
    if let Some(open_files) = case.open_files {
        limits.open_files = u64::from(open_files);
    }
    // A thread or a process for each connection, and one to wait for it.
    limits.processes += PROCESSES_OF_ONE * case.crowd();
    let own = case.limits;
    for (limit, own) in [
        (&mut limits.processes, own.processes),
        (&mut limits.memory_mib, own.memory_mib),
        (&mut limits.calls, own.calls),
        (&mut limits.cpu_ms, own.cpu_ms),
        (&mut limits.clock_ms, own.clock_ms),
        (&mut limits.files, own.files),
    ] {
        *limit = own.map_or(*limit, u64::from);
    }
    if !case.interleave.is_empty() {
        // Each access is a handful of stops, which are the process's own time.
        limits.cpu_ms *= 4;
    }
    if sanitized {
        // AddressSanitizer maps terabytes that it never touches, and uses some of it for every byte of the program's.
        limits.reserves = true;
        limits.memory_mib *= 2;
        limits.cpu_ms *= 2;
    }
    limits
}

/// Adds what is not shown yet. Two programs that were built each in a copy of the submission's folder both bring its
/// files: the same ones, so the first of a name will do. A program that was asked for by its own name is bound alone and
/// comes before files that only happen to lie about.
fn merge(binds: &mut Vec<Bind>, needed: Vec<Bind>) {
    let alone = needed.len() == 1;
    for bind in needed {
        match binds.iter_mut().find(|known| known.inside == bind.inside) {
            Some(known) if alone => *known = bind,
            Some(_) => {}
            None => binds.push(bind),
        }
    }
}

#[cfg(test)]
mod tests;
