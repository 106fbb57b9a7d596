//! What a compiler, a linker or `make` complained about, made out in plain text.
//!
//! Plain text and not JSON: Makefiles and build lines call what they like, and all of them agree on `file:line: message`.

use ipclab_report::{CompilerMessage, Line, Severity};

/// How many errors, and how many warnings, are worth showing: the first ones cause the others.
const MESSAGES_MAX: usize = 5;

/// The first errors and the first warnings, in their order.
pub(super) fn parse(output: &str) -> Vec<CompilerMessage> {
    let lines: Vec<&str> = output.lines().collect();
    let mut messages: Vec<CompilerMessage> = Vec::new();
    for (n, line) in lines.iter().enumerate() {
        let Some(mut message) = rustc(line, lines.get(n + 1).copied()).or_else(|| gnu(line)) else {
            continue;
        };
        let count = messages
            .iter()
            .filter(|earlier| earlier.severity == message.severity)
            .count();
        if count == MESSAGES_MAX || messages.contains(&message) {
            continue;
        }
        let excerpt: Vec<&str> = lines[n + 1..]
            .iter()
            .take(2)
            .take_while(|line| is_excerpt(line))
            .copied()
            .collect();
        if !excerpt.is_empty() {
            message.excerpt = Some(excerpt.join("\n").as_str().into());
        }
        messages.push(message);
    }
    messages
}

/// Whether the linker missed something that another file of the submission may have.
pub(super) fn undefined(output: &str) -> bool {
    ["undefined reference to", "undefined symbol"]
        .iter()
        .any(|words| output.contains(words))
}

/// The library of the compiler's sanitizers that the linker did not find, by its name and by the path that was tried: `libasan`,
/// `libclang_rt.asan`.
pub(super) fn missing_sanitizer(output: &str) -> Option<(&'static str, &str)> {
    const WORDS: [&str; 3] = ["cannot find ", "cannot open ", "unable to find library "];
    const LIBRARIES: [&str; 6] = [
        "libclang_rt.asan",
        "libclang_rt.ubsan",
        "libasan",
        "libubsan",
        "libclang_rt.tsan",
        "libtsan",
    ];
    // As the linker of a C library that has none says it.
    const FUNCTIONS: [(&str, &str); 2] = [("__asan_init", "libasan"), ("__tsan_init", "libtsan")];
    output.lines().find_map(|line| {
        let of =
            |(function, library): (&str, &'static str)| line.contains(function).then_some(library);
        if undefined(line)
            && let Some(library) = FUNCTIONS.into_iter().find_map(of)
        {
            return Some((library, ""));
        }
        let behind = WORDS
            .iter()
            .find_map(|words| Some(line.split_once(words)?.1))?;
        let path = behind.split([' ', ':']).next()?;
        let file = path.rsplit('/').next()?;
        let named = LIBRARIES.into_iter().find(|library| {
            let by_option = file.strip_prefix("-l") == library.strip_prefix("lib");
            file.starts_with(library) || by_option
        })?;
        Some((named, path))
    })
}

/// `iserver.c:12:5: error: expected ';'` and its relatives.
fn gnu(line: &str) -> Option<CompilerMessage> {
    if let Some((severity, message, place)) = graded(line) {
        let (file, at, column) = located(place);
        return Some(message_of(file, at, column, severity, message));
    }
    linker(line).or_else(|| make(line))
}

/// Lines that say how bad they are: `PLACE: error: MESSAGE`.
fn graded(line: &str) -> Option<(Severity, &str, &str)> {
    const WORDS: [(&str, Severity); 4] = [
        (": fatal error: ", Severity::Error),
        (": error: ", Severity::Error),
        (": warning: ", Severity::Warning),
        (": ERROR: ", Severity::Error),
    ];
    let (at, word, severity) = WORDS
        .iter()
        .filter_map(|(word, severity)| line.find(word).map(|at| (at, *word, *severity)))
        .min_by_key(|(at, ..)| *at)?;
    // `collect2: error: ld returned 1 exit status` only repeats that something else failed.
    (!line.starts_with("collect2:")).then(|| (severity, &line[at + word.len()..], &line[..at]))
}

/// `/usr/bin/ld: server.c:12: undefined reference to `foo'`, `ld: cannot find -lfoo`
fn linker(line: &str) -> Option<CompilerMessage> {
    let at = [
        "undefined reference to",
        "multiple definition of",
        "cannot find ",
    ]
    .iter()
    .find_map(|words| line.find(words))?;
    let place = line[..at].trim_end_matches([':', ' ']);
    // The place begins after the linker's own name, where it gives it.
    let place = place.rsplit_once("ld: ").map_or(place, |(_, place)| place);
    let (file, number, _) = match place.split_once(":(") {
        Some((file, _)) => (Some(file), None, None),
        None => located(place),
    };
    // An object in /tmp says nothing to anybody.
    let file =
        file.filter(|file| !file.starts_with("/tmp/") && !file.ends_with("ld") && !file.is_empty());
    Some(message_of(file, number, None, Severity::Error, &line[at..]))
}

/// `Makefile:3: *** missing separator.  Stop.`, `make: *** No rule to make target 'x'`
fn make(line: &str) -> Option<CompilerMessage> {
    let (place, message) = line.split_once(" *** ")?;
    // `[Makefile:3: iserver] Error 1` only repeats that a command failed.
    if message.starts_with('[') {
        return None;
    }
    let (file, number, _) = located(place.trim_end_matches(':'));
    let file = file.filter(|_| number.is_some());
    Some(message_of(file, number, None, Severity::Error, message))
}

/// `error[E0425]: cannot find value` and, on the next line, ` --> server.rs:3:5`.
fn rustc(line: &str, next: Option<&str>) -> Option<CompilerMessage> {
    let (severity, rest) = if let Some(rest) = line.strip_prefix("error") {
        (Severity::Error, rest)
    } else {
        (Severity::Warning, line.strip_prefix("warning")?)
    };
    let (code, message) = rest.split_once(": ")?;
    if !(code.is_empty() || code.starts_with('[')) {
        return None;
    }
    let place = next.and_then(|next| next.trim_start().strip_prefix("--> "))?;
    let (file, number, column) = located(place);
    Some(message_of(file, number, column, severity, message))
}

/// `file:line:column`, as far as it goes.
fn located(place: &str) -> (Option<&str>, Option<u32>, Option<u32>) {
    let Some((before, last)) = place.rsplit_once(':') else {
        return (Some(place), None, None);
    };
    let Ok(last) = last.trim().parse::<u32>() else {
        return (Some(place), None, None);
    };
    match before
        .rsplit_once(':')
        .map(|(file, line)| (file, line.parse::<u32>()))
    {
        Some((file, Ok(line))) => (Some(file), Some(line), Some(last)),
        _ => (Some(before), Some(last), None),
    }
}

fn message_of(
    file: Option<&str>,
    line: Option<u32>,
    column: Option<u32>,
    severity: Severity,
    message: &str,
) -> CompilerMessage {
    CompilerMessage {
        file: file.map(relative).map(Line::new),
        line,
        column,
        severity,
        message: Line::new(message.trim()),
        excerpt: None,
    }
}

/// A path as the student knows it: builds run in `/lab`.
fn relative(file: &str) -> &str {
    let file = file.strip_prefix("/lab/").unwrap_or(file);
    file.trim_start_matches("./")
}

/// ` 12 |   puts("hi")` and the caret's line below it.
fn is_excerpt(line: &str) -> bool {
    line.starts_with(' ')
        && line
            .split_once('|')
            .is_some_and(|(before, _)| before.trim().chars().all(|c| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(output: &str) -> Vec<String> {
        let text = |message: &CompilerMessage| {
            let place = message.place().unwrap_or_else(|| "-".to_owned());
            format!("{place} {}: {}", message.severity.name(), message.message)
        };
        parse(output).iter().map(text).collect()
    }

    #[test]
    fn compilers_linkers_and_make_are_understood() {
        let check = |output: &str, expect: &[&str]| assert_eq!(texts(output), expect, "{output}");
        check(
            "./src/a b.c: In function 'main':\n./src/a b.c:2:22: error: expected ';' before '}' token\n    2 | int x\n      |      ^\n",
            &["src/a b.c:2:22 error: expected ';' before '}' token"],
        );
        check(
            "x.c:1:10: fatal error: nope.h: No such file or directory\ncompilation terminated.\n",
            &["x.c:1:10 error: nope.h: No such file or directory"],
        );
        check(
            "/usr/bin/ld: /tmp/ccA.o: in function `main':\n/usr/bin/ld: /lab/a b.c:7: undefined reference to `foo'\ncollect2: error: ld returned 1 exit status\n",
            &["a b.c:7 error: undefined reference to `foo'"],
        );
        check(
            "/lab/x.c:7: undefined reference to `foo'\n",
            &["x.c:7 error: undefined reference to `foo'"],
        );
        check(
            "/usr/bin/ld: x.c:(.text+0x26): undefined reference to `foo'\n",
            &["x.c error: undefined reference to `foo'"],
        );
        check(
            "/usr/bin/ld: cannot find -lnope: No such file or directory\n",
            &["- error: cannot find -lnope: No such file or directory"],
        );
        check(
            "Makefile:3: *** missing separator.  Stop.\n",
            &["Makefile:3 error: missing separator.  Stop."],
        );
        check(
            "make: *** No rule to make target 'x.c', needed by 'x'.  Stop.\n",
            &["- error: No rule to make target 'x.c', needed by 'x'.  Stop."],
        );
        check("make: *** [Makefile:2: x] Error 1\n", &[]);
        check(
            "error[E0425]: cannot find value `y`\n --> server.rs:3:5\n  |\n",
            &["server.rs:3:5 error: cannot find value `y`"],
        );
        check(
            "gcc: fatal error: Killed signal terminated program cc1\ncompilation terminated.\n",
            &["gcc error: Killed signal terminated program cc1"],
        );
        check(
            "x.c:4: warning: the `gets' function is dangerous and should not be used.\n",
            &["x.c:4 warning: the `gets' function is dangerous and should not be used."],
        );
        check("just text\n", &[]);
    }

    #[test]
    fn a_library_of_the_sanitizers_that_is_missing_is_named() {
        let check = |output: &str, expect: Option<&str>| {
            let found = missing_sanitizer(output).map(|(library, _)| library);
            assert_eq!(found, expect, "{output}");
        };
        let rt = "/usr/lib/llvm-14/lib/clang/14.0.6/lib/linux/libclang_rt.asan-x86_64.a";
        check(
            &format!("/usr/bin/ld: cannot find {rt}: No such file or directory\n"),
            Some("libclang_rt.asan"),
        );
        check(
            &format!("ld.lld: error: cannot open {rt}: No such file or directory\n"),
            Some("libclang_rt.asan"),
        );
        check("/usr/bin/ld: cannot find -lasan\n", Some("libasan"));
        check("/usr/bin/ld: cannot find -ltsan\n", Some("libtsan"));
        check(
            "/usr/bin/ld: /tmp/x.o: undefined reference to `__tsan_init'\n",
            Some("libtsan"),
        );
        check(
            "/usr/bin/ld: cannot find libasan_preinit.o: No such file or directory\n",
            Some("libasan"),
        );
        check(
            "ld.lld: error: unable to find library -lubsan\n",
            Some("libubsan"),
        );
        check(
            "/usr/bin/ld: /tmp/x.o: undefined reference to `__asan_init'\n",
            Some("libasan"),
        );
        check("/usr/bin/ld: cannot find -lasandbox\n", None);
        check("/usr/bin/ld: x.o: undefined reference to `answer'\n", None);
        check("x.c:1:2: error: expected ';'\n", None);
    }

    #[test]
    fn a_flood_of_errors_is_cut_to_the_first_ones() {
        let flood: String = (1..1000)
            .map(|n| format!("x.c:{n}:1: error: no {n}\n"))
            .collect();
        assert_eq!(parse(&flood).len(), MESSAGES_MAX);
    }

    #[test]
    fn the_source_line_and_its_caret_are_kept() {
        let message =
            &parse("x.c:2:5: error: bad\n    2 | int x\n      |     ^\nx.c:9:1: note: n\n")[0];
        let excerpt = message.excerpt.as_ref().map(|block| {
            block
                .lines()
                .iter()
                .map(|line| line.as_str())
                .collect::<Vec<_>>()
                .join("\n")
        });
        assert_eq!(excerpt.as_deref(), Some("    2 | int x\n      |     ^"));
    }
}
