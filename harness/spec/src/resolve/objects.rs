//! The kernel's objects: what is expected of processes, descriptors and files.

use super::actor::exit;
use super::context::Context;
use super::number::count;
use super::path::is_path;
use super::said::is_said;
use super::shm::unique_key;
use super::subject::subject;
use super::template::{Use, template};
use super::words::words;
use crate::names::nearest;
use crate::raw::{At, CountForm, Keyed, RawCase, RawDescriptors, RawFile, RawProcesses};
use crate::{
    CommandLine, Descriptors, DescriptorsOf, EnvironmentRule, ExitExpectation, FILE_KINDS,
    FileExpectation, LOCKED_ACCESSES, MsgState, Objects, Processes, SemState,
};

/// Resolves what a case expects of them.
pub(crate) fn objects(raw: &RawCase, context: &mut Context<'_>) -> Objects {
    let students: Vec<String> = raw
        .actor
        .iter()
        .flat_map(Keyed::iter)
        .filter(|(_, actor)| actor.student.is_some())
        .map(|(name, _)| name.value.clone())
        .collect();
    Objects {
        processes: raw
            .processes
            .iter()
            .flat_map(|tables| &tables.0)
            .filter_map(|raw| self::processes(raw, &students, context))
            .collect(),
        descriptors: raw
            .descriptors
            .iter()
            .flat_map(|tables| &tables.0)
            .filter_map(|raw| self::descriptors(raw, &students, context))
            .collect(),
        mappings: raw
            .mappings
            .iter()
            .flat_map(|tables| &tables.0)
            .filter_map(|raw| super::mappings::mappings(raw, &students, context))
            .collect(),
        signals: super::signals::signals(raw, &students, context),
        files: raw
            .files
            .iter()
            .flat_map(Keyed::iter)
            .filter_map(|(path, raw)| file(path, raw, context))
            .collect(),
        sem: semaphores(raw, context),
        msg: queues(raw, context),
        posix_sem: super::posix::semaphores(raw, context),
        posix_mq: super::posix::queues(raw, context),
    }
}

fn semaphores(raw: &RawCase, context: &mut Context<'_>) -> Vec<SemState> {
    let (mut states, mut seen) = (Vec::new(), Vec::new());
    for (name, raw) in raw.sem.iter().flat_map(Keyed::iter) {
        let Some(key) = unique_key(name, "semaphore set", &mut seen, context) else {
            continue;
        };
        let says_more = raw.values.is_some() || raw.mode.is_some();
        let unread = !raw.unread.is_empty();
        is_said(
            &raw.exists,
            says_more || unread,
            &raw.span,
            "exists, values or mode",
            context,
        );
        let values = raw.values.as_ref().map(|values| {
            let mut all = Vec::new();
            for value in &values.0 {
                match u16::try_from(value.value) {
                    Ok(value) => all.push(value),
                    Err(_) => {
                        context
                            .diagnostics
                            .error(&value.span, "a semaphore's value is 0 to 32767");
                    }
                }
            }
            all
        });
        states.push(SemState {
            key,
            after: raw.after.as_ref().and_then(|after| context.after(after)),
            exists: raw.exists.as_ref().map(|exists| exists.value),
            values,
            mode: raw.mode.as_ref().map(|mode| mode.0.value),
        });
    }
    states
}

fn queues(raw: &RawCase, context: &mut Context<'_>) -> Vec<MsgState> {
    let (mut states, mut seen) = (Vec::new(), Vec::new());
    for (name, raw) in raw.msg.iter().flat_map(Keyed::iter) {
        let Some(key) = unique_key(name, "message queue", &mut seen, context) else {
            continue;
        };
        let says_more = raw.messages.is_some() || raw.holds.is_some() || raw.mode.is_some();
        let unread = !raw.unread.is_empty();
        let keys = "exists, messages, holds or mode";
        is_said(&raw.exists, says_more || unread, &raw.span, keys, context);
        if let (Some(_), Some(holds)) = (&raw.after, &raw.holds) {
            context
                .diagnostics
                .error(
                    &holds.span,
                    "what a queue holds is looked at when every program has ended",
                )
                .help("before that, say how many messages wait in it: messages = 1");
        }
        states.push(MsgState {
            key,
            after: raw.after.as_ref().and_then(|after| context.after(after)),
            exists: raw.exists.as_ref().map(|exists| exists.value),
            messages: raw.messages.as_ref().and_then(|form| count(form, context)),
            holds: raw
                .holds
                .as_ref()
                .map(|many| context.templates(&many.items, Use::Expected)),
            mode: raw.mode.as_ref().map(|mode| mode.0.value),
        });
    }
    states
}

fn processes(
    raw: &RawProcesses,
    students: &[String],
    context: &mut Context<'_>,
) -> Option<Processes> {
    let nothing = raw.total.is_none()
        && raw.children.is_none()
        && raw.threads.is_none()
        && raw.unjoined.is_none()
        && raw.zombies.is_none()
        && raw.orphans.is_none()
        && raw.ends.is_none()
        && raw.runs.is_none()
        && raw.environment.is_none();
    if nothing && raw.unread.is_empty() {
        context
            .diagnostics
            .error(&raw.span, "nothing is expected of these processes")
            .help("say total, children, threads, unjoined, zombies, orphans, ends, runs or environment")
            .consequence();
    }
    let actor = subject(raw.actor.as_ref(), &raw.span, students, context)?;
    let mut count =
        |form: &Option<CountForm>| form.as_ref().and_then(|form| self::count(form, context));
    let (total, children, threads) = (count(&raw.total), count(&raw.children), count(&raw.threads));
    let unjoined = count(&raw.unjoined);
    let (zombies, orphans) = (count(&raw.zombies), count(&raw.orphans));
    let ends = raw.ends.as_ref().map(|ends| {
        let mut all = Vec::new();
        for form in &ends.0 {
            match exit(form, context) {
                Some(ExitExpectation::Running) => {
                    context
                        .diagnostics
                        .error(form.span(), "a child that goes on has no end")
                        .help("one that outlives its parent is counted by `orphans`");
                }
                end => all.extend(end),
            }
        }
        all
    });
    let mut runs = Vec::new();
    for line in raw.runs.iter().flat_map(|many| &many.items) {
        runs.extend(command_line(line, context));
    }
    let rules = raw.environment.iter().flat_map(|many| &many.items);
    let environment = rules.filter_map(|rule| environment_rule(rule, context));
    let environment = environment.collect();
    Some(Processes {
        actor,
        total,
        children,
        threads,
        unjoined,
        zombies,
        orphans,
        ends,
        runs,
        environment,
    })
}

/// `NAME=value` or `no NAME`.
fn environment_rule(text: &At<String>, context: &mut Context<'_>) -> Option<EnvironmentRule> {
    let is_name = |name: &str| {
        let odd = |byte: u8| !byte.is_ascii_alphanumeric() && byte != b'_';
        !name.is_empty() && !name.bytes().any(odd)
    };
    if let Some(name) = text.value.strip_prefix("no ").filter(|name| is_name(name)) {
        return Some(EnvironmentRule {
            name: name.to_owned(),
            whole: None,
        });
    }
    match text.value.split_once('=') {
        Some((name, _)) if is_name(name) => Some(EnvironmentRule {
            name: name.to_owned(),
            whole: Some(context.template(text, Use::Matched)),
        }),
        _ => {
            context
                .diagnostics
                .error(&text.span, "this is no variable of the environment")
                .help("write \"NAME=value\", or \"no NAME\"");
            None
        }
    }
}

/// A program and its arguments, as a shell takes them apart.
fn command_line(line: &At<String>, context: &mut Context<'_>) -> Option<CommandLine> {
    let split = context.read(line, words)?;
    if split.is_empty() {
        context
            .diagnostics
            .error(&line.span, "this names no program");
        return None;
    }
    let mut all = Vec::new();
    for word in split {
        match template(&word.text, &context.scope, Use::Matched) {
            Ok(template) => all.push(template),
            Err(flaws) => {
                for mut flaw in flaws {
                    flaw.at = word.at.clone();
                    context.diagnostics.flaw(line, flaw);
                }
            }
        }
    }
    Some(CommandLine { words: all })
}

fn descriptors(
    raw: &RawDescriptors,
    students: &[String],
    context: &mut Context<'_>,
) -> Option<Descriptors> {
    let nothing = raw.at_exec.is_none()
        && raw.at_wait.is_none()
        && raw.at_end.is_none()
        && raw.passes.is_none()
        && raw.receives.is_none();
    if nothing && raw.unread.is_empty() {
        context
            .diagnostics
            .error(&raw.span, "nothing is expected of these descriptors")
            .help("say at_exec, at_wait, at_end, passes or receives: at_exec = 0")
            .consequence();
    }
    let of = match &raw.of {
        None => DescriptorsOf::Any,
        Some(word) => {
            let wrong = format!("there are no descriptors of `{}`", word.value);
            let known = one_of(
                word,
                DescriptorsOf::ALL.map(|of| (of.name(), of)),
                wrong,
                context,
            );
            known.unwrap_or(DescriptorsOf::Any)
        }
    };
    let actor = subject(raw.actor.as_ref(), &raw.span, students, context)?;
    let mut count =
        |form: &Option<CountForm>| form.as_ref().and_then(|form| self::count(form, context));
    Some(Descriptors {
        actor,
        of,
        at_exec: count(&raw.at_exec),
        at_wait: count(&raw.at_wait),
        at_end: count(&raw.at_end),
        passes: count(&raw.passes),
        receives: count(&raw.receives),
    })
}

fn file(path: &At<String>, raw: &RawFile, context: &mut Context<'_>) -> Option<FileExpectation> {
    if !is_path(path, context) {
        return None;
    }
    let says_more = raw.kind.is_some()
        || raw.holds.is_some()
        || raw.same_as.is_some()
        || raw.size.is_some()
        || raw.mode.is_some()
        || raw.links.is_some()
        || raw.blocks.is_some()
        || raw.holes.is_some()
        || raw.target.is_some()
        || raw.owner.is_some()
        || raw.locked.is_some()
        || raw.walked.is_some();
    match &raw.exists {
        Some(exists) if !exists.value && says_more => {
            context.diagnostics.error(
                &exists.span,
                "nothing else can be expected of a file that must not exist",
            );
        }
        None if !says_more && raw.unread.is_empty() => {
            context
                .diagnostics
                .error(&raw.span, "nothing is expected of this file")
                .help("say exists, holds, same_as, size, mode, kind, links, blocks, holes, target, owner, locked or walked")
                .consequence();
        }
        _ => {}
    }
    if let (Some(_), Some(same_as)) = (&raw.holds, &raw.same_as) {
        context
            .diagnostics
            .error(
                &same_as.span,
                "`holds` and `same_as` say the same thing twice",
            )
            .help("leave one of them out");
    }
    let mut count =
        |form: &Option<CountForm>| form.as_ref().and_then(|form| self::count(form, context));
    let (size, links, blocks) = (count(&raw.size), count(&raw.links), count(&raw.blocks));
    Some(FileExpectation {
        path: path.value.clone(),
        exists: raw.exists.as_ref().map(|exists| exists.value),
        kind: raw.kind.as_ref().and_then(|word| {
            let wrong = format!("a file is no `{}`", word.value);
            one_of(word, FILE_KINDS, wrong, context)
        }),
        holds: raw
            .holds
            .as_ref()
            .map(|holds| context.template(holds, Use::Expected)),
        same_as: raw
            .same_as
            .as_ref()
            .filter(|other| is_path(other, context))
            .map(|other| other.value.clone()),
        size,
        mode: raw.mode.as_ref().map(|mode| mode.0.value),
        links,
        blocks,
        holes: raw.holes.as_ref().map(|holes| holes.value),
        target: raw
            .target
            .as_ref()
            .map(|target| context.template(target, Use::Expected)),
        is_own: raw.owner.as_ref().and_then(|word| {
            let wrong = format!("there is no owner `{}`", word.value);
            one_of(word, [("own", true), ("other", false)], wrong, context)
        }),
        walked: raw.walked.as_ref().map(|walked| walked.value),
        locked: raw.locked.as_ref().and_then(|word| {
            let wrong = format!(
                "`locked` says what is done under a lock only, and that is no `{}`",
                word.value
            );
            one_of(word, LOCKED_ACCESSES, wrong, context)
        }),
    })
}

/// What a word means that has to be one of these; `wrong` is said of another.
fn one_of<T: Copy, const N: usize>(
    word: &At<String>,
    names: [(&'static str, T); N],
    wrong: String,
    context: &mut Context<'_>,
) -> Option<T> {
    let known = names.iter().find(|(name, _)| *name == word.value);
    if known.is_none() {
        let names = names.map(|(name, _)| name);
        context
            .diagnostics
            .error(&word.span, wrong)
            .help(format!("known here: {}", names.join(", ")))
            .suggest(nearest(&word.value, names));
    }
    known.map(|(_, meant)| *meant)
}
