//! A host that a case speaks of and its hosts file lacks: a mistake of the spec, which costs no student anything.

use ipclab_evidence::{Bytes, Evidence, Plan, Run, Stream};
use ipclab_spec::{Case, ExitExpectation};

/// What programs say of a name that cannot be looked up: `gai_strerror(3)` and `hstrerror(3)` of the C libraries, and their own
/// words.
const UNKNOWN: [&str; 5] = [
    "name or service not known",
    "temporary failure in name resolution",
    "no address associated with hostname",
    "name does not resolve",
    "unknown host",
];

/// What is wrong, where the reference program could not look up a host.
pub(crate) fn why(case: &Case, plan: &Plan, reference: &Evidence) -> Option<String> {
    let says = |stream: &Stream| {
        let said = String::from_utf8_lossy(&stream.head.0).to_lowercase();
        UNKNOWN.iter().any(|words| said.contains(words))
    };
    // One that is to find no host is right to say so.
    let must_fail = |name: &str| {
        let role = case.role(name);
        role.is_some_and(|role| role.exit == Some(ExitExpectation::Failure))
    };
    let actors = reference.actors.iter().zip(&plan.actors);
    let mut complaining = actors
        .filter(|(seen, _)| !must_fail(&seen.name) && (says(&seen.stderr) || says(&seen.stdout)));
    let (_, planned) = complaining.next()?;
    let words: Vec<String> = match &planned.run {
        Run::Program { argv, .. } => argv.iter().skip(1).map(Bytes::to_text).collect(),
        Run::Script { .. } => Vec::new(),
    };
    let hosts = || plan.world.hosts.iter();
    let is_known = |name: &str| {
        let mut names = hosts().flat_map(|(names, _)| names.split(' '));
        names.any(|known| known.eq_ignore_ascii_case(name))
    };
    let mut named = words.iter().filter(|word| is_name(word));
    let unknown = named.find(|word| !is_known(word));
    Some(match unknown {
        Some(name) => format!(
            "no hosts file of the case has the host {name}. Add it to the spec: hosts.{name} = \"127.0.0.1\""
        ),
        None => "its hosts file lacks a host that the reference program looks up".to_owned(),
    })
}

/// Whether a word may be the name of a host that is not the machine itself.
fn is_name(word: &str) -> bool {
    let of_names = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    let has_letter = word.contains(|c: char| c.is_ascii_alphabetic());
    has_letter && word.chars().all(of_names) && word != "localhost"
}
