//! What an entry of an archive may be called.

use std::path::PathBuf;

const NAME_MAX: usize = 255;
const PATH_MAX: usize = 1_000;
const DEPTH_MAX: usize = 32;

/// The path that an entry's name means below the folder that it is unpacked into; empty: that folder itself.
///
/// # Errors
/// Why no such name is unpacked, as a sentence without its subject: `leads out of the archive`.
pub fn path(name: &Result<String, Vec<u8>>) -> Result<PathBuf, String> {
    let Ok(name) = name else {
        return Err("has a name that is not UTF-8".to_owned());
    };
    if name.len() > PATH_MAX {
        return Err(format!("has a name of {} bytes", name.len()));
    }
    if let Some(c) = name.chars().find(|c| c.is_control()) {
        return Err(format!("has {} in its name", c.escape_default()));
    }
    if name.starts_with('/') || drive(name) {
        return Err("has an absolute name".to_owned());
    }
    let mut path = PathBuf::new();
    let mut depth = 0;
    for part in name.split('/') {
        match part {
            "" | "." => continue,
            ".." => return Err("leads out of the archive".to_owned()),
            part if part.len() > NAME_MAX => {
                return Err(format!("has a part of {} bytes in its name", part.len()));
            }
            part => path.push(part),
        }
        depth += 1;
    }
    if depth > DEPTH_MAX {
        return Err(format!("is {depth} folders deep"));
    }
    Ok(path)
}

/// Whether a link at `path` with this target stays below the folder that it is unpacked into, as far as names say.
pub fn stays_within(path: &std::path::Path, target: &[u8]) -> bool {
    let Ok(target) = std::str::from_utf8(target) else {
        return false;
    };
    if target.is_empty() || target.starts_with('/') || target.contains('\0') {
        return false;
    }
    let mut depth = path.components().count().saturating_sub(1);
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." if depth == 0 => return false,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    true
}

/// `C:\Users`, `c:x`
fn drive(name: &str) -> bool {
    matches!(name.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

/// A name for a message: what is not text shown as far as it is.
pub fn printable(name: &Result<String, Vec<u8>>) -> String {
    let text = match name {
        Ok(name) => name.clone(),
        Err(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    };
    let line = ipclab_report::Line::new(&text);
    let mut short: String = line.chars().take(80).collect();
    if short.len() < line.len() {
        short.push_str("...");
    }
    short
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn harmless_names_are_paths_and_others_say_why_not() {
        let check = |name: &str, expect: Result<&str, &str>| {
            let got = path(&Ok(name.to_owned()));
            let got = got.as_ref().map(|path| path.to_str().unwrap());
            assert_eq!(got.map_err(String::as_str), expect, "{name:?}");
        };
        check("a/b.c", Ok("a/b.c"));
        check("./a//b/./c.c", Ok("a/b/c.c"));
        check("./", Ok(""));
        check("Übung 1/größe.c", Ok("Übung 1/größe.c"));
        check("a..b/...", Ok("a..b/..."));
        check("../a", Err("leads out of the archive"));
        check("a/../../b", Err("leads out of the archive"));
        check("a/..", Err("leads out of the archive"));
        check("/etc/passwd", Err("has an absolute name"));
        check("C:/x", Err("has an absolute name"));
        check("a\nb", Err("has \\n in its name"));
        check("a\0b", Err("has \\u{0} in its name"));
        check(&"x".repeat(4000), Err("has a name of 4000 bytes"));
        check(&"x".repeat(300), Err("has a part of 300 bytes in its name"));
        check(&"x/".repeat(40), Err("is 40 folders deep"));
        assert_eq!(
            path(&Err(vec![0xff])).unwrap_err(),
            "has a name that is not UTF-8"
        );
    }

    #[test]
    fn links_within_stay_and_links_out_do_not() {
        let check = |path: &str, target: &str, expect: bool| {
            assert_eq!(
                stays_within(Path::new(path), target.as_bytes()),
                expect,
                "{path} -> {target}"
            );
        };
        check("a", "b/c", true);
        check("src/a", "../b", true);
        check("src/a", "../../b", false);
        check("a", "..", false);
        check("a", "/etc/shadow", false);
        check("a", "x/../../y", false);
        check("a", "", false);
    }
}
