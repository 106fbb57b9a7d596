//! A case: everything that stands between two `[[case]]`.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::actor::actors;
use super::calls::{known_call, pattern};
use super::context::Context;
use super::endpoint::endpoint;
use super::fault::fault;
use super::given::given;
use super::hints::{Hints, hints, within};
use super::leaves::leaves;
use super::objects::objects;
use super::order::order;
use super::points::{add_up, points};
use super::shm::shm;
use super::template::Scope;
use super::vary::vary;
use super::wire::wire;
use crate::diagnostic::Diagnostics;
use crate::names::nearest;
use crate::raw::{At, InterleaveForm, Many, RawCase, RawInterleave, SanitizeForm};
use crate::tree::Span;
use crate::{
    ActorCalls, AnyPlace, Case, CaseLimits, Endpoint, Fault, Hole, Part, Program, Reference,
    Template, Tier, Turns, Visibility,
};

/// How often a case with `vary` runs when it does not say.
const RUNS_DEFAULT: u32 = 20;
/// More runs than this take longer than a user waits.
const RUNS_MAX: i64 = 10_000;

/// What a case takes over from its lab.
pub(crate) struct Lab<'a> {
    pub(crate) programs: &'a [Program],
    pub(crate) unit: &'a [String],
    /// What of the unit cases may cover; `None`: not known.
    pub(crate) requirements: Option<&'a [String]>,
    pub(crate) limit: Duration,
    /// Its hints by cause and aspect.
    pub(crate) hints: &'a Hints,
    /// Every case's id.
    pub(crate) ids: &'a [At<String>],
    /// Names of calls mean each such call, on whatever descriptor: format 2.
    pub(crate) everywhere: bool,
}

/// Resolves one case.
pub(crate) fn case(raw: &RawCase, lab: &Lab<'_>, diagnostics: &mut Diagnostics) -> Case {
    let keys = |names: Option<Vec<String>>| names.unwrap_or_default();
    let scope = Scope {
        actors: keys(
            raw.actor
                .as_ref()
                .map(|table| table.iter().map(|(name, _)| name.value.clone()).collect()),
        ),
        variables: keys(
            raw.vary
                .as_ref()
                .map(|table| table.iter().map(|(name, _)| name.value.clone()).collect()),
        ),
        listens: served(raw),
        faults: raw.fault.is_some() || raw.fail_each.is_some(),
        several_calls: texts(raw.fault.as_ref()).iter().any(|fault| {
            let whose = fault.value.split(':').next().unwrap_or_default();
            whose.split_whitespace().any(|word| word == "or")
        }),
        filled: false,
    };
    let mut context = Context {
        programs: lab.programs,
        scope,
        diagnostics,
    };
    let context = &mut context;
    let case = Case {
        id: id(raw, context),
        title: title(raw, context),
        tier: tier(raw, context),
        points: points(raw, context),
        covers: covers(raw, lab, context),
        hint: texts(raw.hint.as_ref())
            .first()
            .map(|hint| hint.value.clone()),
        next_hints: texts(raw.hint.as_ref())
            .iter()
            .skip(1)
            .map(|hint| hint.value.clone())
            .collect(),
        hints: within(lab.hints, hints(raw.hints.as_ref(), context.diagnostics)),
        limit: match &raw.limit {
            Some(limit) => context
                .read(limit, super::time::duration)
                .unwrap_or(lab.limit),
            None => lab.limit,
        },
        requires: requires(raw, lab, context),
        visibility: visibility(raw, context),
        sanitize: raw.sanitize.as_ref().and_then(SanitizeForm::sanitizers),
        open_files: number_of(
            &raw.open_files,
            OPEN_FILES,
            ("have", "descriptors open"),
            context,
        ),
        output_lines: number_of(
            &raw.output_lines,
            OUTPUT_LINES,
            ("print", "lines on one stream"),
            context,
        ),
        limits: limits(raw, context),
        interleave: interleave(raw, context),
        actors: actors(raw.actor.as_ref(), context),
        wire: wire(raw.wire.as_ref(), context),
        leaves: leaves(raw.leaves.as_ref(), context),
        shm: shm(raw.shm.as_ref(), lab.everywhere, context),
        calls: calls(raw, lab, context),
        objects: objects(raw, context),
        given: given(raw.given.as_ref(), lab.everywhere, context),
        faults: faults(raw, lab, context),
        fail_each: fail_each(raw, context),
        everywhere: lab.everywhere,
        vary: vary(raw.vary.as_ref(), context),
        runs: runs(raw, context),
        oracle: oracle(raw, context),
        line: crate::diagnostic::line_of(context.diagnostics.text(), raw.span.start),
        text: String::new(),
    };
    whole(raw, &case, context);
    order(raw, &case, context);
    add_up(raw, &case, context);
    case
}

/// Where each actor serves that says so, as far as others can speak of it; what is unreadable is complained about elsewhere.
fn served(raw: &RawCase) -> Vec<(String, Endpoint)> {
    let mut found = Vec::new();
    for (name, actor) in raw.actor.iter().flat_map(|actors| actors.iter()) {
        let Some(listens) = &actor.listens else {
            continue;
        };
        let guessed = match listens.value.starts_with("unix") {
            true => AnyPlace::Unix,
            false => AnyPlace::Tcp,
        };
        let endpoint = endpoint(&listens.value).unwrap_or(Endpoint::Any(guessed));
        found.push((name.value.clone(), endpoint));
    }
    found
}

fn id(raw: &RawCase, context: &mut Context<'_>) -> String {
    let Some(id) = &raw.id else {
        if raw.lacks("id") {
            context
                .diagnostics
                .error(&raw.span, "this case has no `id`")
                .consequence();
        }
        return String::new();
    };
    let kebab = id
        .value
        .starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
        && id
            .value
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !kebab {
        context
            .diagnostics
            .error(&id.span, format!("`{}` is no id of a case", id.value))
            .help("an id has small letters, digits and -, such as echo-one");
    }
    id.value.clone()
}

fn title(raw: &RawCase, context: &mut Context<'_>) -> String {
    let title = raw
        .title
        .as_ref()
        .filter(|title| !title.value.trim().is_empty());
    if title.is_none() && raw.lacks("title") {
        let span = raw.title.as_ref().map_or(&raw.span, |title| &title.span);
        context
            .diagnostics
            .error(span, "this case has no `title`")
            .help("say in plain words what is tested")
            .consequence();
    }
    title.map(|title| title.value.clone()).unwrap_or_default()
}

fn tier(raw: &RawCase, context: &mut Context<'_>) -> Tier {
    let names = Tier::ALL.map(Tier::name);
    let Some(tier) = &raw.tier else {
        if raw.lacks("tier") {
            context
                .diagnostics
                .error(&raw.span, "this case has no `tier`")
                .help(format!("known here: {}", names.join(", ")))
                .consequence();
        }
        return Tier::Core;
    };
    match Tier::ALL
        .into_iter()
        .find(|known| known.name() == tier.value)
    {
        Some(tier) => tier,
        None => {
            context
                .diagnostics
                .error(&tier.span, format!("there is no tier `{}`", tier.value))
                .help(format!("known here: {}", names.join(", ")))
                .suggest(nearest(&tier.value, names));
            Tier::Core
        }
    }
}

fn visibility(raw: &RawCase, context: &mut Context<'_>) -> Visibility {
    let Some(word) = &raw.visibility else {
        return Visibility::Visible;
    };
    match word.value.as_str() {
        "visible" => Visibility::Visible,
        "hidden" => Visibility::Hidden,
        "after-deadline" => Visibility::AfterDeadline,
        other => {
            let known = ["visible", "hidden", "after-deadline"];
            context
                .diagnostics
                .error(&word.span, format!("there is no visibility `{other}`"))
                .help(format!("known here: {}", known.join(", ")))
                .suggest(nearest(other, known));
            Visibility::Visible
        }
    }
}

/// Descriptors: at most what every machine's hard limit allows.
const OPEN_FILES: RangeInclusive<u32> = 16..=4096;
/// Lines on one stream: at most what evidence has room for.
const OUTPUT_LINES: RangeInclusive<u32> = 100..=20_000;

/// How much of something a process may do, in words: `a process may have 16 to 4096 descriptors open`.
fn number_of(
    number: &Option<At<i64>>,
    allowed: RangeInclusive<u32>,
    (verb, what): (&str, &str),
    context: &mut Context<'_>,
) -> Option<u32> {
    let number = number.as_ref()?;
    let read = u32::try_from(number.value).ok();
    let read = read.filter(|read| allowed.contains(read));
    if read.is_none() {
        let (least, most) = allowed.into_inner();
        context.diagnostics.error(
            &number.span,
            format!("a process may {verb} {least} to {most} {what}"),
        );
    }
    read
}

fn limits(raw: &RawCase, context: &mut Context<'_>) -> CaseLimits {
    let Some(raw) = &raw.limits else {
        return CaseLimits::default();
    };
    let mut read = |number, allowed, words| number_of(number, allowed, words, context);
    CaseLimits {
        processes: read(&raw.processes, 1..=4096, ("have", "processes and threads")),
        memory_mib: read(&raw.memory, 16..=16_384, ("use", "MiB of memory")),
        calls: read(&raw.calls, 1_000..=10_000_000, ("make", "system calls")),
        cpu_ms: read(&raw.cpu_ms, 100..=600_000, ("use", "ms of CPU time")),
        clock_ms: read(&raw.clock_ms, 1_000..=86_400_000, ("wait for", "ms")),
        files: read(&raw.files, 1..=100_000, ("make", "files")),
    }
}

fn texts(many: Option<&Many>) -> &[At<String>] {
    many.map_or(&[], |many| &many.items)
}

fn covers(raw: &RawCase, lab: &Lab<'_>, context: &mut Context<'_>) -> Vec<String> {
    let covers = texts(raw.covers.as_ref());
    if covers.is_empty() && raw.lacks("covers") && !lab.unit.is_empty() {
        let span = raw.covers.as_ref().map_or(&raw.span, |many| &many.span);
        context
            .diagnostics
            .error(span, "this case covers no question of the unit")
            .help(format!("write covers = [\"{}\"]", lab.unit[0]))
            .consequence();
    }
    for covered in covers {
        requirement(covered, lab, context);
    }
    for question in covers {
        let is_of_lab = lab
            .unit
            .iter()
            .any(|known| *known == question_of(&question.value));
        if !lab.unit.is_empty() && !is_of_lab {
            context
                .diagnostics
                .error(
                    &question.span,
                    format!("`{}` is not in the lab's `unit`", question.value),
                )
                .help(format!("the lab has {}", lab.unit.join(", ")))
                .consequence();
        }
    }
    covers
        .iter()
        .map(|question| question.value.clone())
        .collect()
}

/// The question of what is covered: `Q6` of `Q6.restart`.
fn question_of(covered: &str) -> &str {
    covered
        .split_once('.')
        .map_or(covered, |(question, _)| question)
}

/// Checks that the unit asks for what a case covers, where it is known what that is.
fn requirement(covered: &At<String>, lab: &Lab<'_>, context: &mut Context<'_>) {
    let Some(known) = lab.requirements else {
        return;
    };
    if known.contains(&covered.value) {
        return;
    }
    let question = question_of(&covered.value);
    let of_question = known.iter().filter(|known| question_of(known) == question);
    let of_question: Vec<&str> = of_question.map(String::as_str).collect();
    let help = match nearest(&covered.value, known.iter().map(String::as_str)) {
        _ if question == covered.value && !of_question.is_empty() => {
            format!("{question} has {}", of_question.join(", "))
        }
        Some(near) => format!("did you mean `{near}`?"),
        None if of_question.is_empty() => "see: ipclab coverage".to_owned(),
        None => format!("{question} has {}", of_question.join(", ")),
    };
    context
        .diagnostics
        .error(
            &covered.span,
            format!("the unit has no requirement `{}`", covered.value),
        )
        .help(help);
}

fn requires(raw: &RawCase, lab: &Lab<'_>, context: &mut Context<'_>) -> Vec<String> {
    let requires = texts(raw.requires.as_ref());
    for id in requires {
        if !lab.ids.iter().any(|known| known.value == id.value) {
            context
                .diagnostics
                .error(&id.span, format!("there is no case `{}`", id.value))
                .suggest(nearest(
                    &id.value,
                    lab.ids.iter().map(|id| id.value.as_str()),
                ))
                .consequence();
        }
    }
    requires.iter().map(|id| id.value.clone()).collect()
}

fn calls(raw: &RawCase, lab: &Lab<'_>, context: &mut Context<'_>) -> Vec<ActorCalls> {
    let mut found = Vec::new();
    for (name, many) in raw.calls.iter().flat_map(|calls| calls.iter()) {
        let actor = context.actor(name, 0..name.value.len());
        if many.items.is_empty() {
            context
                .diagnostics
                .error(&many.span, "an empty list expects nothing")
                .consequence();
        }
        let patterns = many
            .items
            .iter()
            .filter_map(|item| context.read(item, |text| pattern(text, lab.everywhere)))
            .collect();
        found.push(ActorCalls { actor, patterns });
    }
    found
}

fn faults(raw: &RawCase, lab: &Lab<'_>, context: &mut Context<'_>) -> Vec<Fault> {
    let actors = context.scope.actors.clone();
    let turns = raw.interleave.is_some() || !raw.lacks("interleave");
    texts(raw.fault.as_ref())
        .iter()
        .filter_map(|item| context.read(item, |text| fault(text, &actors, turns, lab.everywhere)))
        .collect()
}

fn interleave(raw: &RawCase, context: &mut Context<'_>) -> Vec<Turns> {
    match &raw.interleave {
        None => Vec::new(),
        Some(InterleaveForm::Orders(many)) => orders(many, context),
        Some(InterleaveForm::Search(raw, span)) => search(raw, span, context).into_iter().collect(),
    }
}

/// A search of schedules.
fn search(raw: &RawInterleave, span: &Span, context: &mut Context<'_>) -> Option<Turns> {
    const PREEMPTIONS_MAX: i64 = 4;
    const DEPTH_MAX: i64 = 6;
    const RUNS_MAX: i64 = 100_000;
    let mut number = |at: &Option<At<i64>>, what: &str, least: i64, most: i64| {
        let at = at.as_ref()?;
        if !(least..=most).contains(&at.value) {
            let message = format!("{what} is {least} to {most}");
            context.diagnostics.error(&at.span, message);
            return None;
        }
        u32::try_from(at.value).ok()
    };
    let preemptions = number(
        &raw.preemptions,
        "the number of preemptions",
        0,
        PREEMPTIONS_MAX,
    );
    let depth = number(&raw.pct, "the depth of a fault", 1, DEPTH_MAX);
    let runs = number(&raw.runs, "the number of runs", 1, RUNS_MAX);
    match (&raw.preemptions, &raw.pct) {
        (Some(_), Some(both)) => {
            context
                .diagnostics
                .error(&both.span, "a search has `preemptions` or `pct`, not both");
            None
        }
        (None, None) => {
            context
                .diagnostics
                .error(span, "how schedules are searched is missing")
                .help("write { preemptions = 2 }, or { pct = 3, runs = 800 }")
                .consequence();
            None
        }
        (Some(_), None) => Some(Turns::Preemptions {
            most: preemptions?,
            runs: runs.unwrap_or(Turns::SEARCH_RUNS),
        }),
        (None, Some(_)) => Some(Turns::Pct {
            depth: depth?,
            runs: runs.unwrap_or(Turns::PCT_RUNS),
        }),
    }
}

/// Orders by their names.
fn orders(many: &Many, context: &mut Context<'_>) -> Vec<Turns> {
    if many.items.is_empty() {
        context
            .diagnostics
            .error(
                &many.span,
                "no order is named in which processes take turns",
            )
            .help("write interleave = \"all\"")
            .consequence();
    }
    let names = || Turns::ALL.into_iter().map(Turns::name);
    let mut orders: Vec<Turns> = Vec::new();
    for item in &many.items {
        let named: Vec<Turns> = Turns::ALL
            .into_iter()
            .filter(|turns| item.value == "all" || turns.name() == item.value)
            .collect();
        if named.is_empty() {
            context
                .diagnostics
                .error(&item.span, format!("there is no order `{}`", item.value))
                .help(format!(
                    "known here: {}, all",
                    names().collect::<Vec<_>>().join(", ")
                ))
                .suggest(nearest(&item.value, names().chain(["all"])));
        }
        if named.iter().any(|turns| orders.contains(turns)) {
            context
                .diagnostics
                .error(&item.span, format!("`{}` is here twice", item.value));
            continue;
        }
        orders.extend(named);
    }
    orders
}

fn fail_each(raw: &RawCase, context: &mut Context<'_>) -> Vec<String> {
    let mut calls: Vec<String> = Vec::new();
    if let Some(many) = raw.fail_each.as_ref().filter(|many| many.items.is_empty()) {
        context
            .diagnostics
            .error(&many.span, "no call is named that shall fail")
            .consequence();
    }
    for item in texts(raw.fail_each.as_ref()) {
        context.read(item, |name| known_call(name, 0..name.len()));
        if calls.contains(&item.value) {
            context
                .diagnostics
                .error(&item.span, format!("`{}` is here twice", item.value));
        }
        calls.push(item.value.clone());
    }
    calls
}

fn runs(raw: &RawCase, context: &mut Context<'_>) -> u32 {
    let varies = raw
        .vary
        .as_ref()
        .is_some_and(|vary| !vary.entries.is_empty());
    let Some(runs) = &raw.runs else {
        return if varies { RUNS_DEFAULT } else { 1 };
    };
    if !(1..=RUNS_MAX).contains(&runs.value) {
        context
            .diagnostics
            .error(&runs.span, format!("a case runs 1 to {RUNS_MAX} times"));
    } else if !varies && runs.value > 1 {
        context
            .diagnostics
            .error(
                &runs.span,
                "`runs` without `vary` runs the same thing again and again",
            )
            .help("say what differs: vary.text = { length = \"0..99\" }")
            .consequence();
    }
    u32::try_from(runs.value.clamp(1, RUNS_MAX)).unwrap_or(1)
}

fn oracle(raw: &RawCase, context: &mut Context<'_>) -> bool {
    let Some(oracle) = &raw.oracle else {
        return false;
    };
    if oracle.value != "reference" {
        context
            .diagnostics
            .error(
                &oracle.span,
                format!("there is no oracle `{}`", oracle.value),
            )
            .help("write oracle = \"reference\"");
        return false;
    }
    for (_, actor) in raw.actor.iter().flat_map(|actors| actors.iter()) {
        let Some(student) = &actor.student else {
            continue;
        };
        let name = student.value.split_whitespace().next().unwrap_or_default();
        let bare = context
            .programs
            .iter()
            .any(|program| program.name == name && program.reference == Reference::None);
        if bare {
            context
                .diagnostics
                .error(
                    &oracle.span,
                    format!("`{name}` has no reference that could be the oracle"),
                )
                .help(format!("say it in [program.{name}]: reference = \"...\""));
        }
    }
    true
}

/// What only the whole case shows.
fn whole(raw: &RawCase, case: &Case, context: &mut Context<'_>) {
    let graded = raw
        .actor
        .iter()
        .flat_map(|actors| actors.iter())
        .any(|(_, actor)| actor.student.is_some() || !actor.lacks("student"));
    if !graded && raw.lacks("actor") {
        context
            .diagnostics
            .error(
                &raw.span,
                "the student plays nothing in this case: there is nothing to grade",
            )
            .help("give an actor student = \"...\"")
            .consequence();
    }
    let uses = |template: &Template, name: &str| {
        template
            .parts
            .iter()
            .any(|part| matches!(part, Part::Hole(Hole::Variable(used)) if used == name))
    };
    for (name, drawn) in raw.vary.iter().flat_map(|vary| vary.iter()) {
        let hole = Hole::Variable(name.value.clone());
        if !case
            .templates()
            .iter()
            .any(|template| uses(template, &name.value))
        {
            context
                .diagnostics
                .warning(&name.span, format!("nothing uses {hole}"))
                .consequence();
        }
        if drawn.length.is_some()
            && case
                .actors
                .iter()
                .any(|actor| uses(&actor.copies, &name.value))
        {
            context
                .diagnostics
                .error(
                    &name.span,
                    format!("{hole} is a text, and a number of copies is needed"),
                )
                .help(format!("write vary.{} = {{ int = \"1..4\" }}", name.value));
        }
    }
}
