//! A proving submission's `expected.toml`: exactly what it must lose, so that a spec can be tried on it.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::diagnostic::Diagnostics;
use crate::names::nearest;
use crate::raw::{At, Keyed, Many, RawExpected, Read};
use crate::tree::{self, Node, Value};
use crate::{Aspect, Case, Points, Spec};

/// What a submission must get: everything but what is named here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// What sets it apart: `binds port 12346 instead of 12345`.
    pub about: String,
    /// Words that what is found must contain, so that the report names the fault.
    pub says: Vec<String>,
    /// Cases that it must fail, in file order.
    pub fails: Vec<Failing>,
    /// Cases that must be skipped, in file order.
    pub skips: Vec<Skipping>,
}

/// A case that must be failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// Its id.
    pub case: String,
    /// The aspects on which it must be failed, in the order of reports; on all others it must pass.
    pub aspects: Vec<Aspect>,
    /// Where it is said, key and value, in bytes of the text.
    pub place: Range<usize>,
}

/// A case that must be skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipping {
    /// Its id.
    pub case: String,
    /// What failed instead.
    pub cause: Cause,
    /// Where it is said, key and value, in bytes of the text.
    pub place: Range<usize>,
}

/// Why a case is skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A program of it could not be built.
    Build,
    /// A case that it requires did not pass.
    Case(String),
}

impl Expected {
    /// The aspects on which a case must be failed; `None`: it must not be failed.
    #[must_use]
    pub fn failing(&self, case: &str) -> Option<&[Aspect]> {
        let failing = self.fails.iter().find(|failing| failing.case == case)?;
        Some(&failing.aspects)
    }

    /// Why a case must be skipped; `None`: it must not be.
    #[must_use]
    pub fn skipping(&self, case: &str) -> Option<&Cause> {
        let skipping = self.skips.iter().find(|skipping| skipping.case == case)?;
        Some(&skipping.cause)
    }
}

/// Reads the `expected.toml` of a submission that proves `spec`. `name` is what messages call the file.
///
/// # Errors
///
/// Every mistake of the file.
pub fn expected(name: &str, text: &str, spec: &Spec) -> Result<Expected, Diagnostics> {
    let mut diagnostics = Diagnostics::new(name, text);
    let root = tree::read(text, &mut diagnostics);
    let syntax_errors = diagnostics.len();
    let root = Node {
        span: 0..0,
        value: Value::Table(root),
    };
    let expected = RawExpected::read(&root, &mut diagnostics)
        .map(|raw| resolve_expected(&raw, spec, &mut diagnostics));
    if syntax_errors > 0 {
        diagnostics.forget_consequences(syntax_errors);
    }
    let diagnostics = diagnostics.finish();
    match expected {
        Some(expected) if !diagnostics.has_errors() => Ok(expected),
        _ => Err(diagnostics),
    }
}

/// What a submission must get, as its `expected.toml` or the file of its fault says it.
pub(crate) fn resolve_expected(
    raw: &RawExpected,
    spec: &Spec,
    diagnostics: &mut Diagnostics,
) -> Expected {
    match &raw.about {
        Some(about) if about.value.trim().is_empty() => {
            diagnostics.error(&about.span, "this says nothing");
        }
        None if raw.lacks("about") => {
            diagnostics
                .error(&(0..0), "missing key `about`")
                .help("say what sets the submission apart: about = \"binds port 12346\"")
                .consequence();
        }
        Some(_) | None => {}
    }
    let says: &[At<String>] = raw.says.as_ref().map_or(&[], |many| &many.items);
    for says in says.iter().filter(|says| says.value.trim().is_empty()) {
        diagnostics.error(&says.span, "every report contains this");
    }
    let fails = raw.fails.iter().flat_map(Keyed::iter);
    let fails: Vec<Failing> = fails
        .filter_map(|(id, names)| failing(id, names, spec, diagnostics))
        .collect();
    let skips = raw.skips.iter().flat_map(Keyed::iter);
    let skips: Vec<Skipping> = skips
        .filter_map(|(id, cause)| skipping(id, cause, spec, diagnostics))
        .collect();
    for skipping in &skips {
        if let Some(failing) = fails.iter().find(|failing| failing.case == skipping.case) {
            diagnostics
                .error(
                    &skipping.place,
                    format!("`{}` cannot be skipped and failed", skipping.case),
                )
                .also(failing.place.clone(), "failed here");
        }
    }
    Expected {
        about: raw
            .about
            .as_ref()
            .map_or(String::new(), |about| about.value.clone()),
        says: says.iter().map(|says| says.value.clone()).collect(),
        fails,
        skips,
    }
}

fn failing(
    id: &At<String>,
    names: &Many,
    spec: &Spec,
    diagnostics: &mut Diagnostics,
) -> Option<Failing> {
    let case = known_case(id, spec, diagnostics);
    if names.items.is_empty() {
        diagnostics
            .error(&names.span, "a case is failed on at least one aspect")
            .help("take the line away where the case must pass");
    }
    // Kept by aspect: in the order of reports, and each once.
    let mut aspects: BTreeMap<usize, &At<String>> = BTreeMap::new();
    for name in &names.items {
        let position = Aspect::ALL
            .iter()
            .position(|aspect| aspect.name() == name.value);
        let Some(position) = position else {
            let meant = nearest(&name.value, Aspect::ALL.map(Aspect::name));
            let unknown = format!("there is no aspect `{}`", name.value.escape_debug());
            let diagnostic = diagnostics.error(&name.span, unknown);
            match meant {
                Some(_) => diagnostic.suggest(meant),
                None => diagnostic.help(format!("the aspects: {}", all(Aspect::ALL))),
            };
            continue;
        };
        let aspect = Aspect::ALL[position];
        if let Some(case) = case.filter(|case| !case.points.grades(aspect)) {
            diagnostics
                .error(
                    &name.span,
                    format!("`{}` has no points on {}", case.id, aspect.name()),
                )
                .help(format!("it has points on: {}", graded(case)));
        }
        if let Some(first) = aspects.insert(position, name) {
            diagnostics
                .error(&name.span, format!("{} is named twice", aspect.name()))
                .also(first.span.clone(), "first named here");
        }
    }
    Some(Failing {
        case: case?.id.clone(),
        aspects: aspects
            .into_keys()
            .map(|position| Aspect::ALL[position])
            .collect(),
        place: id.span.start..names.span.end,
    })
}

fn skipping(
    id: &At<String>,
    cause: &At<String>,
    spec: &Spec,
    diagnostics: &mut Diagnostics,
) -> Option<Skipping> {
    let case = known_case(id, spec, diagnostics);
    let required: &[String] = case.map_or(&[], |case| &case.requires);
    let build = Aspect::Build.name();
    let known = match cause.value.as_str() {
        name if name == build => Some(Cause::Build),
        name if required.iter().any(|id| id == name) => Some(Cause::Case(name.to_owned())),
        _ => None,
    };
    if let (None, Some(case)) = (&known, case) {
        let why = format!(
            "`{}` is not skipped for `{}`",
            case.id,
            cause.value.escape_debug()
        );
        let causes = || required.iter().map(String::as_str).chain([build]);
        let meant = nearest(&cause.value, causes());
        let diagnostic = diagnostics.error(&cause.span, why);
        match meant {
            Some(_) => diagnostic.suggest(meant),
            None => diagnostic.help(format!(
                "known here: {}",
                causes().collect::<Vec<_>>().join(", ")
            )),
        };
    }
    Some(Skipping {
        case: case?.id.clone(),
        cause: known?,
        place: id.span.start..cause.span.end,
    })
}

fn known_case<'a>(
    id: &At<String>,
    spec: &'a Spec,
    diagnostics: &mut Diagnostics,
) -> Option<&'a Case> {
    let case = spec.case(&id.value);
    if case.is_none() {
        let meant = nearest(&id.value, spec.cases.iter().map(|case| case.id.as_str()));
        diagnostics
            .error(
                &id.span,
                format!("{} has no case `{}`", spec.lab, id.value.escape_debug()),
            )
            .suggest(meant);
    }
    case
}

fn graded(case: &Case) -> String {
    match &case.points {
        Points::Whole(_) => all(Aspect::ALL),
        Points::Split(parts) => all(parts.iter().map(|(aspect, _)| *aspect)),
    }
}

fn all(aspects: impl IntoIterator<Item = Aspect>) -> String {
    let names: Vec<&str> = aspects.into_iter().map(Aspect::name).collect();
    names.join(", ")
}
