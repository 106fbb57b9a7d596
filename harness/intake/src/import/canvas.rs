//! Canvas: a flat folder of files, `NAME_[LATE_]USER_ATTACHMENT_FILE`, or `[LATE_]anon_ID_ATTACHMENT_FILE` where it is graded
//! anonymously.
//!
//! The name is in lower case and has no separators left, so that `doejane` may be Jane Doe: a roster tells.

use std::collections::BTreeMap;

use ipclab_report::{Line, Student};

use super::found::{Found, From};
use super::listing::Listing;

/// A file's name, taken apart.
#[derive(Debug, PartialEq, Eq)]
struct Parts<'a> {
    name: &'a str,
    late: bool,
    user: &'a str,
    /// Whether the number of a file stands there: feedback is taken by it.
    has_upload: bool,
    file: &'a str,
}

/// Whether most files are called like this.
pub(super) fn is_likely(listing: &Listing) -> bool {
    let all = listing.files.len();
    let alike = listing
        .file_names()
        .filter(|(name, _)| parts(name).is_some())
        .count();
    alike > 0 && alike * 2 > all
}

/// Finds the submissions.
pub(super) fn find(listing: &Listing, notes: &mut Vec<String>) -> Vec<Found> {
    let mut by_user: BTreeMap<String, Found> = BTreeMap::new();
    for (name, path) in listing.file_names() {
        let Some(parts) = parts(&name) else {
            notes.push(format!(
                "{} is not called like a submission of Canvas and was left out",
                Line::new(&name)
            ));
            continue;
        };
        let id = format!("{}_{}", parts.name, parts.user);
        let anonymous = parts.name == "anon";
        let one = by_user.entry(id.clone()).or_insert_with(|| {
            let student_name = (!anonymous).then_some(parts.name);
            let mut found =
                Found::new(&id, From::default()).by(student_name, &[(Student::CANVAS, parts.user)]);
            found.who.late = Some(false);
            found
        });
        if parts.late {
            one.who.late = Some(true);
        }
        // Feedback is taken by the numbers of the student and of a file that was handed in.
        if one.who.returns_as.is_none() && parts.has_upload {
            one.who.returns_as = Some(Line::new(&name));
        }
        if let From::Files(files) = &mut one.from {
            files.push((path.clone(), parts.file.to_owned()));
        }
    }
    for (name, _) in listing.folder_names() {
        notes.push(format!(
            "the folder {} is no submission of Canvas and was left out",
            Line::new(&name)
        ));
    }
    let mut found: Vec<Found> = by_user.into_values().collect();
    found.iter_mut().for_each(original_names);
    found
}

/// Takes a file's name apart. Names and files may hold underscores themselves, so the first two numbers in a row count.
fn parts(name: &str) -> Option<Parts<'_>> {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let anonymous = anonymous(name);
    if anonymous.is_some() {
        return anonymous;
    }
    let cuts: Vec<usize> = name.match_indices('_').map(|(at, _)| at).collect();
    for window in cuts.windows(3) {
        let &[a, b, c] = window else { continue };
        let (user, attachment) = (&name[a + 1..b], &name[b + 1..c]);
        if number(user) && number(attachment) && c + 1 < name.len() && a > 0 {
            return Some(Parts {
                has_upload: true,
                ..whose(&name[..a], user, &name[c + 1..])
            });
        }
    }
    // Text and addresses that were handed in: NAME_USER_text.html, without an attachment's number.
    for window in cuts.windows(2) {
        let &[a, b] = window else { continue };
        let (user, file) = (&name[a + 1..b], &name[b + 1..]);
        if number(user) && a > 0 && is_entry(file) {
            return Some(whose(&name[..a], user, file));
        }
    }
    None
}

/// Takes a name apart that says no student's: its id has letters, too, and it has no name for `LATE` to stand behind.
fn anonymous(name: &str) -> Option<Parts<'_>> {
    let on_time = name.strip_prefix("LATE_");
    let (user, rest) = on_time
        .unwrap_or(name)
        .strip_prefix("anon_")?
        .split_once('_')?;
    let (has_upload, file) = match rest.split_once('_') {
        _ if is_entry(rest) => (false, rest),
        Some((upload, file)) if upload.bytes().all(|byte| byte.is_ascii_digit()) => (true, file),
        Some(_) | None => return None,
    };
    let is_id = !user.is_empty() && user.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_id && !file.is_empty()).then_some(Parts {
        name: "anon",
        late: on_time.is_some(),
        user,
        has_upload,
        file,
    })
}

/// Whether a file is a text or an address that was handed in.
fn is_entry(file: &str) -> bool {
    matches!(file, "text.html" | "link.html" | "url.html")
}

fn whose<'a>(name: &'a str, user: &'a str, file: &'a str) -> Parts<'a> {
    let on_time = name.strip_suffix("_LATE").or(name.strip_suffix("_late"));
    Parts {
        name: on_time.unwrap_or(name),
        late: on_time.is_some(),
        user,
        has_upload: false,
        file,
    }
}

/// Handed in again, a file is called `server-1.c`: that is taken off again where it leaves no two of the same name.
fn original_names(one: &mut Found) {
    let From::Files(files) = &mut one.from else {
        return;
    };
    let before: Vec<String> = files.iter().map(|(_, name)| name.to_lowercase()).collect();
    for (n, (_, name)) in files.iter_mut().enumerate() {
        let Some(original) = without_count(name) else {
            continue;
        };
        let lower = original.to_lowercase();
        let alike = |other: &String| {
            *other == lower || without_count(other).is_some_and(|name| name == lower)
        };
        let mut others = before.iter().enumerate().filter(|(m, _)| *m != n);
        if others.any(|(_, other)| alike(other)) {
            continue;
        }
        one.who.notes.push(Line::new(&format!(
            "{name} was taken as {original}: Canvas counts files that are handed in again"
        )));
        *name = original;
    }
}

/// `server-1.c` and `Makefile-1` without their counts.
fn without_count(name: &str) -> Option<String> {
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) => (stem, format!(".{extension}")),
        // Of names without an ending only those are known that a build looks for: `lab-1` may well be its own name.
        None => (name, String::new()),
    };
    let (original, count) = stem.rsplit_once('-')?;
    let known = |name: &str| {
        matches!(
            name.to_lowercase().as_str(),
            "makefile" | "gnumakefile" | "readme"
        )
    };
    let number = !count.is_empty() && count.len() <= 2 && count.bytes().all(|b| b.is_ascii_digit());
    let fits = !original.is_empty() && (!extension.is_empty() || known(original));
    (number && fits).then(|| format!("{original}{extension}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let check = |name: &str, expect: Option<(&str, bool, &str, &str)>| {
            let expect = expect.map(|(name, late, user, file)| Parts {
                name,
                late,
                user,
                has_upload: !file.ends_with("text.html"),
                file,
            });
            assert_eq!(parts(name), expect, "{name}");
        };
        check(
            "doejane_101_5001_iserver.c",
            Some(("doejane", false, "101", "iserver.c")),
        );
        check(
            "doejane_LATE_101_5001_my_server.c",
            Some(("doejane", true, "101", "my_server.c")),
        );
        check("anon_7_8_x.zip", Some(("anon", false, "7", "x.zip")));
        // Graded anonymously, a student has five letters and digits, and what is late says so first.
        check(
            "anon_aB3xZ_5001_my_server.c",
            Some(("anon", false, "aB3xZ", "my_server.c")),
        );
        check(
            "LATE_anon_5zKq2_5001_10_a.c",
            Some(("anon", true, "5zKq2", "10_a.c")),
        );
        check(
            "LATE_anon_aB3xZ_text.html",
            Some(("anon", true, "aB3xZ", "text.html")),
        );
        check("anon_aB3xZ_notes.c", None);
        check(
            "vanderberg_lab_2_9_10_a.c",
            Some(("vanderberg_lab", false, "2", "10_a.c")),
        );
        check(
            "doejane_101_text.html",
            Some(("doejane", false, "101", "text.html")),
        );
        check(
            "doejane_LATE_101_text.html",
            Some(("doejane", true, "101", "text.html")),
        );
        check("server_1.c", None);
        check("doejane_101_5001_", None);
        check("_1_2_x.c", None);
    }

    #[test]
    fn counts_of_canvas_are_taken_off_where_no_two_names_become_one() {
        let check = |given: &[&str], expect: &[&str]| {
            let files = given.iter().map(|name| ("x".into(), (*name).to_owned()));
            let mut one = Found::new("a", From::Files(files.collect()));
            original_names(&mut one);
            let From::Files(files) = one.from else {
                panic!()
            };
            let names: Vec<_> = files.iter().map(|(_, name)| name.as_str()).collect();
            assert_eq!(names, expect);
        };
        check(
            &["iserver-1.c", "comclient-2.c"],
            &["iserver.c", "comclient.c"],
        );
        check(
            &["Makefile-1", "GNUmakefile-12", "x.tar-3.gz"],
            &["Makefile", "GNUmakefile", "x.tar.gz"],
        );
        check(&["Makefile-1", "makefile"], &["Makefile-1", "makefile"]);
        check(&["lab-1", "Makefile-x"], &["lab-1", "Makefile-x"]);
        check(&["a-1.c", "a.c"], &["a-1.c", "a.c"]);
        check(&["a-1.c", "a-2.c"], &["a-1.c", "a-2.c"]);
        check(
            &["lab-2026.c", "-1.c", "x-.c"],
            &["lab-2026.c", "-1.c", "x-.c"],
        );
    }
}
