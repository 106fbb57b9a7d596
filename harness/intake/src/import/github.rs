//! Clones of GitHub Classroom and Classroom 50: repositories called `ASSIGNMENT-LOGIN`, side by side.

use ipclab_report::{Line, Student};

use super::found::{Found, From, text};
use super::listing::Listing;

/// Whether most folders are clones.
pub(super) fn is_likely(listing: &Listing) -> bool {
    let clones = listing
        .folders
        .iter()
        .filter(|folder| folder.join(".git").exists() || folder.join(".classroom50.yml").exists())
        .count();
    clones > 0 && clones * 2 > listing.folders.len()
}

/// Finds the submissions.
pub(super) fn find(listing: &Listing, notes: &mut Vec<String>) -> Vec<Found> {
    for (name, _) in listing.file_names() {
        notes.push(format!("{} is no clone and was left out", Line::new(&name)));
    }
    let names: Vec<String> = listing.folder_names().map(|(name, _)| name).collect();
    let above = text(listing.folder.file_name().unwrap_or_default());
    let prefix = assignment(&names, &above);
    listing
        .folder_names()
        .map(|(name, path)| {
            let login = name.strip_prefix(&prefix).unwrap_or(&name).to_owned();
            let mut one = Found::new(&name, From::Folder(path.clone()))
                .by(None, &[(Student::GITHUB, &login)]);
            one.names.push(login);
            one
        })
        .collect()
}

/// What every repository's name begins with, hyphen included: `gh` puts the clones of `lab-1` into `lab-1-submissions`;
/// else what they have in common.
fn assignment(names: &[String], above: &str) -> String {
    if let Some(assignment) = above.strip_suffix("-submissions") {
        let prefix = format!("{assignment}-");
        if names.iter().all(|name| name.starts_with(&prefix)) {
            return prefix;
        }
    }
    let [first, rest @ ..] = names else {
        return String::new();
    };
    if rest.is_empty() {
        return String::new();
    }
    let alike = rest.iter().fold(first.as_str(), |alike, name| {
        let same = alike
            .char_indices()
            .zip(name.chars())
            .take_while(|((_, a), b)| a == b)
            .map(|((at, a), _)| at + a.len_utf8())
            .last();
        &alike[..same.unwrap_or(0)]
    });
    match alike.rfind('-') {
        Some(at) => alike[..=at].to_owned(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::assignment;

    #[test]
    fn the_assignment_is_what_names_have_in_common() {
        let check = |names: &[&str], above: &str, expect: &str| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(assignment(&names, above), expect, "{names:?}");
        };
        check(&["lab-1-ada", "lab-1-bob"], "x", "lab-1-");
        // Two logins that begin alike.
        check(&["lab-1-anna", "lab-1-anton"], "x", "lab-1-");
        check(
            &["lab-1-jane-doe", "lab-1-jane-roe"],
            "lab-1-submissions",
            "lab-1-",
        );
        check(&["lab-1-ada"], "lab-1-submissions", "lab-1-");
        check(&["ada"], "x", "");
        check(&["ada", "bob"], "x", "");
        check(&["ä-a", "ö-b"], "x", "");
        check(&[], "x", "");
    }
}
