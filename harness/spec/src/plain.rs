//! Plain: a case with the values of one run filled in, written as a spec has it, so that it can be pasted into one.
//!
//! It is written from the resolved case and not from its author's text: what the case inherits (`like`) stands there in
//! full, and quotes within quotes come out right whatever a value holds. Lines are short enough for a terminal.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ipclab_evidence::{StdoutKind, signal_name};

use crate::{
    Actor, After, Amount, CallPattern, Case, Count, Endpoint, ExitExpectation, FILE_KINDS,
    GivenKind, LOCKED_ACCESSES, Leftover, Named, Objects, OutputExpectation, Part, Player, Points,
    SIGNAL_MOMENTS, Sanitizers, SignalsExpectation, Step, Template, TranscriptLine, Visibility,
};

/// The widest that a line gets, where a text can be broken at all.
const WIDTH: usize = 72;

impl Case {
    /// The case with these values in the places of its variables, as a spec of its lab would have it. It varies no more:
    /// `vary`, `runs` and `oracle` are left out, and its id says where it is from.
    #[must_use]
    pub fn plain(&self, values: &BTreeMap<String, String>) -> String {
        let case = self.filled(values);
        let mut out = String::from("[[case]]\n");
        head(&mut out, &case);
        for actor in &case.actors {
            write_actor(&mut out, actor);
        }
        expectations(&mut out, &case);
        given(&mut out, &case);
        out
    }
}

fn head(out: &mut String, case: &Case) {
    pair(out, "id", &text(&format!("{}-smallest", case.id)));
    pair(out, "title", &text(&case.title));
    pair(out, "tier", &text(case.tier.name()));
    let points = match &case.points {
        Points::Whole(points) => points.to_string(),
        Points::Split(parts) => {
            let parts: Vec<String> = parts
                .iter()
                .map(|(aspect, points)| format!("{} = {points}", aspect.name()))
                .collect();
            format!("{{ {} }}", parts.join(", "))
        }
    };
    pair(out, "points", &points);
    if !case.covers.is_empty() {
        pair(out, "covers", &list(&case.covers));
    }
    if let Some(hint) = &case.hint {
        let mut steps = vec![hint.clone()];
        steps.extend(case.next_hints.iter().cloned());
        match steps.as_slice() {
            [only] => pair(out, "hint", &text(only)),
            steps => pair(out, "hint", &list(steps)),
        }
    }
    for (name, steps) in &case.hints {
        let steps = match steps.as_slice() {
            [only] => text(only),
            steps => list(steps),
        };
        pair(out, &format!("hints.{name}"), &steps);
    }
    let limit = case.limit.as_millis();
    pair(
        out,
        "limit",
        &if limit.is_multiple_of(1000) {
            format!("\"{}s\"", limit / 1000)
        } else {
            format!("\"{limit}ms\"")
        },
    );
    if !case.requires.is_empty() {
        pair(out, "requires", &list(&case.requires));
    }
    match case.visibility {
        Visibility::Visible => {}
        Visibility::Hidden => pair(out, "visibility", "\"hidden\""),
        Visibility::AfterDeadline => pair(out, "visibility", "\"after-deadline\""),
    }
    match case.sanitize {
        None => {}
        Some(Sanitizers::Memory) => pair(out, "sanitize", "true"),
        Some(Sanitizers::Threads) => pair(out, "sanitize", "\"thread\""),
    }
    if let Some(number) = case.open_files {
        pair(out, "open_files", &number.to_string());
    }
    if let Some(number) = case.output_lines {
        pair(out, "output_lines", &number.to_string());
    }
    let limits: Vec<String> = case
        .limits
        .named()
        .into_iter()
        .filter_map(|(name, limit)| Some(format!("{name} = {}", limit?)))
        .collect();
    if !limits.is_empty() {
        pair(out, "limits", &format!("{{ {} }}", limits.join(", ")));
    }
    if let Some(search) = case.interleave.first().and_then(|turns| turns.search()) {
        pair(out, "interleave", &search);
    } else if !case.interleave.is_empty() {
        let names: Vec<String> = case
            .interleave
            .iter()
            .map(|turns| turns.name().to_owned())
            .collect();
        pair(out, "interleave", &list(&names));
    }
    let faults: Vec<String> = case.faults.iter().map(ToString::to_string).collect();
    if !faults.is_empty() {
        pair(out, "fault", &list(&faults));
    }
    if !case.fail_each.is_empty() {
        pair(out, "fail_each", &list(&case.fail_each));
    }
}

fn write_actor(out: &mut String, actor: &Actor) {
    let _ = writeln!(out, "\n[case.actor.{}]", key(&actor.name));
    match &actor.player {
        Player::Student { program, args } => pair(out, "student", &command(program, args)),
        Player::Reference { program, args } => pair(out, "reference", &command(program, args)),
        Player::Peer { steps } => {
            // A step has quotes and escapes of its own, and holes within them.
            let steps: Vec<String> = steps.iter().map(step_source).collect();
            pair(out, "peer", &list(&steps));
        }
    }
    match actor.copies.as_text() {
        Some("1") => {}
        Some(number) if number.parse::<u32>().is_ok() => pair(out, "copies", number),
        Some(_) | None => pair(out, "copies", &template(&actor.copies)),
    }
    if let Some(stdin) = &actor.stdin {
        pair(out, "stdin", &template(stdin));
    }
    if let Some(listens) = &actor.listens {
        pair(out, "listens", &text(&listens.to_string()));
    }
    if let Some(after) = &actor.after {
        pair(out, "after", &text(&after.to_string()));
    }
    if let Some(exit) = &actor.exit {
        pair(out, "exit", &self::exit(exit));
    }
    match actor.stdout_is {
        StdoutKind::Terminal => {}
        StdoutKind::Pipe => pair(out, "stdout_is", "\"pipe\""),
        StdoutKind::File => pair(out, "stdout_is", "\"file\""),
    }
    for (stream, expected) in [("stdout", &actor.stdout), ("stderr", &actor.stderr)] {
        for expectation in expected {
            output(out, stream, expectation);
        }
    }
}

fn output(out: &mut String, stream: &str, expectation: &OutputExpectation) {
    let (name, items) = match expectation {
        OutputExpectation::Transcript(lines) => {
            let lines = lines.iter().map(|line| match line {
                TranscriptLine::Elided => "...\n".to_owned(),
                TranscriptLine::Line(line) => source(line) + "\n",
            });
            return pair(out, stream, &text(&lines.collect::<String>()));
        }
        OutputExpectation::Lines(lines) => ("lines", sources(lines)),
        OutputExpectation::AnyOrder(lines) => ("any_order", sources(lines)),
        OutputExpectation::Contains(texts) => ("contains", sources(texts)),
        OutputExpectation::AnyOf(texts) => ("any_of", sources(texts)),
        OutputExpectation::Lacks(texts) => ("lacks", sources(texts)),
        OutputExpectation::Regex(texts) => {
            // One without holes stands as it is: its braces are its own.
            let text = |text: &Template| text.as_text().map_or_else(|| source(text), str::to_owned);
            ("regex", texts.iter().map(text).collect())
        }
    };
    // A text that became empty with its value is found everywhere; a spec must not ask for it.
    let items: Vec<String> = items.into_iter().filter(|item| !item.is_empty()).collect();
    if !items.is_empty() {
        pair(out, &format!("{stream}.{name}"), &list(&items));
    }
}

fn expectations(out: &mut String, case: &Case) {
    if !case.wire.is_empty() {
        out.push_str("\n[case.wire]\n");
    }
    for wire in &case.wire {
        let sides = [("sent", &wire.sent), ("received", &wire.received)];
        let amount = match (&wire.sent, &wire.received) {
            (Some(Amount::Bytes(sent)), Some(Amount::Bytes(received))) if sent == received => {
                format!("{{ bytes = {} }}", number(sent))
            }
            (Some(Amount::Range(sent)), Some(Amount::Range(received))) if sent == received => {
                format!("{{ bytes = {} }}", count(sent))
            }
            _ => {
                let sides: Vec<String> = sides
                    .into_iter()
                    .filter_map(|(side, amount)| {
                        Some(match amount.as_ref()? {
                            Amount::Bytes(bytes) => format!("{side} = {}", number(bytes)),
                            Amount::Range(range) => format!("{side} = {}", count(range)),
                            Amount::Messages(messages) => {
                                format!("{side} = {}", list(&sources(messages)))
                            }
                        })
                    })
                    .collect();
                format!("{{ {} }}", sides.join(", "))
            }
        };
        pair(out, &key(&format!("{} -> {}", wire.from, wire.to)), &amount);
    }
    if !(case.leaves.may.is_empty() && case.leaves.must.is_empty()) {
        out.push_str("\n[case.leaves]\n");
        for (name, left) in [("may", &case.leaves.may), ("must", &case.leaves.must)] {
            if !left.is_empty() {
                pair(
                    out,
                    name,
                    &list(&left.iter().map(leftover).collect::<Vec<_>>()),
                );
            }
        }
    }
    for state in &case.shm {
        let _ = writeln!(out, "\n[case.shm.{}]", key(&state.key.to_string()));
        moment(out, &state.after);
        if let Some(exists) = state.exists {
            pair(out, "exists", &exists.to_string());
        }
        written_count(out, "size", &state.size);
        if let Some(mode) = state.mode {
            pair(out, "mode", &format!("\"{mode:04o}\""));
        }
        written_count(out, "attached", &state.attached);
        if let Some(holds) = &state.holds {
            pair(out, "holds", &template(holds));
        }
    }
    if !case.calls.is_empty() {
        out.push_str("\n[case.calls]\n");
    }
    for calls in &case.calls {
        let patterns: Vec<String> = calls
            .patterns
            .iter()
            .map(|pattern| match pattern {
                CallPattern::Has(call) | CallPattern::No(call) => call.text.clone(),
                CallPattern::AnyOf(calls) => calls
                    .first()
                    .map_or(String::new(), |call| call.text.clone()),
                CallPattern::Every { opener, .. } => opener.text.clone(),
            })
            .collect();
        pair(out, &key(&calls.actor), &list(&patterns));
    }
    objects(out, &case.objects);
    system_v(out, &case.objects);
}

fn objects(out: &mut String, objects: &Objects) {
    for processes in &objects.processes {
        out.push_str("\n[[case.processes]]\n");
        pair(out, "actor", &text(&processes.actor));
        for (name, wanted) in processes.counts() {
            written_count(out, name, wanted);
        }
        if let Some(ends) = &processes.ends {
            let ends: Vec<String> = ends.iter().map(exit).collect();
            pair(out, "ends", &format!("[{}]", ends.join(", ")));
        }
        let runs = processes.runs.iter().map(|line| words(&line.words));
        let runs: Vec<String> = runs.collect();
        if !runs.is_empty() {
            pair(out, "runs", &list(&runs));
        }
        let rules = processes.environment.iter().map(|rule| match &rule.whole {
            Some(whole) => source(whole),
            None => format!("no {}", rule.name),
        });
        let rules: Vec<String> = rules.collect();
        if !rules.is_empty() {
            pair(out, "environment", &list(&rules));
        }
    }
    for descriptors in &objects.descriptors {
        out.push_str("\n[[case.descriptors]]\n");
        pair(out, "actor", &text(&descriptors.actor));
        pair(out, "of", &text(descriptors.of.name()));
        for (name, wanted) in descriptors.counts() {
            written_count(out, name, wanted);
        }
    }
    for mappings in &objects.mappings {
        out.push_str("\n[[case.mappings]]\n");
        pair(out, "actor", &text(&mappings.actor));
        pair(out, "of", &text(&mappings.of.name()));
        for (name, wanted) in mappings.counts() {
            written_count(out, name, wanted);
        }
    }
    for signals in &objects.signals {
        self::signals(out, signals);
    }
    for file in &objects.files {
        let _ = writeln!(out, "\n[case.files.{}]", key(&file.path));
        if let Some(exists) = file.exists {
            pair(out, "exists", &exists.to_string());
        }
        named(out, "kind", &FILE_KINDS, file.kind);
        if let Some(holds) = &file.holds {
            pair(out, "holds", &template(holds));
        }
        if let Some(other) = &file.same_as {
            pair(out, "same_as", &text(other));
        }
        written_count(out, "size", &file.size);
        if let Some(mode) = file.mode {
            pair(out, "mode", &format!("\"{mode:04o}\""));
        }
        written_count(out, "links", &file.links);
        written_count(out, "blocks", &file.blocks);
        if let Some(holes) = file.holes {
            pair(out, "holes", &holes.to_string());
        }
        if let Some(target) = &file.target {
            pair(out, "target", &template(target));
        }
        if let Some(is_own) = file.is_own {
            pair(out, "owner", if is_own { "\"own\"" } else { "\"other\"" });
        }
        named(out, "locked", &LOCKED_ACCESSES, file.locked);
        if let Some(walked) = file.walked {
            pair(out, "walked", &walked.to_string());
        }
    }
}

/// What has a name in specs, where it is given.
fn named<T: PartialEq>(out: &mut String, key: &str, names: &[(&str, T)], value: Option<T>) {
    let value = value.and_then(|value| names.iter().find(|(_, known)| *known == value));
    if let Some((name, _)) = value {
        pair(out, key, &text(name));
    }
}

fn signals(out: &mut String, signals: &SignalsExpectation) {
    out.push_str("\n[[case.signals]]\n");
    pair(out, "actor", &text(&signals.actor));
    named(out, "at", &SIGNAL_MOMENTS, signals.at);
    let states = signals.states().into_iter();
    for (key, wanted) in states.chain([("receives", &signals.receives)]) {
        let names: Vec<String> = wanted.iter().map(|signal| signal_name(*signal)).collect();
        if !names.is_empty() {
            pair(out, key, &list(&names));
        }
    }
    if signals.safe_handlers {
        pair(out, "handlers", "\"safe\"");
    }
}

fn system_v(out: &mut String, objects: &Objects) {
    let state = |out: &mut String, exists: Option<bool>, mode: Option<u32>| {
        if let Some(exists) = exists {
            pair(out, "exists", &exists.to_string());
        }
        if let Some(mode) = mode {
            pair(out, "mode", &format!("\"{mode:04o}\""));
        }
    };
    for set in &objects.sem {
        let _ = writeln!(out, "\n[case.sem.{}]", key(&set.key.to_string()));
        moment(out, &set.after);
        state(out, set.exists, set.mode);
        if let Some(values) = &set.values {
            pair(out, "values", &format!("{values:?}"));
        }
    }
    for queue in &objects.msg {
        let _ = writeln!(out, "\n[case.msg.{}]", key(&queue.key.to_string()));
        moment(out, &queue.after);
        state(out, queue.exists, queue.mode);
        written_count(out, "messages", &queue.messages);
        if let Some(holds) = &queue.holds {
            pair(out, "holds", &list(&sources(holds)));
        }
    }
    for semaphore in &objects.posix_sem {
        let _ = writeln!(out, "\n[case.posix_sem.{}]", key(&semaphore.name));
        state(out, semaphore.exists, semaphore.mode);
        if let Some(value) = semaphore.value {
            pair(out, "value", &value.to_string());
        }
    }
    for queue in &objects.posix_mq {
        let _ = writeln!(out, "\n[case.posix_mq.{}]", key(&queue.name));
        state(out, queue.exists, queue.mode);
        written_count(out, "messages", &queue.messages);
        if let Some(holds) = &queue.holds {
            pair(out, "holds", &list(&sources(holds)));
        }
        for (name, size) in [("maxmsg", queue.maxmsg), ("msgsize", queue.msgsize)] {
            if let Some(size) = size {
                pair(out, name, &size.to_string());
            }
        }
    }
}

fn moment(out: &mut String, after: &Option<After>) {
    if let Some(after) = after {
        pair(out, "after", &text(&after.to_string()));
    }
}

fn written_count(out: &mut String, name: &str, wanted: &Option<Count>) {
    if let Some(wanted) = wanted.as_ref().map(count) {
        pair(out, name, &wanted);
    }
}

/// `4`, or `{ at_least = 1 }`.
fn count(Count { least, most }: &Count) -> String {
    if least == most
        && let Some(number) = least
    {
        return self::number(number);
    }
    let sides = [("at_least", least), ("at_most", most)];
    let sides: Vec<String> = sides
        .into_iter()
        .filter_map(|(side, number)| Some(format!("{side} = {}", self::number(number.as_ref()?))))
        .collect();
    format!("{{ {} }}", sides.join(", "))
}

fn exit(exit: &ExitExpectation) -> String {
    match exit {
        ExitExpectation::Code(status) => status.to_string(),
        ExitExpectation::Failure => "\"failure\"".to_owned(),
        ExitExpectation::Running => "\"running\"".to_owned(),
        ExitExpectation::Signal(name) => text(name),
        ExitExpectation::Ended => "\"ended\"".to_owned(),
        ExitExpectation::Any => "\"any\"".to_owned(),
    }
}

fn given(out: &mut String, case: &Case) {
    let given = &case.given;
    let empty = given.files.is_empty()
        && given.shm.is_empty()
        && given.sem.is_empty()
        && given.msg.is_empty()
        && given.posix_sem.is_empty()
        && given.posix_mq.is_empty()
        && given.descriptors == 0
        && given.hosts.is_empty();
    if empty {
        return;
    }
    out.push_str("\n[case.given]\n");
    for file in &given.files {
        let value = match &file.kind {
            GivenKind::StaleSocket => "\"stale socket\"".to_owned(),
            GivenKind::Directory => "\"directory\"".to_owned(),
            GivenKind::Fifo => "\"fifo\"".to_owned(),
            GivenKind::Symlink(target) => format!("{{ target = {} }}", text(target)),
            GivenKind::HardLink(of) => format!("{{ link = {} }}", text(of)),
            GivenKind::Text(held) => {
                let size = file.size.map(|size| format!(", size = {size}"));
                let mode = file.mode.map(|mode| format!(", mode = \"{mode:04o}\""));
                format!(
                    "{{ text = {}{}{} }}",
                    template(held),
                    size.unwrap_or_default(),
                    mode.unwrap_or_default()
                )
            }
        };
        pair(out, &format!("files.{}", key(&file.path)), &value);
    }
    for segment in &given.shm {
        let owner = if segment.foreign {
            ", owner = \"other\""
        } else {
            ""
        };
        let value = format!(
            "{{ size = {}, mode = \"{:04o}\", holds = {}{owner} }}",
            segment.size,
            segment.mode,
            template(&segment.holds)
        );
        pair(
            out,
            &format!("shm.{}", key(&segment.key.to_string())),
            &value,
        );
    }
    for set in &given.sem {
        let value = format!(
            "{{ values = {:?}, mode = \"{:04o}\" }}",
            set.values, set.mode
        );
        pair(out, &format!("sem.{}", key(&set.key.to_string())), &value);
    }
    for queue in &given.msg {
        let messages = queue.messages.iter().map(|message| {
            let said = template(&message.text);
            format!("{{ mtype = {}, text = {said} }}", message.mtype)
        });
        let messages: Vec<String> = messages.collect();
        let value = format!(
            "{{ messages = [{}], mode = \"{:04o}\" }}",
            messages.join(", "),
            queue.mode
        );
        pair(out, &format!("msg.{}", key(&queue.key.to_string())), &value);
    }
    for semaphore in &given.posix_sem {
        let value = format!(
            "{{ value = {}, mode = \"{:04o}\" }}",
            semaphore.value, semaphore.mode
        );
        pair(out, &format!("posix_sem.{}", key(&semaphore.name)), &value);
    }
    for queue in &given.posix_mq {
        let messages = queue.messages.iter().map(|message| {
            let said = template(&message.text);
            format!("{{ priority = {}, text = {said} }}", message.priority)
        });
        let messages: Vec<String> = messages.collect();
        let value = format!(
            "{{ messages = [{}], maxmsg = {}, msgsize = {}, mode = \"{:04o}\" }}",
            messages.join(", "),
            queue.maxmsg,
            queue.msgsize,
            queue.mode
        );
        pair(out, &format!("posix_mq.{}", key(&queue.name)), &value);
    }
    if given.descriptors > 0 {
        pair(out, "descriptors", &given.descriptors.to_string());
    }
    let mut written: Vec<&String> = Vec::new();
    for (name, _) in &given.hosts {
        if written.contains(&name) {
            continue;
        }
        written.push(name);
        let of_name = given.hosts.iter().filter(|(other, _)| other == name);
        let addresses: Vec<String> = of_name.map(|(_, address)| address.to_string()).collect();
        let value = match addresses.as_slice() {
            [one] => text(one),
            several => list(several),
        };
        pair(out, &format!("hosts.{}", key(name)), &value);
    }
}

fn leftover(left: &Leftover) -> String {
    let of = |kind: &str, named: &Named| match named {
        Named::Key(key) => format!("{kind}:{key}"),
        Named::Private => format!("{kind}:private"),
        Named::Any => format!("{kind}:any"),
    };
    match left {
        Leftover::Path(path) => path.clone(),
        Leftover::Shm(key) => of("shm", key),
        Leftover::Sem(key) => of("sem", key),
        Leftover::Msg(key) => of("msg", key),
        Leftover::PosixShm(name) => format!("posix-shm:{name}"),
        Leftover::PosixQueue(name) => format!("posix-mq:{name}"),
        Leftover::Port(port @ (Endpoint::Tcp { .. } | Endpoint::Udp { .. })) => port.to_string(),
        Leftover::Port(other @ (Endpoint::Unix(_) | Endpoint::Shm(_) | Endpoint::Any(_))) => {
            other.to_string()
        }
        Leftover::Process => "process".to_owned(),
        Leftover::Served(actor) => format!("{{{{{actor}.listens.path}}}}"),
    }
}

/// A number where the template is one, else the template.
fn number(amount: &Template) -> String {
    match amount.as_text() {
        Some(number) if number.parse::<u32>().is_ok() => number.to_owned(),
        Some(_) | None => template(amount),
    }
}

/// A command line; words that a reader of it would take apart are quoted.
fn command(program: &str, args: &[Template]) -> String {
    let program = Template::text(program);
    let line: Vec<Template> = [program].into_iter().chain(args.iter().cloned()).collect();
    text(&words(&line))
}

/// Words of a command line with blanks between them.
fn words(line: &[Template]) -> String {
    let mut written = String::new();
    for (at, arg) in line.iter().enumerate() {
        let word = source(arg);
        let plain = !word.is_empty()
            && word
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_./:=@%+,-{}".contains(c));
        if at > 0 {
            written.push(' ');
        }
        if plain {
            written.push_str(&word);
        } else {
            let _ = write!(written, "'{}'", word.replace('\'', r"'\''"));
        }
    }
    written
}

/// A template as a value.
fn template(template: &Template) -> String {
    text(&source(template))
}

fn sources(templates: &[Template]) -> Vec<String> {
    templates.iter().map(source).collect()
}

/// A template as a spec writes it, holes and all.
fn source(template: &Template) -> String {
    let mut out = String::new();
    for (n, part) in template.parts.iter().enumerate() {
        match part {
            Part::Text(text) => {
                let before_hole = n + 1 < template.parts.len();
                escape_braces(&mut out, text, before_hole);
            }
            Part::Hole(hole) => {
                let _ = write!(out, "{hole}");
            }
        }
    }
    out
}

/// A step as a spec writes it: what is filled in when its peer starts stays, every other `{{` is text.
fn step_source(step: &Step) -> String {
    let templates = step.templates().into_iter();
    let holes = templates
        .flat_map(|template| &template.parts)
        .filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Hole(hole) => Some(hole.to_string()),
        });
    let text = step.action.to_string();
    let (mut out, mut rest) = (String::new(), text.as_str());
    for hole in holes {
        if let Some((before, after)) = rest.split_once(&hole) {
            escape_braces(&mut out, before, true);
            out.push_str(&hole);
            rest = after;
        }
    }
    escape_braces(&mut out, rest, false);
    out
}

/// Two braces and more start a placeholder; so does one that stands before a placeholder. `{{'{{'}}` stands for themselves.
fn escape_braces(out: &mut String, text: &str, before_hole: bool) {
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let (before, from) = rest.split_at(open);
        let run = from.len() - from.trim_start_matches('{').len();
        let (run, after) = from.split_at(run);
        out.push_str(before);
        if run.len() > 1 || (after.is_empty() && before_hole) {
            let _ = write!(out, "{{{{'{run}'}}}}");
        } else {
            out.push_str(run);
        }
        rest = after;
    }
    out.push_str(rest);
}

/// `name = value`
fn pair(out: &mut String, name: &str, value: &str) {
    let _ = writeln!(out, "{name} = {value}");
}

/// A key, quoted where it must be.
fn key(name: &str) -> String {
    let bare = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if bare { name.to_owned() } else { quoted(name) }
}

/// A list of texts, on one line where they fit.
fn list(items: &[String]) -> String {
    let short: Vec<String> = items.iter().map(|item| quoted(item)).collect();
    let line = format!("[{}]", short.join(", "));
    if line.len() <= WIDTH / 2 {
        return line;
    }
    let mut out = String::from("[\n");
    for item in items {
        let _ = writeln!(out, "  {},", text(item));
    }
    out + "]"
}

/// A text; a long one over several lines, each ended by a backslash that takes the line's end away.
fn text(text: &str) -> String {
    let line = quoted(text);
    if line.chars().count() <= WIDTH / 2 {
        return line;
    }
    let mut out = String::from("\"\"\"\\\n");
    let mut width = 0;
    for c in text.chars() {
        let c = if width == 0 && c == ' ' {
            // A blank at a line's beginning would go with the line's end.
            "\\u0020".to_owned()
        } else {
            escaped(c)
        };
        width += c.chars().count();
        out.push_str(&c);
        if width >= WIDTH - 8 {
            out.push_str("\\\n");
            width = 0;
        }
    }
    out + "\"\"\""
}

fn quoted(text: &str) -> String {
    let inner: String = text.chars().map(escaped).collect();
    format!("\"{inner}\"")
}

/// As a TOML basic string has it. What a reader could not see or copy is spelt out.
fn escaped(c: char) -> String {
    match c {
        '"' | '\\' => format!("\\{c}"),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        ' '..='~' => c.to_string(),
        c if c.is_alphanumeric() => c.to_string(),
        c if u32::from(c) > 0xffff => format!("\\U{:08x}", u32::from(c)),
        c => format!("\\u{:04x}", u32::from(c)),
    }
}
