//! Templates: text with `{{holes}}`.

use std::ops::Range;

use ipclab_evidence::ServedPart;

use super::flaw::Flaw;
use crate::names::{ANSWER_NAMES, nearest};
use crate::{AnyPlace, Endpoint, Hole, Part, Template};

/// What a template may speak of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    /// Every actor of the case.
    pub(crate) actors: Vec<String>,
    /// Every variable of `vary`.
    pub(crate) variables: Vec<String>,
    /// Where each actor serves that has a readable `listens`.
    pub(crate) listens: Vec<(String, Endpoint)>,
    /// Whether the case makes calls fail.
    pub(crate) faults: bool,
    /// Whether one of its faults is about several calls, so that none of them is *the* call.
    pub(crate) several_calls: bool,
    /// The values are filled in already: `{{` means nothing.
    pub(crate) filled: bool,
}

/// Where a template stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Before the case runs: only variables can be filled in.
    Input,
    /// When an actor starts: what the kernel has answered others until then, too.
    Start,
    /// In the place that a peer's step goes to: where another actor serves.
    Place,
    /// After it: what the trace says, too.
    Expected,
    /// And it is matched, so that `{{any}}` and `{{int}}` mean something.
    Matched,
}

/// Reads a template; all that is wrong with it.
pub(crate) fn template(text: &str, scope: &Scope, usage: Use) -> Result<Template, Vec<Flaw>> {
    if scope.filled {
        return Ok(Template::text(text));
    }
    let mut parts = Parts::default();
    let mut flaws = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find("{{") {
        let open = at + open;
        parts.text(&text[at..open]);
        // `{{'{{'}}` stands for the two characters themselves.
        if let Some(rest) = text[open + 2..].strip_prefix('\'')
            && let Some(close) = rest.find("'}}")
        {
            parts.text(&rest[..close]);
            at = open + 3 + close + 3;
            continue;
        }
        let Some(close) = text[open + 2..].find("}}") else {
            flaws.push(
                Flaw::new(open..text.len(), "this `{{` is never closed")
                    .help("write `{{'{{'}}` for the two characters themselves"),
            );
            at = text.len();
            break;
        };
        let close = open + 2 + close;
        match hole(text, open + 2..close, scope, usage) {
            Ok(hole) => parts.0.push(Part::Hole(hole)),
            Err(flaw) => flaws.push(flaw),
        }
        at = close + 2;
    }
    parts.text(&text[at..]);
    if flaws.is_empty() {
        Ok(Template { parts: parts.0 })
    } else {
        Err(flaws)
    }
}

/// Pieces of a template, no two texts side by side.
#[derive(Default)]
pub(crate) struct Parts(pub(crate) Vec<Part>);

impl Parts {
    pub(crate) fn text(&mut self, more: &str) {
        if more.is_empty() {
            return;
        }
        match self.0.last_mut() {
            Some(Part::Text(text)) => text.push_str(more),
            _ => self.0.push(Part::Text(more.to_owned())),
        }
    }
}

fn hole(text: &str, at: Range<usize>, scope: &Scope, usage: Use) -> Result<Hole, Flaw> {
    let name = text[at.clone()].trim();
    let at = if name.is_empty() {
        at.start.saturating_sub(2)..at.end + 2
    } else {
        let start = at.start + (text[at.clone()].len() - text[at.clone()].trim_start().len());
        start..start + name.len()
    };
    let hole = match name {
        "" => return Err(Flaw::new(at, "this placeholder is empty")),
        "any" => Hole::Any,
        "int" => Hole::Int,
        "fault.call" => Hole::FaultCall,
        "fault.message" => Hole::FaultMessage,
        _ => match name.split_once('.') {
            None => variable(name, at.clone(), scope)?,
            Some((actor, fact)) => of_actor(actor, fact, &at, scope)?,
        },
    };
    match (&hole, usage) {
        (Hole::Listens { .. }, Use::Place) => Ok(hole),
        (_, Use::Place) => Err(Flaw::new(
            at,
            format!("`{name}` is no place that a peer can go to"),
        )
        .help("write {{server.listens}}, or a part of it: unix-stream:{{server.listens.path}}")),
        (Hole::Any | Hole::Int, Use::Input | Use::Start | Use::Expected) => Err(Flaw::new(
            at,
            format!("`{name}` matches what a program prints, and nothing is matched here"),
        )),
        (Hole::FaultCall | Hole::FaultMessage, _) if !scope.faults => Err(Flaw::new(
            at,
            format!(
                "`{name}` stands for a call that fails, and this case has neither `fault` nor `fail_each`"
            ),
        )),
        (Hole::FaultCall, _) if scope.several_calls => Err(Flaw::new(
            at,
            format!("`{name}` is one call, and a fault of this case is about several"),
        )
        .help("expect {{fault.message}} alone, or `any_of` the names")),
        (
            Hole::Listens {
                actor,
                part: ServedPart::Place,
            },
            Use::Start | Use::Expected | Use::Matched,
        ) => {
            let parts = match scope.listens_of(actor).map(has_path) {
                Some(true) => "path",
                Some(false) | None => "port",
            };
            Err(Flaw::new(
                at,
                format!("`{name}` is a place as steps of peers write it"),
            )
            .help(format!("write {{{{{actor}.listens.{parts}}}}}")))
        }
        (Hole::Segment(_), Use::Expected | Use::Matched) => Err(Flaw::new(
            at,
            format!("`{name}` is known when an actor starts; here stands what is expected of it"),
        )),
        (Hole::Answer { .. } | Hole::Segment(_) | Hole::Listens { .. }, Use::Start)
        | (Hole::Variable(_) | Hole::Any | Hole::Int, _)
        | (_, Use::Expected | Use::Matched) => Ok(hole),
        (_, Use::Input | Use::Start) => Err(Flaw::new(
            at,
            format!("`{name}` is known after the case only; here stand variables of `vary` only"),
        )),
    }
}

fn variable(name: &str, at: Range<usize>, scope: &Scope) -> Result<Hole, Flaw> {
    if scope.variables.iter().any(|known| known == name) {
        return Ok(Hole::Variable(name.to_owned()));
    }
    let flaw = Flaw::new(at, format!("there is no variable `{name}`")).unknown();
    if scope.actors.iter().any(|actor| actor == name) {
        return Err(flaw.help(format!(
            "of an actor there are `{name}.sent`, `{name}.received`, `{name}.pid`, `{name}.listens` and `{name}.told.NAME`"
        )));
    }
    let known = scope
        .variables
        .iter()
        .map(String::as_str)
        .chain(["any", "int"]);
    Err(match nearest(name, known) {
        Some(meant) => flaw.suggest(Some(meant)),
        None => flaw.help(format!(
            "declare it: vary.{name} = {{ length = \"0..99\" }}"
        )),
    })
}

fn of_actor(actor: &str, fact: &str, at: &Range<usize>, scope: &Scope) -> Result<Hole, Flaw> {
    if actor == "fault" {
        return Err(Flaw::new(
            at.clone(),
            format!("of a fault there are `call` and `message`, not `{fact}`"),
        ));
    }
    if actor == "shm" {
        return segment(fact, at);
    }
    // One of several copies: `client.2`.
    let (actor, fact) = match fact.split_once('.') {
        Some((copy, rest)) if number(copy).is_some() => (&format!("{actor}.{copy}"), rest),
        _ => (&actor.to_owned(), fact),
    };
    let plain = actor.split('.').next().unwrap_or_default();
    if !scope.actors.iter().any(|known| known == plain) {
        let start = at.start;
        return Err(Flaw::new(
            start..start + plain.len(),
            format!("there is no actor `{plain}` in this case"),
        )
        .suggest(nearest(plain, scope.actors.iter().map(String::as_str)))
        .unknown());
    }
    let actor = actor.clone();
    if fact == "listens" || fact.starts_with("listens.") {
        return served(actor, fact, at, scope);
    }
    if let Some(name) = fact.strip_prefix("told.") {
        return answer(actor, name, at);
    }
    let (what, nth) = match fact.split_once('.') {
        None => (fact, None),
        Some((what, nth)) => match number(nth) {
            Some(nth) => (what, Some(nth)),
            None => {
                return Err(Flaw::new(
                    at.clone(),
                    format!("`{nth}` is no number of a transfer: they count from 1"),
                ));
            }
        },
    };
    match (what, nth) {
        ("sent", nth) => Ok(Hole::Sent { actor, nth }),
        ("received", nth) => Ok(Hole::Received { actor, nth }),
        ("pid", None) => Ok(Hole::Pid { actor }),
        ("told", _) => Err(Flaw::new(at.clone(), "this does not say what was told")
            .help(format!("write `{actor}.told.shmid`, for example"))),
        ("pid", Some(_)) => Err(Flaw::new(at.clone(), "an actor has one `pid`")),
        _ => Err(Flaw::new(
            at.clone(),
            format!("nothing is known as `{what}` of an actor"),
        )
        .suggest(nearest(what, ["sent", "received", "pid", "listens"]))
        .help_if_none("there are `sent`, `received`, `pid`, `listens` and `told.NAME`")),
    }
}

/// `listens`, `listens.port`: where an actor serves.
fn served(actor: String, fact: &str, at: &Range<usize>, scope: &Scope) -> Result<Hole, Flaw> {
    const PARTS: [(&str, ServedPart); 4] = [
        ("listens", ServedPart::Place),
        ("listens.path", ServedPart::Path),
        ("listens.port", ServedPart::Port),
        ("listens.ip", ServedPart::Ip),
    ];
    let Some((_, part)) = PARTS.into_iter().find(|(name, _)| *name == fact) else {
        let known = PARTS.map(|(name, _)| name);
        return Err(
            Flaw::new(at.clone(), format!("there is no `{fact}` of an actor"))
                .suggest(nearest(fact, known))
                .help_if_none(&format!("there are {}", known.join(", "))),
        );
    };
    let plain = actor.split('.').next().unwrap_or_default();
    let flaw = |message: String| Err(Flaw::new(at.clone(), message));
    match scope.listens_of(plain) {
        None => Err(Flaw::new(
            at.clone(),
            format!("`{plain}` does not say where it listens"),
        )
        .help(format!(
            "give `{plain}` a `listens`: \"tcp:any\", \"unix:any\""
        ))
        .unknown()),
        Some(Endpoint::Shm(_)) => flaw(format!(
            "`{plain}` serves a segment, which is no place to connect to"
        )),
        Some(endpoint) => match (part, has_path(endpoint)) {
            (ServedPart::Path, false) => {
                flaw(format!("`{plain}` serves a port, which has no path"))
            }
            (ServedPart::Port | ServedPart::Ip, true) => {
                flaw(format!("`{plain}` serves a path, which has no port"))
            }
            (ServedPart::Place | ServedPart::Path | ServedPart::Port | ServedPart::Ip, _) => {
                Ok(Hole::Listens { actor, part })
            }
        },
    }
}

fn has_path(endpoint: &Endpoint) -> bool {
    matches!(endpoint, Endpoint::Unix(_) | Endpoint::Any(AnyPlace::Unix))
}

impl Scope {
    /// Where an actor, or the one whose copy it is, serves.
    fn listens_of(&self, actor: &str) -> Option<&Endpoint> {
        let plain = actor.split('.').next().unwrap_or_default();
        let mut all = self.listens.iter();
        all.find(|(name, _)| name == plain)
            .map(|(_, endpoint)| endpoint)
    }
}

/// `shm_perm.mode`, `SO_TYPE.2`: what the kernel tells by calls, and which time.
fn answer(actor: String, text: &str, at: &Range<usize>) -> Result<Hole, Flaw> {
    let (name, nth) = match text.rsplit_once('.') {
        Some((name, nth)) if number(nth).is_some() => (name, number(nth)),
        _ => (text, None),
    };
    if ANSWER_NAMES.contains(&name) {
        let name = name.to_owned();
        return Ok(Hole::Answer { actor, name, nth });
    }
    Err(Flaw::new(
        at.clone(),
        format!("the kernel tells nothing that is called `{name}`"),
    )
    .suggest(nearest(name, ANSWER_NAMES.iter().copied()))
    .help_if_none("it tells shmid, key, pages, shmaddr, the fields of shmid_ds, semid, msqid, mtype, fork, wait, WEXITSTATUS, WTERMSIG, and options of sockets"))
}

/// `100.shmid`
fn segment(fact: &str, at: &Range<usize>) -> Result<Hole, Flaw> {
    match fact.split_once('.') {
        Some((key, "shmid")) => super::endpoint::key(key)
            .map(Hole::Segment)
            .map_err(|flaw| Flaw::new(at.clone(), flaw.message)),
        _ => Err(Flaw::new(
            at.clone(),
            format!("of a segment there is `shm.100.shmid`, not `shm.{fact}`"),
        )),
    }
}

impl Flaw {
    pub(crate) fn help_if_none(mut self, help: &str) -> Self {
        self.help.get_or_insert_with(|| help.to_owned());
        self
    }
}

fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number| *number > 0)
}
