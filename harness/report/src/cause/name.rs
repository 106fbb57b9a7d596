//! The name of a cause within a class: the failed cases that it names are one group, and what one comment can be about.
//!
//! A mistake that the judge made out is one cause in whatever cases it shows. Other findings are of one cause where they are of one
//! case and aspect, and say the same but for names, numbers and what was quoted.

use ipclab_spec::Aspect;

use crate::CauseReport;

/// The kind of a cause that is only what one expectation says.
const BEHAVIOUR: &str = "behaviour";

/// Names a mistake that the judge made out: `iserver-nul-1a2b3c`. `None`: it is what one expectation says.
#[must_use]
pub fn named(cause: &CauseReport) -> Option<String> {
    let kind = cause.kind.as_str();
    let program = cause.program.as_deref();
    let name = program.map_or(kind.to_owned(), |program| format!("{program}-{kind}"));
    let known = !kind.is_empty() && kind != BEHAVIOUR;
    known.then(|| hashed(&name, &["", &sentence(&cause.message)]))
}

/// Names what an expectation says within a class and a spec: `echo-one-1a2b3c`.
#[must_use]
pub fn id(case: &str, aspect: Option<Aspect>, says: &str) -> String {
    hashed(case, &[aspect.map_or("", Aspect::name), &sentence(says)])
}

fn hashed(name: &str, parts: &[&str]) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut add = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    name.bytes().for_each(&mut add);
    for part in parts {
        add(0);
        part.bytes().for_each(&mut add);
    }
    // The lowest bits of this hash depend on the fewest of the bytes.
    format!("{name}-{:06x}", (hash ^ (hash >> 32)) & 0xff_ffff)
}

/// Whether a case was only skipped since another one of these had failed.
pub fn is_consequence<'a>(says: &str, mut cases: impl Iterator<Item = &'a str>) -> bool {
    let of = says.strip_suffix(" failed");
    of.is_some_and(|of| cases.any(|case| case == of))
}

/// A finding's sentence without what differs from student to student: numbers, addresses and what stands in quotes.
#[must_use]
pub fn sentence(says: &str) -> String {
    let mut out = String::new();
    let mut rest = says;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '"' => rest[1..].find('"').map(|end| end + 2),
            '`' => rest[1..].find('`').map(|end| end + 2),
            _ => None,
        };
        if let Some(length) = length {
            out.push_str("\"…\"");
            rest = &rest[length..];
            continue;
        }
        let in_word = out.chars().next_back().is_some_and(char::is_alphanumeric);
        if c.is_ascii_digit() && !in_word {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric());
            let word = &rest[..end.unwrap_or(rest.len())];
            // `0x7f3a`, `12`, but not the name `1st-client`.
            let hex = word
                .strip_prefix("0x")
                .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
            if hex || word.bytes().all(|byte| byte.is_ascii_digit()) {
                out.push('N');
                rest = &rest[word.len()..];
                continue;
            }
        }
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{id, is_consequence, named, sentence};
    use crate::CauseReport;
    use ipclab_spec::{Aspect, Tier};

    #[test]
    fn a_mistake_is_one_cause_whatever_case_shows_it() {
        let cause = |kind: &str, case: &str, message: &str| CauseReport {
            number: 1,
            kind: kind.into(),
            program: Some("iserver".into()),
            message: message.into(),
            case: case.into(),
            finding: 0,
            cases: vec![case.into()],
            points: 2,
            lines: Vec::new(),
            from: Vec::new(),
            tier: Tier::Core,
        };
        let name = |kind: &str, case: &str, message: &str| named(&cause(kind, case, message));
        let one = name("place", "echo-one", "the port is 14640 instead of 12345");
        let name_of = one.as_deref().unwrap_or_default();
        assert!(name_of.starts_with("iserver-place-"), "{name_of}");
        assert_eq!(
            one,
            name("place", "echo-two", "the port is 9 instead of 12345")
        );
        assert_ne!(
            one,
            name("place", "echo-one", "the host is 9 instead of 12345")
        );
        assert_ne!(
            one,
            name("memory", "echo-one", "the port is 14640 instead of 12345")
        );
        // What one expectation says is named by its case.
        assert_eq!(name("behaviour", "echo-one", "server said no"), None);
        assert_eq!(name("", "echo-one", "server said no"), None);
    }

    #[test]
    fn what_differs_between_students_is_folded() {
        let check = |says: &str, expected: &str| assert_eq!(sentence(says), expected);
        check(
            "48 bytes by process 71, not 49",
            "N bytes by process N, not N",
        );
        check(
            "wrote \"Ada's text\" and not \"hello\"",
            "wrote \"…\" and not \"…\"",
        );
        check("at 0x7f3a00 (#3)", "at N (#N)");
        check(
            "shmget() of key 0x1b: IPC_CREAT is missing",
            "shmget() of key N: IPC_CREAT is missing",
        );
        check(
            "utf8 and sha256 stay, 1st too",
            "utf8 and sha256 stay, 1st too",
        );
        check(
            "a quote \" that never ends 5",
            "a quote \" that never ends N",
        );
        check("", "");
    }

    #[test]
    fn a_case_that_needs_another_one_has_no_cause_of_its_own() {
        let check = |says: &str, expected: bool| {
            let cases = ["echo-one", "echo-two"].into_iter();
            assert_eq!(is_consequence(says, cases), expected, "{says}");
        };
        check("echo-one failed", true);
        check("bind failed", false);
        check("iserver could not be built", false);
    }

    #[test]
    fn a_cause_is_of_one_case_and_aspect() {
        let one = id("echo-one", Some(Aspect::Bytes), "48 bytes, not 49");
        assert_eq!(one, id("echo-one", Some(Aspect::Bytes), "12 bytes, not 49"));
        assert_ne!(one, id("echo-two", Some(Aspect::Bytes), "48 bytes, not 49"));
        assert_ne!(one, id("echo-one", Some(Aspect::Exit), "48 bytes, not 49"));
        assert!(
            one.starts_with("echo-one-") && one.len() == "echo-one-".len() + 6,
            "{one}"
        );
    }
}
