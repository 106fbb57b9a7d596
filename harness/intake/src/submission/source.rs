//! What can be told from a source's text without compiling it.
//!
//! Only used to help: to find a file that was meant, to know which files belong together, and to say in plain words why
//! a compiler stumbled.

/// Whether C code outside comments and strings defines or declares `main`.
pub fn has_main(code: &[u8]) -> bool {
    let code = without_comments_and_strings(code);
    let mut at = 0;
    while let Some(found) = find(&code[at..], b"main") {
        let start = at + found;
        let end = start + 4;
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let alone = (start == 0 || !word(code[start - 1]))
            && !code.get(end).is_some_and(|byte| word(*byte));
        let called = code[end..].iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'(');
        if alone && called {
            return true;
        }
        at = end;
    }
    false
}

/// What a compiler stumbles over and a student cannot see, in a teacher's words.
pub fn oddities(file: &str, code: &[u8]) -> Vec<String> {
    if code.starts_with(b"\xff\xfe") || code.starts_with(b"\xfe\xff") {
        return vec![format!(
            "{file} is saved as UTF-16, which compilers do not read: save it as UTF-8"
        )];
    }
    let mut out = Vec::new();
    let line_of = |at: usize| 1 + code[..at].iter().filter(|byte| **byte == b'\n').count();
    if let Some(at) = typographic_quote(code) {
        out.push(format!(
            "{file}:{}: a typographic quotation mark stands in the code, as books and web pages print it: type \" or ' instead",
            line_of(at)
        ));
    }
    for (n, line) in code.split(|byte| *byte == b'\n').enumerate() {
        if line.starts_with(b"<<<<<<< ") || line.starts_with(b">>>>>>> ") {
            out.push(format!(
                "{file}:{}: a merge conflict was never resolved",
                n + 1
            ));
            break;
        }
    }
    if code.iter().all(u8::is_ascii_whitespace) {
        out.push(format!("{file} is empty"));
    }
    out
}

/// C code in a fenced block of a README, where the student pasted the program instead of handing in a file.
pub fn code_in_prose(text: &[u8]) -> bool {
    String::from_utf8_lossy(text)
        .split("```")
        .skip(1)
        .step_by(2)
        .any(|block| has_main(block.as_bytes()))
}

/// The first typographic quote that is neither in a comment nor in a string of plain quotes.
fn typographic_quote(code: &[u8]) -> Option<usize> {
    let bare = without_comments_and_strings(code);
    let utf8 = [
        &b"\xe2\x80\x98"[..],
        b"\xe2\x80\x99",
        b"\xe2\x80\x9c",
        b"\xe2\x80\x9d",
    ];
    // Windows-1252 has them at 0x91 to 0x94, where UTF-8 has only continuation bytes.
    let windows =
        |at: usize| (0x91..=0x94).contains(&bare[at]) && !(at > 0 && bare[at - 1] >= 0x80);
    (0..bare.len())
        .find(|at| utf8.iter().any(|quote| bare[*at..].starts_with(quote)) || windows(*at))
}

/// The code with comments and literals blanked out: every byte keeps its place, newlines stay.
pub fn without_comments_and_strings(code: &[u8]) -> Vec<u8> {
    let mut out = code.to_vec();
    let blank = |out: &mut [u8], from: usize, to: usize| {
        for byte in &mut out[from..to] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    };
    let mut at = 0;
    while at < code.len() {
        let rest = &code[at..];
        let length = match rest {
            [b'/', b'/', ..] => rest
                .iter()
                .position(|byte| *byte == b'\n')
                .unwrap_or(rest.len()),
            [b'/', b'*', ..] => find(&rest[2..], b"*/").map_or(rest.len(), |end| end + 4),
            [quote @ (b'"' | b'\''), ..] => literal(rest, *quote),
            _ => {
                at += 1;
                continue;
            }
        };
        blank(&mut out, at, at + length);
        at += length;
    }
    out
}

/// Length of a literal; one that is never closed ends with its line.
fn literal(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b'\n' => return at,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn main_is_code_and_not_talk() {
        let check =
            |code: &str, expect: bool| assert_eq!(has_main(code.as_bytes()), expect, "{code}");
        check("int main(void) { return 0; }", true);
        check("main ()\n{", true);
        check("void\r\nmain\r\n(int argc)", true);
        check("// int main()\nint x;", false);
        check("/* main( */ int domain(int); int main_loop();", false);
        check("char *s = \"main(\\\"\"; int y;", false);
        check("char c = '\"'; int main() {}", true);
        check("/* never closed main(", false);
        check("\"never closed\nint main() {}", true);
        check("\\", false);
        check("\"\\", false);
        check("", false);
    }

    #[test]
    fn what_a_student_cannot_see_is_named_with_its_line() {
        let check = |code: &[u8], expect: &[&str]| assert_eq!(oddities("s.c", code), expect);
        check(
            b"int main(void) { puts(\"it\xe2\x80\x99s\"); } /* \xe2\x80\x9cfine\xe2\x80\x9d */",
            &[],
        );
        check(
            b"int x;\nputs(\xe2\x80\x9chi\xe2\x80\x9d);",
            &[
                "s.c:2: a typographic quotation mark stands in the code, as books and web pages print it: type \" or ' instead",
            ],
        );
        check(
            b"puts(\x93hi\x94);",
            &[
                "s.c:1: a typographic quotation mark stands in the code, as books and web pages print it: type \" or ' instead",
            ],
        );
        check(
            b"int a;\n<<<<<<< HEAD\nint b;",
            &["s.c:2: a merge conflict was never resolved"],
        );
        check(
            b"\xff\xfei\0n\0t\0",
            &["s.c is saved as UTF-16, which compilers do not read: save it as UTF-8"],
        );
        check(b" \r\n", &["s.c is empty"]);
        check("int größe; // Übung".as_bytes(), &[]);
    }

    #[test]
    fn code_pasted_into_a_readme_is_seen() {
        assert!(code_in_prose(b"# Server\n```c\nint main(void) { }\n```\n"));
        assert!(!code_in_prose(b"Run `main()` first.\n```\n$ make\n```\n"));
    }
}
