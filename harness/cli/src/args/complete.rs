//! Completions that a shell offers beside the words of the command line itself: labs, cases of a lab, and programs of ours.

use std::ffi::OsStr;
use std::fs;

use clap_complete::engine::CompletionCandidate;
use ipclab_grade::labs::{self, Lab};
use ipclab_intake::submission::MAPPING;

/// The labs that the tool carries.
pub(super) fn lab_names(begun: &OsStr) -> Vec<CompletionCandidate> {
    let begun = begun.to_string_lossy();
    let names = labs::names().into_iter();
    names
        .filter(|name| name.starts_with(begun.as_ref()))
        .map(|name| {
            let title = labs::carried(&name).map(|lab| lab.spec.title).ok();
            CompletionCandidate::new(name).help(title.map(Into::into))
        })
        .collect()
}

/// The reference programs.
pub(super) fn reference_names(begun: &OsStr) -> Vec<CompletionCandidate> {
    let begun = begun.to_string_lossy();
    let programs = ipclab_reference::PROGRAMS.iter();
    programs
        .filter(|(name, _)| name.starts_with(begun.as_ref()))
        .map(|(name, about)| CompletionCandidate::new(*name).help(Some((*about).into())))
        .collect()
}

/// The cases of the lab that the command line is about; of all labs, where it names none.
pub(super) fn case_ids(begun: &OsStr) -> Vec<CompletionCandidate> {
    let begun = begun.to_string_lossy();
    let words: Vec<String> = std::env::args_os()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let about = meant(&words);
    let all = match &about {
        Some(lab) => std::slice::from_ref(lab).to_vec(),
        None => labs::names(),
    };
    let labs = all.iter().filter_map(|name| labs::named(name).ok());
    let mut found: Vec<(String, String)> = labs
        .flat_map(|lab: Lab| lab.spec.cases)
        .filter(|case| case.id.starts_with(begun.as_ref()))
        .map(|case| (case.id, case.title))
        .collect();
    found.sort();
    found.dedup_by(|one, other| one.0 == other.0);
    found
        .into_iter()
        .map(|(id, title)| CompletionCandidate::new(id).help(Some(title.into())))
        .collect()
}

/// The lab that the words of a command line name, or else the `ipclab.toml` of a folder that they name, or of this one.
fn meant(words: &[String]) -> Option<String> {
    let value = |option: &str| {
        let at = words.iter().position(|word| word == option);
        let next = at.and_then(|at| words.get(at + 1));
        let joined = words
            .iter()
            .find_map(|word| Some(word.strip_prefix(option)?.strip_prefix('=')?.to_owned()));
        next.cloned().or(joined)
    };
    let names = labs::names();
    let named = value("--lab").or_else(|| value("--spec"));
    let named = named.or_else(|| words.iter().find(|word| names.contains(word)).cloned());
    named.or_else(|| {
        let folders = words.iter().map(String::as_str).chain(["."]);
        folders
            .filter_map(|folder| fs::read_to_string(format!("{folder}/{MAPPING}")).ok())
            .find_map(|text| ipclab_spec::submission(MAPPING, &text).ok()?.lab)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lab_of_a_command_line_is_found() {
        let lab = labs::names().remove(0);
        let check = |line: &str, expected: Option<&str>| {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            assert_eq!(meant(&words).as_deref(), expected, "{line}");
        };
        check("ipclab check --case", None);
        check("ipclab check work --lab x --case", Some("x"));
        check(
            "ipclab check --spec=my/lab.toml --case",
            Some("my/lab.toml"),
        );
        check(&format!("ipclab explain {lab}"), Some(&lab));
    }
}
