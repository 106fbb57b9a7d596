//! From the trace of a run that passes to the changes that can be made to it.
//!
//! Pure: nothing is run here.

use std::collections::{BTreeMap, BTreeSet};

use ipclab_evidence::{
    ActorEvidence, Address, Arg, ArgKind, Call, Evidence, Exit, Names, Object, Occurrence, Plan,
    Run, SocketKind, Stdin, Tamper, TamperAction, canonical, position,
};
use ipclab_spec::{Case, Player};

use super::tried::{Fate, Tried};

/// A file that a program could have forgotten.
const FORGOTTEN: &str = "/tmp/forgotten-by-the-program";
/// So many writes of one stream are changed.
const WRITES_MAX: u32 = 40;
/// So much of a line is told.
const LINE_MAX: usize = 70;

/// A change of one call.
#[derive(Clone, Debug)]
pub(super) struct Mutant {
    pub(super) program: String,
    /// What its author would call it, the same wherever it shows: `close() of a connection not done`.
    pub(super) words: String,
    pub(super) tamper: Tamper,
}

impl Mutant {
    pub(super) fn tried(self, case: &Case, fate: Fate) -> Tried {
        Tried {
            case: case.id.clone(),
            program: self.program,
            words: self.words,
            fate,
        }
    }
}

/// A run that passes.
pub(super) struct Subject<'a> {
    seen: &'a Evidence,
    /// The student's actors: index, name, program.
    students: Vec<(usize, String, String)>,
    /// What is this run's alone: texts that programs print besides their own words. Longest first.
    data: Vec<String>,
}

impl<'a> Subject<'a> {
    pub(super) fn new(case: &Case, plan: &Plan, seen: &'a Evidence) -> Self {
        let program = |name: &str| match &case.role(name)?.player {
            Player::Student { program, .. } => Some(program.clone()),
            Player::Reference { .. } | Player::Peer { .. } => None,
        };
        let students = seen.actors.iter().enumerate();
        let students = students
            .filter_map(|(n, actor)| Some((n, actor.name.clone(), program(&actor.name)?)))
            .collect();
        Self {
            seen,
            students,
            data: data(plan, seen),
        }
    }

    /// Every change of a call that the trace shows, or of how a program ends.
    pub(super) fn calls(&self) -> Vec<Mutant> {
        let mut mutants = Vec::new();
        for (index, name, program) in &self.students {
            let mutant = |words: String, call: &str, occurrence, action| Mutant {
                program: program.clone(),
                words,
                tamper: Tamper {
                    actor: name.clone(),
                    call: call.to_owned(),
                    or: Vec::new(),
                    on: None,
                    everywhere: false,
                    occurrence,
                    action,
                },
            };
            let mut own: Vec<Mutant> = Vec::new();
            let mut met: BTreeMap<&str, u32> = BTreeMap::new();
            let mut first: Option<&str> = None;
            // Changes count only the calls that are recorded in every case.
            let calls = self.seen.trace.iter().filter(|call| !call.on_request);
            for call in calls.filter(|call| call.actor == *index) {
                let on_socket = matches!(call.object, Some(Object::Socket(_)));
                let family = canonical(&call.name, on_socket);
                let nth = met.entry(family).or_default();
                *nth += 1;
                first = first.or(Some(family));
                let changes = self.changes(call, family).into_iter();
                own.extend(
                    changes.map(|(words, action)| {
                        mutant(words, family, Occurrence::Nth(*nth), action)
                    }),
                );
            }
            mutants.extend(first_and_last(own));
            let end = match &self.seen.actors[*index].exit {
                Exit::Code(code) => {
                    let by = if *code == 0 { 1 } else { -i64::from(*code) };
                    let because = self.last_words(*index);
                    mutants.push(mutant(
                        format!(
                            "exit status {} instead of {code}{because}",
                            i64::from(*code) + by
                        ),
                        "exit",
                        Occurrence::Every,
                        TamperAction::ArgumentBy { index: 0, by },
                    ));
                    Some("exit")
                }
                // Ended by us: it never comes to its end, so what it leaves it makes at its beginning.
                Exit::Running { .. } => first,
                Exit::NotStarted
                | Exit::NotExecuted(_)
                | Exit::Signal { .. }
                | Exit::Stopped(_) => None,
            };
            if let Some(end) = end {
                for (words, action) in [
                    ("a child left running", TamperAction::LeaveChild),
                    (
                        "a file left in /tmp",
                        TamperAction::LeaveFile(FORGOTTEN.to_owned()),
                    ),
                ] {
                    mutants.push(mutant(words.to_owned(), end, Occurrence::Nth(1), action));
                }
            }
        }
        mutants
    }

    /// What can be changed at one call.
    fn changes(&self, call: &Call, family: &str) -> Vec<(String, TamperAction)> {
        let succeeded = call
            .returned
            .as_ref()
            .is_some_and(|returned| returned.errno.is_none());
        // What failed anyway, or was changed by the case itself, shows nothing.
        if !succeeded || call.tampered.is_some() {
            return Vec::new();
        }
        let socket = match call.object {
            Some(Object::Socket(socket)) => self.seen.sockets.get(socket),
            _ => None,
        };
        let port = || {
            let address = call.args.iter().find_map(Arg::address);
            matches!(address, Some(Address::Inet(_)))
        };
        let bytes = call.transfer.as_ref().map_or(0, |transfer| transfer.bytes);
        let not_done = |of: &str| (format!("{family}(){of} not done"), TamperAction::Skip(0));
        let mut changes = Vec::new();
        match family {
            "unlink" => {
                let path = match &call.object {
                    Some(Object::File(path)) => numbers_gone(&path.to_text()),
                    _ => String::new(),
                };
                changes.push(not_done(&format!(" of {path}")));
            }
            "shmctl" if call.args.iter().any(|arg| arg.has("IPC_RMID")) => {
                changes.push(not_done(" with IPC_RMID"));
            }
            "shmdt" | "listen" | "shutdown" => changes.push(not_done("")),
            "close" => {
                let of = match socket {
                    Some(socket) if socket.listening => " of the listening socket",
                    Some(socket) if socket.kind == SocketKind::Datagram => " of the socket",
                    Some(_) => " of a connection",
                    None => return Vec::new(),
                };
                changes.push(not_done(of));
            }
            "bind" => changes.push(not_done("")),
            "send" if socket.is_some() => {
                if bytes > 0 {
                    changes.push((
                        "send() of one byte less".to_owned(),
                        TamperAction::CountBy(-1),
                    ));
                    changes.push((
                        "send() of a byte altered".to_owned(),
                        TamperAction::AlterLastLetter,
                    ));
                }
                changes.push((
                    "send() of one byte more".to_owned(),
                    TamperAction::CountBy(1),
                ));
                changes.push(("send() done twice".to_owned(), TamperAction::Twice));
            }
            // Where the bytes went is known of these two.
            "recv" if bytes > 0 && matches!(&*call.name, "recvfrom" | "read") => {
                changes.push((
                    "recv() with its last byte flipped".to_owned(),
                    TamperAction::FlipLastByte,
                ));
            }
            "shmget" => changes.extend(position("shmget", ArgKind::Key).map(|at| {
                let index = at as u8;
                (
                    "shmget() with the key off by one".to_owned(),
                    TamperAction::ArgumentBy { index, by: 1 },
                )
            })),
            _ => {}
        }
        if family == "recv" {
            changes.extend(flags_gone(call));
        }
        if matches!(family, "bind" | "connect" | "send") && port() {
            // A client's own port is the kernel's choice.
            let any = matches!(
                socket.and_then(|socket| socket.local.clone()),
                Some(Address::Inet(local)) if local.port() == 0
            );
            if !(any && family == "bind") {
                changes.push((
                    format!("{family}() with the port off by one"),
                    TamperAction::PortBy(1),
                ));
            }
        }
        changes
    }

    /// Changes of what is printed: for each actor, stream and kind one after another.
    pub(super) fn outputs(&self) -> Vec<Outputs> {
        let mut outputs = Vec::new();
        for (index, name, program) in &self.students {
            let actor = &self.seen.actors[*index];
            for (stream, kept) in [("stdout", &actor.stdout), ("stderr", &actor.stderr)] {
                for action in [TamperAction::Lose, TamperAction::AlterLastLetter] {
                    if kept.total() > 0 {
                        outputs.push(Outputs {
                            program: program.clone(),
                            actor: name.clone(),
                            stream,
                            action,
                            met: 0,
                        });
                    }
                }
            }
        }
        outputs
    }

    /// What the change of a write did, in words; `None`: nothing is to be seen of it.
    pub(super) fn line_changed(&self, mutant: &Mutant, changed: &Evidence) -> Option<String> {
        let Tamper {
            actor,
            call,
            action,
            ..
        } = &mutant.tamper;
        let text = |evidence: &Evidence| {
            let actor = evidence.actors.iter().find(|one| one.name == *actor)?;
            let stream = if call == "stdout" {
                &actor.stdout
            } else {
                &actor.stderr
            };
            Some(stream.kept().0)
        };
        let (before, after) = (text(self.seen)?, text(changed)?);
        let line = changed_line(&before, &after, &written(changed, &mutant.tamper))?;
        let line = self.normal(&line);
        let what = match action {
            TamperAction::Lose => "lost",
            _ => "altered by a character",
        };
        Some(format!("{call} {line:?} {what}"))
    }

    /// What a failing program said last: two ends with the same status may be two places in its source.
    fn last_words(&self, actor: usize) -> String {
        let stderr = self.seen.actors[actor].stderr.kept().to_text();
        match stderr.trim_end().lines().last() {
            Some(line) => format!(" after {:?}", self.normal(line)),
            None => String::new(),
        }
    }

    /// A line without what is this run's alone.
    fn normal(&self, line: &str) -> String {
        let mut line = line.to_owned();
        for datum in &self.data {
            line = without(&line, datum);
        }
        // A message of no characters is one, too.
        let line = numbers_gone(line.trim()).replace("\"\"", "\"…\"");
        match line.char_indices().nth(LINE_MAX) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        }
    }
}

/// Whether a call is one that a change was made to.
pub(super) fn changed_by(tamper: &Tamper, actors: &[ActorEvidence]) -> impl Fn(&Call) -> bool {
    let note = tamper.action.note();
    let actor = actors.iter().position(|actor| actor.name == tamper.actor);
    move |call| call.tampered.as_ref() == Some(&note) && Some(call.actor) == actor
}

/// What the call that was changed would have written, or wrote, as the trace shows it.
fn written(evidence: &Evidence, tamper: &Tamper) -> String {
    let of = changed_by(tamper, &evidence.actors);
    let call = evidence.trace.iter().find(|call| of(call));
    let args = call.map_or(&[][..], |call| &call.args);
    args.iter().map(Arg::to_string).collect()
}

/// The line of an output that a change of one write was about. The time of day and numbers of processes may be others in
/// the two runs, so a line that differs in its numbers alone is it only if no other one differs, and if it was written then.
fn changed_line(before: &[u8], after: &[u8], written: &str) -> Option<String> {
    let lines = |text: &[u8]| -> Vec<String> {
        text.split(|byte| *byte == b'\n')
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect()
    };
    let (before, after) = (lines(before), lines(after));
    let line = |at: usize| after.get(at).map_or("", String::as_str);
    let differ = |at: &usize| before[*at] != line(*at);
    let in_words =
        |at: &usize| *at >= after.len() || numbers_gone(&before[*at]) != numbers_gone(line(*at));
    let was_written = |at: &usize| {
        let line = line(*at).trim_end();
        !line.is_empty() && written.contains(line)
    };
    let words_written = numbers_gone(written);
    let was_written_in_words = |at: &usize| {
        let words = numbers_gone(line(*at).trim_end());
        !words.is_empty() && words_written.contains(&words)
    };
    let all = || 0..before.len();
    let at = all()
        .find(in_words)
        .or_else(|| all().filter(differ).find(was_written))
        .or_else(|| all().filter(differ).find(was_written_in_words))
        .or_else(|| all().find(differ))
        // A number was altered into what it had been a second ago.
        .or_else(|| all().find(was_written))?;
    // An end of line that is lost is the line's.
    let is_end = before[at].is_empty() && at + 1 == before.len();
    Some(before[if is_end { at.saturating_sub(1) } else { at }].clone())
}

/// A receive without one of the flags that say how it is to receive, `recv(2)`.
fn flags_gone(call: &Call) -> Vec<(String, TamperAction)> {
    const FLAGS: [&str; 4] = ["MSG_OOB", "MSG_PEEK", "MSG_TRUNC", "MSG_WAITALL"];
    if !matches!(&*call.name, "recvfrom" | "recvmsg") {
        return Vec::new();
    }
    let kind = ArgKind::Flags(Names::Message);
    let (Some(at), Some(set)) = (position(&call.name, kind), call.argument(kind)) else {
        return Vec::new();
    };
    FLAGS
        .into_iter()
        .filter(|flag| set.has(flag))
        .filter_map(|flag| {
            let action = TamperAction::ArgumentBy {
                index: at as u8,
                by: -i64::from(Names::Message.number(flag)?),
            };
            Some((format!("recv() without {flag}"), action))
        })
        .collect()
}

/// One write of a stream after another.
pub(super) struct Outputs {
    program: String,
    actor: String,
    stream: &'static str,
    action: TamperAction,
    met: u32,
}

impl Iterator for Outputs {
    type Item = Mutant;

    fn next(&mut self) -> Option<Mutant> {
        self.met += 1;
        (self.met <= WRITES_MAX).then(|| Mutant {
            program: self.program.clone(),
            // Known only when it is seen what became of it.
            words: String::new(),
            tamper: Tamper {
                actor: self.actor.clone(),
                call: self.stream.to_owned(),
                or: Vec::new(),
                on: None,
                everywhere: false,
                occurrence: Occurrence::Nth(self.met),
                action: self.action.clone(),
            },
        })
    }
}

/// The same change of a call in a loop again and again says little: its first and its last time are enough.
fn first_and_last(mutants: Vec<Mutant>) -> Vec<Mutant> {
    let is_between = |n: usize| {
        let same = |other: &Mutant| other.words == mutants[n].words;
        mutants[..n].iter().any(same) && mutants[n + 1..].iter().any(same)
    };
    let between: BTreeSet<usize> = (0..mutants.len()).filter(|n| is_between(*n)).collect();
    mutants
        .into_iter()
        .enumerate()
        .filter(|(n, _)| !between.contains(n))
        .map(|(_, mutant)| mutant)
        .collect()
}

/// `/tmp/uc_cli_socket.4001` is one name, whatever the number.
fn numbers_gone(text: &str) -> String {
    let mut gone = String::new();
    for letter in text.chars() {
        if !letter.is_ascii_digit() {
            gone.push(letter);
        } else if !gone.ends_with('#') {
            gone.push('#');
        }
    }
    gone
}

/// A line with its whole words that are this text replaced.
fn without(line: &str, datum: &str) -> String {
    let is_word = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
    let mut out = String::new();
    let mut done = 0;
    for (at, found) in line.match_indices(datum) {
        let (before, after) = (&line[..at], &line[at + found.len()..]);
        if !is_word(before.chars().next_back()) && !is_word(after.chars().next()) {
            out.push_str(&line[done..at]);
            out.push('…');
            done = at + found.len();
        }
    }
    out + &line[done..]
}

/// Texts that are given to the programs, cross the wire, or stand in a segment.
fn data(plan: &Plan, seen: &Evidence) -> Vec<String> {
    let mut data = BTreeSet::new();
    let mut add = |bytes: &[u8]| {
        for part in bytes.split(|byte| matches!(byte, 0 | b'\n')) {
            let text = String::from_utf8_lossy(part).into_owned();
            if !text.trim().is_empty() {
                data.insert(text.trim().to_owned());
                data.insert(text);
            }
        }
    };
    for actor in &plan.actors {
        let (Run::Program { argv, .. } | Run::Script { argv, .. }) = &actor.run;
        argv.iter().skip(1).for_each(|word| add(&word.0));
        match &actor.stdin {
            Stdin::Text(text) => add(&text.0),
            Stdin::Silent => {}
        }
    }
    for segment in &plan.world.segments {
        add(&segment.holds.0);
    }
    let looks = seen.looks.iter().filter_map(|look| look.segment.as_ref());
    for segment in seen.leftovers.segments.iter().chain(looks) {
        add(&segment.holds.0);
    }
    for transfer in seen.trace.iter().filter_map(|call| call.transfer.as_ref()) {
        add(&transfer.head.0);
    }
    for socket in &seen.sockets {
        let ends = socket.local.iter().chain(&socket.remote);
        for end in ends.filter(|end| matches!(end, Address::Path(_))) {
            add(end.to_string().as_bytes());
        }
    }
    let mut data: Vec<String> = data.into_iter().collect();
    data.sort_by_key(|text| std::cmp::Reverse(text.len()));
    data
}

#[cfg(test)]
mod tests {
    use super::{changed_line, without};

    /// A second that ended in "11", and an argument "1": the line had another name than in all other cases, and nobody noticed it there.
    #[test]
    fn a_datum_within_a_number_is_no_word_however_often_it_is_there() {
        let check = |line: &str, datum: &str, expect: &str| {
            assert_eq!(without(line, datum), expect, "{line} {datum}");
        };
        check("shm_atime: 1796117111", "1", "shm_atime: 1796117111");
        check("shm_atime: 1796117117", "117", "shm_atime: 1796117117");
        check("id 1, key 11, 1", "1", "id …, key 11, …");
        check("hello, hello", "hello", "…, …");
    }

    /// The clock ticked between the two runs, so that the time above the changed one is another one, too.
    #[test]
    fn the_line_of_a_change_is_the_one_that_was_written() {
        let check = |after: &str, written: &str, expect: &str| {
            let before = b"shm_atime: 1796117110\nshm_ctime: 1796117110\n";
            let line = changed_line(before, after.as_bytes(), written);
            assert_eq!(line.as_deref(), Some(expect), "{after:?}");
        };
        let ctime = "shm_ctime: 1796117110";
        let ticked = "shm_atime: 1796117111\nshm_ctime: 1796117112\n";
        check(ticked, "1, shm_ctime: 1796117111\n, 22", ctime);
        check(ticked, "1, shm_ctime: 1796117112\n, 22", ctime);
        check(
            "shm_atime: 1796117111\n",
            "1, shm_ctime: 1796117111\n, 22",
            ctime,
        );
    }
}
