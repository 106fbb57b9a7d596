//! Expectations about the kernel's objects, a sentence each.

use ipclab_evidence::{SignalMoment, signal_name};
use ipclab_spec::{
    After, Case, CommandLine, Count, Descriptors, ExitExpectation, FILE_KINDS, FileExpectation,
    LockedAccess, MappingsExpectation, MappingsOf, MsgState, PosixQueueState, PosixSemState,
    Processes, SemState, SignalsExpectation, Template,
};

use super::words::shown;

/// All of them, in the order of the report.
pub(super) fn in_words(case: &Case) -> Vec<String> {
    let objects = &case.objects;
    let mut all = Vec::new();
    all.extend(objects.processes.iter().flat_map(processes));
    all.extend(objects.descriptors.iter().flat_map(descriptors));
    all.extend(objects.mappings.iter().flat_map(mappings));
    all.extend(objects.signals.iter().flat_map(signals));
    all.extend(objects.files.iter().map(file));
    all.extend(objects.files.iter().filter_map(walked));
    all.extend(objects.sem.iter().map(semaphores));
    all.extend(objects.msg.iter().map(queue));
    all.extend(objects.posix_sem.iter().map(posix_semaphore));
    all.extend(objects.posix_mq.iter().map(posix_queue));
    all
}

fn processes(wanted: &Processes) -> Vec<String> {
    let who = &wanted.actor;
    let mut all = Vec::new();
    for (name, number) in wanted.counts() {
        let Some(number) = number else { continue };
        let n = count(number);
        let n = |one: &str, many: &str| of(&n, one, many);
        all.push(match name {
            "total" => format!(
                "{who} must have {} in all, its first one included",
                n("process", "processes")
            ),
            "children" => {
                format!(
                    "the first process of {who} must make {}",
                    n("child", "children")
                )
            }
            "threads" => format!(
                "{who} must make {} beside the first of each process",
                n("thread", "threads")
            ),
            "unjoined" => format!(
                "{who} must end with {} that it has neither joined nor detached",
                n("thread", "threads")
            ),
            "zombies" => format!(
                "{who} must leave {}: children that ended and that it never waited for",
                n("zombie", "zombies")
            ),
            _ => format!(
                "{who} must leave {}: children that are alive when their parent ends",
                n("orphan", "orphans")
            ),
        });
    }
    if let Some(ends) = &wanted.ends {
        let ends: Vec<String> = ends.iter().map(end).collect();
        all.push(match ends.is_empty() {
            true => format!("{who} must make no children"),
            false => format!(
                "the children of {who} must end so, in any order: {}",
                ends.join(", ")
            ),
        });
    }
    let those = match wanted.runs.is_empty() {
        true => format!("each program that {who} starts"),
        false => "each of these programs".to_owned(),
    };
    let runs = wanted.runs.iter();
    all.extend(runs.map(|line| format!("{who} must start the program `{}`", command(line))));
    let rules = wanted.environment.iter();
    all.extend(rules.map(|rule| match &rule.whole {
        Some(whole) => format!("{those} must find {} in its environment", shown(whole)),
        None => format!("{those} must find no {} in its environment", rule.name),
    }));
    all
}

fn command(line: &CommandLine) -> String {
    let words: Vec<String> = line.words.iter().map(shown).collect();
    words.join(" ")
}

fn end(end: &ExitExpectation) -> String {
    match end {
        ExitExpectation::Code(status) => format!("with status {status}"),
        ExitExpectation::Failure => "with another status than 0".to_owned(),
        ExitExpectation::Signal(signal) => format!("killed by {signal}"),
        ExitExpectation::Ended => "with any status".to_owned(),
        ExitExpectation::Any | ExitExpectation::Running => "in any way".to_owned(),
    }
}

fn descriptors(wanted: &Descriptors) -> Vec<String> {
    let (who, of) = (&wanted.actor, wanted.of.name());
    let of = match of {
        "any" => "descriptors",
        "pipes" => "ends of pipes",
        "read ends" => "read ends of pipes",
        "write ends" => "write ends of pipes",
        "passed" => "descriptors that it has passed to another process",
        other => other,
    };
    let counts = wanted.counts().into_iter();
    let moments = counts.filter_map(|(moment, number)| Some((moment, count(number.as_ref()?))));
    moments
        .map(|(moment, n)| {
            // What is counted of those that were passed is all of them.
            let sent = of.split(" that it").next().unwrap_or(of);
            match moment {
                "passes" => {
                    return format!("{who} must pass {n} {sent} to other processes, by sendmsg() over a Unix socket");
                }
                "receives" => {
                    return format!("{who} must receive {n} {sent} from other processes, by recvmsg() over a Unix socket");
                }
                _ => {}
            }
            let (subject, when) = match moment {
                "at_exec" => (format!("a program that {who} starts"), "when it begins"),
                "at_wait" => (format!("a process of {who}"), "when it waits for a child"),
                _ => (format!("a process of {who}"), "when it ends by itself"),
            };
            format!("{subject} must have {n} {of} open {when}, beside stdin, stdout and stderr")
        })
        .collect()
}

fn mappings(wanted: &MappingsExpectation) -> Vec<String> {
    let who = &wanted.actor;
    let things = match &wanted.of {
        MappingsOf::Any => "files and pieces of shared memory".to_owned(),
        MappingsOf::Files => "files".to_owned(),
        MappingsOf::Anonymous => "pieces of shared memory without a name".to_owned(),
        MappingsOf::File(path) => path.clone(),
    };
    let is_one = matches!(wanted.of, MappingsOf::File(_));
    let counts = wanted.counts().into_iter();
    let counts = counts.filter_map(|(name, number)| Some((name, count(number.as_ref()?))));
    counts
        .map(|(name, n)| {
            // Of one file there is one or none.
            let (must, things) = match (is_one, n.as_str()) {
                (true, "no") => ("must not", things.clone()),
                (true, "1") => ("must", things.clone()),
                _ => ("must", format!("{n} {things}")),
            };
            match name {
                "shared" => format!("{who} {must} map {things} for sharing, MAP_SHARED"),
                "private" => format!("{who} {must} map {things} as a copy, MAP_PRIVATE"),
                "writable" => format!("{who} {must} map {things} for writing, PROT_WRITE"),
                "at_once" => {
                    let of = match &wanted.of {
                        MappingsOf::File(path) => path.as_str(),
                        MappingsOf::Any | MappingsOf::Files | MappingsOf::Anonymous => {
                            "one of them"
                        }
                    };
                    format!(
                        "a process of {who} must have mapped {n} bytes of {of} at once, at the most"
                    )
                }
                "at_wait" => format!(
                    "a process of {who} {must} still have {things} mapped when it waits for a child"
                ),
                _ => format!(
                    "a process of {who} {must} still have {things} mapped when it ends by itself"
                ),
            }
        })
        .collect()
}

fn signals(wanted: &SignalsExpectation) -> Vec<String> {
    let who = &wanted.actor;
    let names = |signals: &[i32]| {
        let names: Vec<String> = signals.iter().map(|signal| signal_name(*signal)).collect();
        names.join(", ")
    };
    let (subject, when) = match wanted.at {
        None | Some(SignalMoment::Change) => (who.clone(), "at some time"),
        Some(SignalMoment::Exec) => (format!("a program that {who} starts"), "when it begins"),
        Some(SignalMoment::Wait) => (format!("a process of {who}"), "when it waits for a child"),
        Some(SignalMoment::End) => (who.clone(), "when it ends by itself"),
    };
    let mut all = Vec::new();
    for (does, signals) in wanted.states() {
        if signals.is_empty() {
            continue;
        }
        let must = match does {
            "catches" => "have a handler for",
            "ignores" => "ignore",
            "blocks" => "block",
            _ => "neither catch, ignore nor block",
        };
        all.push(format!("{subject} must {must} {} {when}", names(signals)));
    }
    if !wanted.receives.is_empty() {
        all.push(format!(
            "{} must come to {who}, which takes it by a handler, sigwait() or a signalfd",
            names(&wanted.receives)
        ));
    }
    if wanted.safe_handlers {
        all.push(format!(
            "the handlers of {who} must call no function that is not async-signal-safe, such as printf() and malloc()"
        ));
    }
    all
}

fn file(wanted: &FileExpectation) -> String {
    let path = &wanted.path;
    if wanted.exists == Some(false) {
        return format!("there must be no {path} after the last program ended");
    }
    let mut is = Vec::new();
    let kind = FILE_KINDS
        .into_iter()
        .find(|(_, kind)| Some(*kind) == wanted.kind);
    is.extend(kind.map(|(name, _)| format!("be a {name}")));
    is.extend(
        wanted
            .holds
            .as_ref()
            .map(|text| format!("hold {:?}", shown(text))),
    );
    is.extend(
        wanted
            .same_as
            .as_ref()
            .map(|other| format!("hold the same as {other}")),
    );
    is.extend(
        wanted
            .size
            .as_ref()
            .map(|n| format!("have {}", of(&count(n), "byte", "bytes"))),
    );
    is.extend(wanted.mode.map(|mode| format!("have mode {mode:04o}")));
    is.extend(
        wanted
            .links
            .as_ref()
            .map(|n| format!("have {}", of(&count(n), "link", "links"))),
    );
    is.extend(
        wanted
            .blocks
            .as_ref()
            .map(|n| format!("take {} blocks of 512 bytes", count(n))),
    );
    is.extend(wanted.holes.map(|holes| match holes {
        true => "have holes".to_owned(),
        false => "have no holes".to_owned(),
    }));
    is.extend(
        wanted
            .target
            .as_ref()
            .map(|target| format!("lead to {}", shown(target))),
    );
    is.extend(wanted.is_own.map(|is_own| match is_own {
        true => "belong to the user who runs the program".to_owned(),
        false => "belong to another user".to_owned(),
    }));
    is.extend(wanted.locked.map(|locked| match locked {
        LockedAccess::Writes => {
            "have been written under an exclusive lock of it each time".to_owned()
        }
        LockedAccess::All => {
            "have been written under an exclusive lock of it each time, and read under either kind".to_owned()
        }
    }));
    match is.is_empty() {
        true => format!("there must be a {path} after the last program ended"),
        false => format!("{path} must {} after the last program ended", is.join(", ")),
    }
}

fn walked(wanted: &FileExpectation) -> Option<String> {
    let path = &wanted.path;
    Some(match wanted.walked? {
        true => format!("the student's programs must read the entries of {path} to the last one"),
        false => format!("the student's programs must not read the entries of {path}"),
    })
}

fn semaphores(wanted: &SemState) -> String {
    let what = format!("the semaphore set with key {}", wanted.key);
    let values = wanted.values.as_ref().map(|values| {
        let values: Vec<String> = values.iter().map(ToString::to_string).collect();
        format!("have the values {}", values.join(", "))
    });
    state(
        &what,
        wanted.exists,
        values.into_iter().collect(),
        wanted.mode,
        wanted.after.as_ref(),
    )
}

fn queue(wanted: &MsgState) -> String {
    let what = format!("the message queue with key {}", wanted.key);
    let is = held(&wanted.messages, &wanted.holds);
    state(&what, wanted.exists, is, wanted.mode, wanted.after.as_ref())
}

fn posix_semaphore(wanted: &PosixSemState) -> String {
    let what = format!("the POSIX semaphore {}", wanted.name);
    let value = wanted.value.map(|value| format!("have the value {value}"));
    state(
        &what,
        wanted.exists,
        value.into_iter().collect(),
        wanted.mode,
        None,
    )
}

fn posix_queue(wanted: &PosixQueueState) -> String {
    let what = format!("the POSIX message queue {}", wanted.name);
    let mut is = held(&wanted.messages, &wanted.holds);
    let room = wanted
        .maxmsg
        .map(|most| format!("have room for {most} messages"));
    let size = wanted
        .msgsize
        .map(|most| format!("have messages of at most {most} bytes"));
    is.extend(room.into_iter().chain(size));
    state(&what, wanted.exists, is, wanted.mode, None)
}

/// What a queue must hold.
fn held(messages: &Option<Count>, holds: &Option<Vec<Template>>) -> Vec<String> {
    let number = messages.as_ref().map(|n| match count(n).as_str() {
        "1" => "hold 1 message".to_owned(),
        n => format!("hold {n} messages"),
    });
    let texts = holds.as_ref().map(|texts| {
        let texts = texts.iter().map(|text| format!("{:?}", shown(text)));
        format!("hold {}", texts.collect::<Vec<_>>().join(", "))
    });
    number.into_iter().chain(texts).collect()
}

fn state(
    what: &str,
    exists: Option<bool>,
    mut is: Vec<String>,
    mode: Option<u32>,
    after: Option<&After>,
) -> String {
    is.extend(mode.map(|mode| format!("have mode {mode:04o}")));
    let when = match after {
        None => "after the last program ended".to_owned(),
        Some(After::Exits(name)) => format!("when {name} has ended"),
        Some(After::Waits(name)) => format!("when {name} waits"),
        Some(After::Listens(name)) => format!("when {name} is ready"),
        Some(clock @ After::Clock(_)) => format!("when {clock} of the case's clock have passed"),
    };
    match (exists, is.is_empty()) {
        (Some(false), _) => format!("{what} must be gone {when}"),
        (_, true) => format!("{what} must be there {when}"),
        _ => format!("{what} must {} {when}", is.join(", ")),
    }
}

/// `1 child`, `at least 1 child`, `3 children`
fn of(number: &str, one: &str, many: &str) -> String {
    let is_one = number == "1" || number.ends_with(" least 1") || number.ends_with(" most 1");
    format!("{number} {}", if is_one { one } else { many })
}

/// `4`, `at least 1`, `1 to 3`
fn count(count: &Count) -> String {
    match (&count.least, &count.most) {
        (Some(least), Some(most)) if least == most => match shown(least).as_str() {
            "0" => "no".to_owned(),
            number => number.to_owned(),
        },
        (Some(least), Some(most)) => format!("{} to {}", shown(least), shown(most)),
        (Some(least), None) => format!("at least {}", shown(least)),
        (None, Some(most)) => format!("at most {}", shown(most)),
        (None, None) => "any number of".to_owned(),
    }
}
