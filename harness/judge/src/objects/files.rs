//! Files: what is there after the last actor ended, and what it holds.

use ipclab_evidence::{FileKind, FileState, FoundFile};
use ipclab_spec::{Aspect, Count, FileExpectation};

use super::seen::{names, only_student, only_student_and_why};
use crate::difference::byte;
use crate::facts::{Facts, Unfilled};
use crate::finding::{Finding, Verdict};
use crate::quote::{count, escaped_line, quoted, quoted_bytes};
use crate::range::{Range, no_number};

/// One finding for each thing that is expected of a file. Where a program had to be ended, what is right of it by then is one that does
/// not count: a program that copies a file and then waits for ever has not copied it.
pub(super) fn judge(facts: Facts<'_>, wanted: &FileExpectation) -> Vec<Finding> {
    let findings = of_file(facts, wanted);
    if facts.cut_off().is_none() {
        return findings;
    }
    let (right, mut judged): (Vec<Finding>, Vec<Finding>) = findings
        .into_iter()
        .partition(|finding| finding.verdict == Verdict::Pass);
    let path = escaped_line(&wanted.path);
    judged.extend(
        right
            .into_iter()
            .next()
            .map(|one| facts.at_the_end(&path, one)),
    );
    judged
}

fn of_file(facts: Facts<'_>, wanted: &FileExpectation) -> Vec<Finding> {
    let path = escaped_line(&wanted.path);
    let Some(state) = state(facts, &wanted.path) else {
        let text = format!("the evidence does not say what became of {path}");
        return vec![Finding::unknown(Aspect::Output, None, text)];
    };
    let found = match (&state.found, wanted.exists) {
        (None, Some(false)) => return vec![pass_gone(&path)],
        (Some(found), Some(false)) => {
            let text = format!("{path} is still there: {}", what(found.kind));
            return vec![Finding::fail(Aspect::Cleanup, only_student(facts), text)];
        }
        (None, Some(true) | None) => return vec![missing(facts, &path)],
        (Some(found), Some(true) | None) => found,
    };
    let one = One {
        facts,
        path: &path,
        found,
    };
    let mut findings = Vec::new();
    if wanted.exists.is_some() {
        findings.push(one.pass(format!("{path} is there")));
    }
    if let Some(kind) = wanted.kind {
        findings.push(one.same(kind == found.kind, "is", what(kind), what(found.kind)));
    }
    if let Some(mode) = wanted.mode {
        let show = |mode: u32| format!("{mode:04o}");
        let mut finding = one.same(
            mode == found.mode,
            "has mode",
            &show(mode),
            &show(found.mode),
        );
        if mode != found.mode {
            finding.message += &masked(found.mode, mode);
        }
        findings.push(finding);
    }
    let counts = [
        (&wanted.size, found.size, "byte"),
        (&wanted.links, found.links, "link"),
        (&wanted.blocks, found.blocks, "block"),
    ];
    for (wanted, seen, noun) in counts {
        findings.extend(
            wanted
                .as_ref()
                .map(|wanted| one.counted(wanted, seen, noun)),
        );
    }
    if let Some(holes) = wanted.holes {
        let has = found.blocks * BLOCK < found.size;
        let show = |holes: bool| if holes { "holes" } else { "no holes" };
        let sizes = format!(
            "{} ({} in {} of 512)",
            show(has),
            count(found.size, "byte"),
            count(found.blocks, "block")
        );
        findings.push(one.same(holes == has, "has", show(holes), &sizes));
    }
    if let Some(is_own) = wanted.is_own {
        let show = |own: bool| if own { "its maker" } else { "another user" };
        findings.push(one.same(
            is_own == found.is_own,
            "belongs to",
            show(is_own),
            show(found.is_own),
        ));
    }
    if let Some(target) = &wanted.target {
        findings.push(match facts.text(target, None) {
            Err(why) => unfilled(why),
            Ok(wanted) => {
                let seen = found.target.as_ref().map(|target| target.to_text());
                let seen = seen.unwrap_or_else(|| "nowhere".to_owned());
                one.same(
                    wanted == seen,
                    "leads to",
                    &escaped_line(&wanted),
                    &escaped_line(&seen),
                )
            }
        });
    }
    if let Some(holds) = &wanted.holds {
        findings.push(match facts.text(holds, None) {
            Err(why) => unfilled(why),
            Ok(wanted) => one.holds(wanted.as_bytes()),
        });
    }
    if let Some(other) = &wanted.same_as {
        findings.push(one.same_as(other));
    }
    findings.extend(super::file_locks::judge(facts, wanted));
    findings.extend(super::walked::judge(facts, wanted));
    findings
}

/// What a file system counts space in, `stat(2)`.
const BLOCK: u64 = 512;

/// What was seen at a path of the spec.
fn state<'a>(facts: Facts<'a>, path: &str) -> Option<&'a FileState> {
    let mut all = facts.evidence.objects.files.iter();
    all.find(|file| names(path, &file.path.to_text()))
}

fn pass_gone(path: &str) -> Finding {
    Finding::pass(Aspect::Cleanup, None, format!("{path} is not there"))
}

fn missing(facts: Facts<'_>, path: &str) -> Finding {
    let (name, why) = only_student_and_why(facts);
    let text = format!("{path} is not there{why}");
    Finding::fail(Aspect::Output, name, text).expecting("a file", "no file")
}

fn unfilled(why: Unfilled) -> Finding {
    let (Unfilled::Trouble(why) | Unfilled::Never(why)) = why;
    Finding::unknown(Aspect::Output, None, format!("not judged: {why}"))
}

/// A file that is there.
struct One<'a> {
    facts: Facts<'a>,
    path: &'a str,
    found: &'a FoundFile,
}

impl One<'_> {
    fn pass(&self, text: String) -> Finding {
        Finding::pass(Aspect::Output, None, text)
    }

    fn fail(&self, text: String) -> Finding {
        Finding::fail(Aspect::Output, only_student(self.facts), text)
    }

    /// `/tmp/b has mode 0600 instead of 0644`
    fn same(&self, same: bool, verb: &str, wanted: &str, seen: &str) -> Finding {
        let path = self.path;
        match same {
            true => self.pass(format!("{path} {verb} {wanted}")),
            false => self
                .fail(format!("{path} {verb} {seen} instead of {wanted}"))
                .expecting(wanted, seen),
        }
    }

    fn counted(&self, wanted: &Count, seen: u64, noun: &str) -> Finding {
        let Some(range) = Range::of(wanted) else {
            return no_number(Aspect::Output);
        };
        let number = match range.least.filter(|least| Some(*least) == range.most) {
            Some(number) => count(number, noun),
            None => range.text(),
        };
        self.same(range.has(seen), "has", &number, &count(seen, noun))
    }

    fn holds(&self, wanted: &[u8]) -> Finding {
        let (path, found) = (self.path, self.found);
        if found.kind != FileKind::Regular {
            let kind = what(found.kind);
            return self.fail(format!("{path} is {kind} and holds no text"));
        }
        let seen = found.holds.0.as_slice();
        if found.whole && seen == wanted {
            return self.pass(format!("{path} holds {}", quoted_bytes(wanted)));
        }
        let offset = wanted.iter().zip(seen).take_while(|(a, b)| a == b).count();
        let why = if found.size == 0 {
            "it is empty".to_owned()
        } else if offset == wanted.len() && found.size > wanted.len() as u64 {
            match found.size - wanted.len() as u64 {
                1 => "1 more byte stands behind it".to_owned(),
                more => format!("{more} more bytes stand behind it"),
            }
        } else if offset == seen.len() && found.whole {
            match wanted.len() - seen.len() {
                1 => "the last byte is missing".to_owned(),
                fewer => format!("the last {fewer} bytes are missing"),
            }
        } else if offset == seen.len() {
            format!(
                "only its first {} were kept",
                count(seen.len() as u64, "byte")
            )
        } else {
            let at = |bytes: &[u8]| format!("0x{:02x}", bytes[offset]);
            format!("byte {offset} is {} instead of {}", at(seen), at(wanted))
        };
        let held_up = self.facts.held_up();
        self.fail(format!(
            "{path} does not hold {}: {why}{held_up}",
            quoted_bytes(wanted)
        ))
        .expecting(quoted_bytes(wanted), quoted_bytes(seen))
        .with(byte(wanted, seen))
    }

    fn same_as(&self, other: &str) -> Finding {
        let (path, found) = (self.path, self.found);
        let name = escaped_line(other);
        let wanted = state(self.facts, other).and_then(|state| state.found.as_ref());
        let Some(wanted) = wanted.filter(|wanted| wanted.kind == FileKind::Regular) else {
            return self.fail(format!(
                "{path} cannot hold the same as {name}, which is no file any more"
            ));
        };
        if found.kind == FileKind::Regular && found.digest == wanted.digest {
            return self.pass(format!("{path} holds the same as {name}"));
        }
        if found.kind != FileKind::Regular {
            let kind = what(found.kind);
            return self.fail(format!("{path} is {kind} and not a copy of {name}"));
        }
        let (one, two) = (&found.holds.0, &wanted.holds.0);
        let offset = two.iter().zip(one).take_while(|(a, b)| a == b).count();
        let where_ = match offset < one.len().min(two.len()) {
            true => format!("they part at byte {offset}"),
            false if found.size == wanted.size => "they part further on".to_owned(),
            false => "one is the beginning of the other".to_owned(),
        };
        self.fail(format!(
            "{path} does not hold the same as {name}: it has {}, {name} has {}, and {where_}",
            count(found.size, "byte"),
            count(wanted.size, "byte")
        ))
        .expecting(
            quoted(&wanted.holds.to_text()),
            quoted(&found.holds.to_text()),
        )
        .with(byte(two, one))
    }
}

/// `a file`, `a FIFO`
fn what(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Regular => "a file",
        FileKind::Directory => "a folder",
        FileKind::Symlink => "a symbolic link",
        FileKind::Fifo => "a FIFO",
        FileKind::Socket => "a socket file",
        FileKind::Other => "a device",
    }
}

/// What may explain a mode: the umask took bits away, or the number was written in decimal.
fn masked(seen: u32, wanted: u32) -> String {
    let decimal = format!("{wanted:o}").parse::<u32>().ok();
    if decimal.is_some_and(|decimal| decimal & 0o777 & !0o022 == seen & !0o022) && seen != wanted {
        return format!(": {wanted:o} without a 0 in front is decimal, a mode is octal");
    }
    match wanted & !seen {
        taken if taken != 0 && seen == wanted & !taken && taken & !0o077 == 0 => {
            format!(": the umask has taken {taken:03o} away, and fchmod() sets it all the same")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use ipclab_spec::FILE_KINDS;

    use super::*;

    #[test]
    fn every_kind_that_a_spec_knows_has_a_name() {
        for (_, kind) in FILE_KINDS {
            assert!(what(kind).starts_with("a "));
        }
    }

    #[test]
    fn a_wrong_mode_is_explained() {
        let check = |seen, wanted, expect: &str| assert_eq!(masked(seen, wanted), expect);
        check(
            0o600,
            0o640,
            ": the umask has taken 040 away, and fchmod() sets it all the same",
        );
        check(
            0o1204 & 0o777,
            0o644,
            ": 644 without a 0 in front is decimal, a mode is octal",
        );
        check(0o755, 0o644, "");
    }
}
