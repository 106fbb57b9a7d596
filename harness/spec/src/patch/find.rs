//! Finding a text in a file's bytes, and what is there instead.

/// Where a text stands, in bytes; also where one occurrence overlaps another.
pub(crate) fn occurrences(bytes: &[u8], text: &[u8]) -> Vec<usize> {
    if text.is_empty() {
        return Vec::new();
    }
    bytes
        .windows(text.len())
        .enumerate()
        .filter(|(_, window)| *window == text)
        .map(|(at, _)| at)
        .collect()
}

/// A longer line is compared with no other: that costs the product of both lengths.
const LINE_MAX: usize = 200;

/// The first line of a text that is no line of the file, and the most similar one of the file with its number; indentation
/// does not count. `None`: the file has all of them.
pub(crate) fn unlike<'a>(
    bytes: &[u8],
    text: &'a str,
) -> Option<(&'a str, Option<(usize, String)>)> {
    let file = String::from_utf8_lossy(bytes);
    let lines = || file.lines().map(str::trim);
    let missing = text
        .lines()
        .map(str::trim)
        .find(|wanted| !wanted.is_empty() && lines().all(|line| line != *wanted))?;
    let alike = |line: &str| {
        let long = line.len().max(missing.len()) > LINE_MAX;
        if long {
            0.0
        } else {
            strsim::normalized_damerau_levenshtein(line, missing)
        }
    };
    let nearest = (1..)
        .zip(lines())
        .map(|(number, line)| (number, line, alike(line)))
        .filter(|(.., alike)| *alike > 0.6)
        .max_by(|a, b| a.2.total_cmp(&b.2).then(b.0.cmp(&a.0)))
        .map(|(number, line, _)| (number, line.to_owned()));
    Some((missing, nearest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_occurrence_counts() {
        let check = |bytes: &[u8], text: &str, expect: &[usize]| {
            assert_eq!(occurrences(bytes, text.as_bytes()), expect);
        };
        check(b"int a; int b;", "int", &[0, 7]);
        check(b"aaa", "aa", &[0, 1]);
        check(b"\xff\xfe int\r\n", "int\r\n", &[3]);
        check(b"int", "integer", &[]);
        check(b"int", "", &[]);
    }

    #[test]
    fn the_line_that_is_missing_is_named_with_what_is_there() {
        let file = b"int main(void)\n{\n    port = htons(7000);\n    return 0;\n}\n";
        let check = |text: &str, expect: Option<(&str, Option<(usize, &str)>)>| {
            let found = unlike(file, text);
            let found = found
                .as_ref()
                .map(|(line, near)| (*line, near.as_ref().map(|(n, near)| (*n, near.as_str()))));
            assert_eq!(found, expect, "{text}");
        };
        check(
            "{\n    port = htons(7001);\n",
            Some(("port = htons(7001);", Some((3, "port = htons(7000);")))),
        );
        check("close(fd);\n", Some(("close(fd);", None)));
        check("{\nreturn 0;\n", None);
    }
}
