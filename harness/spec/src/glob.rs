//! Globs: names in which `*` stands for any text.

/// Whether a name is one of those that a pattern means; `*` stands for any part of it.
#[must_use]
pub fn globs(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut name) = name.strip_prefix(first) else {
        return false;
    };
    let mut middle: Vec<&str> = rest.split('*').collect();
    let last = middle.pop().unwrap_or_default();
    for part in middle {
        let Some(at) = name.find(part) else {
            return false;
        };
        name = &name[at + part.len()..];
    }
    name.ends_with(last)
}

/// Whether this is a pattern and no plain name.
#[must_use]
pub fn is_glob(name: &str) -> bool {
    name.contains('*')
}

#[cfg(test)]
mod tests {
    use super::globs;

    #[test]
    fn a_star_stands_for_any_text() {
        let check = |pattern: &str, name: &str, expect: bool| {
            assert_eq!(globs(pattern, name), expect, "{pattern} {name}");
        };
        check("s", "s", true);
        check("*server*.c", "my_server2.c", true);
        check("*server*.c", "server.c", true);
        check("*server*.c", "serve.c", false);
        check("*a*b", "xaxb", true);
        check("*ab", "aab", true);
        check("a*a", "a", false);
        check("*", "", true);
    }
}
