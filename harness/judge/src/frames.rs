//! Stacks that sanitizers print: their frames, and which of them are the student's own.

use ipclab_evidence::SourceLine;

use crate::quote::escaped_line;

/// `iserver.c:42:7` as a line of a file that was handed in.
pub(crate) fn source_line(place: &str) -> Option<SourceLine> {
    let mut parts: Vec<&str> = place.split(':').collect();
    let mut number = || parts.pop()?.parse::<u32>().ok();
    let last = number()?;
    let line = match parts.last().and_then(|part| part.parse::<u32>().ok()) {
        // The last one was a column.
        Some(line) => {
            parts.pop();
            line
        }
        None => last,
    };
    let file = parts.join(":");
    let file = file.strip_prefix("/lab/").unwrap_or(&file);
    let file = file.strip_prefix("./").unwrap_or(file);
    (line > 0 && !file.is_empty()).then(|| SourceLine {
        file: file.to_owned(),
        line,
    })
}

/// `main(), iserver.c:42`
pub(crate) fn site(function: &str, place: &str) -> String {
    match function {
        "" => escaped_line(place),
        function => format!("{}(), {}", escaped_line(function), escaped_line(place)),
    }
}

/// Frames in the student's own files, innermost first.
pub(crate) fn own_frames(lines: &[String]) -> impl Iterator<Item = (&str, &str)> {
    lines
        .iter()
        .filter_map(|line| frame(line))
        .filter(|(_, place)| is_own(place))
}

/// `main` and `iserver.c:42` out of `#3 0x562cd7f9d818 in main iserver.c:42`. A file's name may have blanks; a function's
/// has none.
pub(crate) fn frame(line: &str) -> Option<(&str, &str)> {
    let frame = line.trim_start().strip_prefix('#')?;
    let (_, rest) = frame.split_once(" in ")?;
    rest.split_once(' ')
}

/// The compiler is called in the student's folder, so that only what comes from elsewhere is named by a path.
pub(crate) fn is_own(place: &str) -> bool {
    let known = place
        .rsplit_once(':')
        .is_some_and(|(_, line)| line.bytes().all(|b| b.is_ascii_digit()));
    let elsewhere = ["../", "/", "(", "<"]
        .iter()
        .any(|start| place.starts_with(start));
    known && (!elsewhere || place.starts_with("/lab/")) && !place.contains("sanitizer_common")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_line_of_a_file() {
        let check = |place: &str, expect: Option<&str>| {
            let line = source_line(place).map(|line| line.to_string());
            assert_eq!(line.as_deref(), expect, "{place}");
        };
        check("iserver.c:42", Some("iserver.c:42"));
        check("iserver.c:42:7", Some("iserver.c:42"));
        check("/lab/Unit V/IServer.c:9", Some("Unit V/IServer.c:9"));
        check("./a.c:1", Some("a.c:1"));
        check("a.c:0", None);
        check("a.c", None);
        check(":3", None);
    }
}
