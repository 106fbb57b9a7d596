//! Actors: what plays them, what starts them, how they must end.

use ipclab_evidence::StdoutKind;

use super::context::Context;
use super::endpoint::endpoint;
use super::output::output;
use super::peer::step;
use super::template::{Use, template};
use super::vary::is_name;
use super::words::words;
use crate::names::{is_signal, nearest, signals};
use crate::raw::{At, CopiesForm, ExitForm, Keyed, Many, RawActor};
use crate::{Actor, After, ExitExpectation, Player, Reference, Template};

/// Resolves the actors of a case.
pub(crate) fn actors(table: Option<&Keyed<RawActor>>, context: &mut Context<'_>) -> Vec<Actor> {
    let raw: &[(At<String>, RawActor)] = table.map_or(&[], |table| &table.entries);
    let mut actors = Vec::new();
    for (name, raw) in raw {
        if name.value == "fault" || name.value == "shm" {
            context
                .diagnostics
                .error(
                    &name.span,
                    format!("`{}` means something else in a placeholder", name.value),
                )
                .help("give the actor another name");
        } else if !is_name(&name.value) {
            context
                .diagnostics
                .error(
                    &name.span,
                    format!("`{}` is no name of an actor", name.value),
                )
                .help("a name has letters, digits, - and _");
        }
        actors.extend(actor(name, raw, context));
    }
    circles(raw, context);
    never_listening(raw, context);
    actors
}

fn actor(name: &At<String>, raw: &RawActor, context: &mut Context<'_>) -> Option<Actor> {
    let player = player(name, raw, context);
    let copies = copies(raw.copies.as_ref(), context);
    Some(Actor {
        name: name.value.clone(),
        copies,
        stdin: raw
            .stdin
            .as_ref()
            .map(|stdin| context.template(stdin, Use::Start)),
        listens: raw
            .listens
            .as_ref()
            .and_then(|listens| context.read(listens, endpoint)),
        after: raw.after.as_ref().and_then(|after| context.after(after)),
        exit: raw.exit.as_ref().and_then(|form| exit(form, context)),
        stdout_is: stdout_is(raw.stdout_is.as_ref(), context),
        stdout: output(raw.stdout.as_ref(), context),
        stderr: output(raw.stderr.as_ref(), context),
        player: player?,
    })
}

/// What specs call that which an actor prints to.
pub(crate) const STDOUT_KINDS: [(&str, StdoutKind); 3] = [
    ("tty", StdoutKind::Terminal),
    ("pipe", StdoutKind::Pipe),
    ("file", StdoutKind::File),
];

fn stdout_is(word: Option<&At<String>>, context: &mut Context<'_>) -> StdoutKind {
    let Some(word) = word else {
        return StdoutKind::default();
    };
    let names = || STDOUT_KINDS.into_iter().map(|(name, _)| name);
    let known = STDOUT_KINDS
        .into_iter()
        .find(|(name, _)| *name == word.value);
    if known.is_none() {
        context
            .diagnostics
            .error(
                &word.span,
                format!("a program cannot print to a `{}`", word.value),
            )
            .help("known here: tty, pipe, file")
            .suggest(nearest(&word.value, names()));
    }
    known.map_or(StdoutKind::default(), |(_, kind)| kind)
}

fn player(name: &At<String>, raw: &RawActor, context: &mut Context<'_>) -> Option<Player> {
    let choices = [
        raw.student.as_ref().map(|at| &at.span),
        raw.reference.as_ref().map(|at| &at.span),
        raw.peer.as_ref().map(|many| &many.span),
    ];
    let chosen: Vec<_> = choices.into_iter().flatten().collect();
    match chosen.as_slice() {
        [] if ["student", "reference", "peer"]
            .into_iter()
            .all(|key| raw.lacks(key)) =>
        {
            context
                .diagnostics
                .error(&raw.span, format!("nobody plays `{}`", name.value))
                .help("say one of student, reference or peer")
                .consequence();
            return None;
        }
        [] => return None,
        [_] => {}
        [first, second, ..] => {
            context
                .diagnostics
                .error(second, format!("`{}` is played by two", name.value))
                .label("and by this one")
                .help("say one of student, reference or peer")
                .also((*first).clone(), "by this one");
            return None;
        }
    }
    if let Some(line) = &raw.student {
        let (program, args) = command(line, context)?;
        return Some(Player::Student { program, args });
    }
    if let Some(line) = &raw.reference {
        let (program, args) = command(line, context)?;
        if context
            .programs
            .iter()
            .any(|known| known.name == program && known.reference == Reference::None)
        {
            context
                .diagnostics
                .error(&line.span, format!("`{program}` has no reference"))
                .help(format!(
                    "say it in [program.{program}]: reference = \"...\""
                ));
        }
        return Some(Player::Reference { program, args });
    }
    raw.peer
        .as_ref()
        .and_then(|steps| peer(steps, raw, context))
}

/// A command line: a program of the lab, and arguments with variables.
fn command(line: &At<String>, context: &mut Context<'_>) -> Option<(String, Vec<Template>)> {
    let words = context.read(line, words)?;
    let Some((first, rest)) = words.split_first() else {
        context
            .diagnostics
            .error(&line.span, "this names no program");
        return None;
    };
    if !context
        .programs
        .iter()
        .any(|program| program.name == first.text)
    {
        let names = context.programs.iter().map(|program| program.name.as_str());
        let meant = nearest(&first.text, names);
        let help = format!("declare it: [program.{}]", first.text);
        let place = context.place(line, &first.at);
        let diagnostic = context
            .diagnostics
            .error(&place, format!("there is no program `{}`", first.text))
            .consequence();
        match meant {
            Some(_) => diagnostic.suggest(meant),
            None => diagnostic.help(help),
        };
    }
    let mut args = Vec::new();
    for word in rest {
        match template(&word.text, &context.scope, Use::Start) {
            Ok(template) => args.push(template),
            Err(flaws) => {
                for mut flaw in flaws {
                    flaw.at = if word.verbatim {
                        flaw.at.start + word.at.start..flaw.at.end + word.at.start
                    } else {
                        word.at.clone()
                    };
                    context.diagnostics.flaw(line, flaw);
                }
            }
        }
    }
    Some((first.text.clone(), args))
}

fn peer(steps: &Many, raw: &RawActor, context: &mut Context<'_>) -> Option<Player> {
    let stray = [
        ("stdin", raw.stdin.as_ref().map(|at| &at.span)),
        ("exit", raw.exit.as_ref().map(ExitForm::span)),
        ("stdout_is", raw.stdout_is.as_ref().map(|at| &at.span)),
    ];
    for (key, span) in stray {
        if let Some(span) = span {
            context
                .diagnostics
                .error(span, format!("a scripted peer has no `{key}`"));
        }
    }
    if raw.stdout.is_some() || raw.stderr.is_some() {
        context.diagnostics.error(
            &steps.span,
            "a scripted peer prints nothing that could be expected",
        );
    }
    if steps.items.is_empty() {
        context
            .diagnostics
            .error(&steps.span, "this peer does nothing")
            .consequence();
    }
    let mut parsed = Vec::new();
    for item in &steps.items {
        let scope = context.scope.clone();
        parsed.extend(context.read(item, |text| step(text, &scope)));
    }
    Some(Player::Peer { steps: parsed })
}

impl ExitForm {
    pub(crate) fn span(&self) -> &crate::tree::Span {
        match self {
            Self::Code(code) => &code.span,
            Self::Word(word) => &word.span,
        }
    }
}

fn copies(form: Option<&CopiesForm>, context: &mut Context<'_>) -> Template {
    const COPIES_MAX: i64 = 64;
    match form {
        None => Template::text("1"),
        Some(CopiesForm::Number(number)) => {
            if !(1..=COPIES_MAX).contains(&number.value) {
                context.diagnostics.error(
                    &number.span,
                    format!("an actor has 1 to {COPIES_MAX} copies"),
                );
            }
            Template::text(number.value.to_string())
        }
        Some(CopiesForm::Template(text)) => {
            let template = context.template(text, Use::Input);
            if template
                .as_text()
                .is_some_and(|text| text.parse::<u8>().is_err())
            {
                context
                    .diagnostics
                    .error(&text.span, "this is no number of copies")
                    .help("write a number, or a variable of `vary`: \"{{n}}\"");
            }
            template
        }
    }
}

pub(crate) fn exit(form: &ExitForm, context: &mut Context<'_>) -> Option<ExitExpectation> {
    let word = match form {
        ExitForm::Code(code) => {
            let status = u8::try_from(code.value).ok();
            if status.is_none() {
                context
                    .diagnostics
                    .error(&code.span, "an exit status is 0 to 255");
            }
            return status.map(ExitExpectation::Code);
        }
        ExitForm::Word(word) => word,
    };
    match word.value.as_str() {
        "failure" => Some(ExitExpectation::Failure),
        "running" => Some(ExitExpectation::Running),
        "ended" => Some(ExitExpectation::Ended),
        "any" => Some(ExitExpectation::Any),
        name if is_signal(name) => Some(ExitExpectation::Signal(name.to_owned())),
        other => {
            let known = ["failure", "running", "ended", "any"];
            let meant = nearest(other, known.into_iter().chain(signals()));
            let diagnostic = context
                .diagnostics
                .error(&word.span, format!("a program cannot end with `{other}`"));
            match meant {
                _ if other == "success" => diagnostic.help("success is exit = 0"),
                Some(_) => diagnostic.suggest(meant),
                None => diagnostic
                    .help("write a status, \"failure\", \"running\", \"ended\", \"any\" or a signal's name"),
            };
            None
        }
    }
}

/// Complains about waiting for an actor to listen that is not known to listen anywhere.
fn never_listening(raw: &[(At<String>, RawActor)], context: &mut Context<'_>) {
    for (_, actor) in raw {
        let Some(after) = &actor.after else { continue };
        let Ok(After::Listens(name)) = super::context::after(&after.value, &context.scope.actors)
        else {
            continue;
        };
        let silent = raw.iter().any(|(other, actor)| {
            other.value == name && actor.listens.is_none() && actor.lacks("listens")
        });
        if silent {
            context
                .diagnostics
                .error(
                    &after.span,
                    format!("`{name}` does not say where it listens"),
                )
                .help(format!("give `{name}` a `listens`"))
                .consequence();
        }
    }
}

/// Complains about actors that wait for each other: none of them would ever start.
fn circles(raw: &[(At<String>, RawActor)], context: &mut Context<'_>) {
    let waits_for: Vec<Option<usize>> = raw
        .iter()
        .enumerate()
        .map(|(at, (_, actor))| match &actor.after {
            Some(after) => {
                let awaited = super::context::after(&after.value, &context.scope.actors).ok()?;
                let Some(name) = awaited.actor() else {
                    return at.checked_sub(1);
                };
                // Of a copy, what counts is the actor.
                let plain = name.split('.').next().unwrap_or_default();
                raw.iter().position(|(other, _)| other.value == plain)
            }
            None => at.checked_sub(1),
        })
        .collect();
    for (start, (name, actor)) in raw.iter().enumerate() {
        let mut at = start;
        // As many steps as there are actors lead back to the start, or never will.
        let looped = raw.iter().any(|_| match waits_for[at] {
            Some(next) => {
                at = next;
                next == start
            }
            None => false,
        });
        let (true, Some(after)) = (looped, &actor.after) else {
            continue;
        };
        let message = match waits_for[start] {
            Some(next) if next == start => format!("`{}` waits for itself", name.value),
            Some(next) => format!(
                "`{}` waits for `{}`, which waits for it",
                name.value, raw[next].0.value
            ),
            None => continue,
        };
        context
            .diagnostics
            .error(&after.span, message)
            .help("without an `after`, an actor waits until the one before it is ready");
    }
}
