//! The cause by which failed cases of a class are one group: what one comment can be about.
//!
//! Here and nowhere else it is decided which findings are of one cause. Today they are those of one case and aspect that
//! say the same but for names, numbers and what was quoted.

use ipclab_spec::Aspect;

/// Names a cause within a class and a spec: `echo-one-1a2b3c`.
#[must_use]
pub fn id(case: &str, aspect: Option<Aspect>, says: &str) -> String {
    let aspect = aspect.map_or("", Aspect::name);
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in [case, "\0", aspect, "\0", &sentence(says)].concat().bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    // The lowest bits of this hash depend on the fewest of the bytes.
    format!("{case}-{:06x}", (hash ^ (hash >> 32)) & 0xff_ffff)
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
    use super::{id, is_consequence, sentence};
    use ipclab_spec::Aspect;

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
