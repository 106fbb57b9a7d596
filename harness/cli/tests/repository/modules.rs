//! Which files of a crate import which: a module graph, read from the source, and the circles in it.

use std::collections::{BTreeMap, BTreeSet};

/// The files of a crate by module, `a::b`; the crate's root is the empty path.
pub(crate) struct Modules(BTreeMap<Vec<String>, Module>);

struct Module {
    file: String,
    code: Vec<String>,
    /// What `use` brings in, by the name that it has here. `*` stands for everything.
    uses: Vec<(String, Vec<String>)>,
}

impl Modules {
    /// From the files below `src`, with their names relative to it.
    pub(crate) fn of(files: &[(String, String)]) -> Self {
        let module = |(name, text): &(String, String)| {
            let mut path: Vec<String> = name.split('/').map(str::to_owned).collect();
            let stem = path.pop()?.strip_suffix(".rs")?.to_owned();
            let is_root = path.is_empty() && ["lib", "main"].contains(&stem.as_str());
            if !is_root && stem != "mod" {
                path.push(stem);
            }
            let code = tokens(&production_code(text));
            let module = Module {
                file: name.clone(),
                uses: uses(&code),
                code,
            };
            Some((path, module))
        };
        Self(files.iter().filter_map(module).collect())
    }

    /// Files that import each other, each circle once, in the order of their names.
    pub(crate) fn circles(&self) -> Vec<BTreeSet<&str>> {
        let imports: BTreeMap<&Vec<String>, BTreeSet<&Vec<String>>> = self
            .0
            .keys()
            .map(|path| (path, self.imports(path)))
            .collect();
        let reached: BTreeMap<&Vec<String>, BTreeSet<&Vec<String>>> = imports
            .keys()
            .map(|path| (*path, reachable(&imports, path)))
            .collect();
        let mut circles: BTreeSet<BTreeSet<&str>> = BTreeSet::new();
        for (path, from_here) in &reached {
            let with: BTreeSet<&str> = from_here
                .iter()
                .filter(|other| reached[*other].contains(path))
                .map(|other| self.0[*other].file.as_str())
                .collect();
            if with.len() > 1 {
                circles.insert(with);
            }
        }
        circles.into_iter().collect()
    }

    /// The other modules that a module's paths lead to.
    fn imports(&self, own: &[String]) -> BTreeSet<&Vec<String>> {
        let module = &self.0[own];
        let mut found = BTreeSet::new();
        for path in paths(&module.code) {
            found.extend(self.home(own, &path, 0));
        }
        // An importer looks through a re-export, which says nothing of what its own module needs.
        found.retain(|path| path.as_slice() != own);
        found
    }

    /// The module that an item lives in, wherever else it can be imported from; `None`: outside this crate.
    fn home(&self, own: &[String], path: &[String], depth: usize) -> Option<&Vec<String>> {
        let (mut at, mut rest) = self.absolute(own, path)?;
        while let Some((name, below)) = rest.split_first() {
            at.push(name.clone());
            if !self.0.contains_key(&at) {
                at.pop();
                break;
            }
            rest = below;
        }
        let (here, module) = self.0.get_key_value(&at)?;
        let Some(name) = rest.first().filter(|_| depth < 8) else {
            return Some(here);
        };
        if defines(&module.code, name) {
            return Some(here);
        }
        let follow = |path: &Vec<String>| self.home(here, path, depth + 1);
        let mut by_name = module.uses.iter().filter(|(known, _)| known == name);
        if let Some((_, path)) = by_name.next() {
            return follow(path);
        }
        let mut globs = module.uses.iter().filter(|(known, _)| known == "*");
        let through_glob = globs.find_map(|(_, path)| {
            let mut path = path.clone();
            path.push(name.clone());
            let home = follow(&path)?;
            defines(&self.0[home].code, name).then_some(home)
        });
        through_glob.or(Some(here))
    }

    /// Where a path begins, seen from the crate's root, and what is left of it; `None`: it leads out of the crate.
    fn absolute<'a>(
        &self,
        own: &[String],
        path: &'a [String],
    ) -> Option<(Vec<String>, &'a [String])> {
        let mut at = own.to_vec();
        match path.first()?.as_str() {
            "crate" => return Some((Vec::new(), &path[1..])),
            "self" => return Some((at, &path[1..])),
            "super" => {}
            child => {
                at.push(child.to_owned());
                return self.0.contains_key(&at).then_some((at, &path[1..]));
            }
        }
        let up = path.iter().take_while(|word| *word == "super").count();
        at.truncate(own.len().checked_sub(up)?);
        Some((at, &path[up..]))
    }
}

fn reachable<'a>(
    imports: &BTreeMap<&'a Vec<String>, BTreeSet<&'a Vec<String>>>,
    start: &Vec<String>,
) -> BTreeSet<&'a Vec<String>> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&Vec<String>> = imports[start].iter().copied().collect();
    while let Some(next) = open.pop() {
        if reached.insert(next) {
            open.extend(&imports[next]);
        }
    }
    reached
}

/// Whether code has an item of this name.
fn defines(code: &[String], name: &str) -> bool {
    const ITEMS: [&str; 10] = [
        "struct",
        "enum",
        "union",
        "fn",
        "type",
        "const",
        "static",
        "trait",
        "mod",
        "macro_rules",
    ];
    code.windows(2)
        .any(|pair| ITEMS.contains(&pair[0].as_str()) && pair[1] == name)
}

/// The code of a file without comments and without its tests.
fn production_code(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    while let Some(line) = lines.next() {
        if line.starts_with("#[cfg(test)]") {
            match lines.next() {
                // A module in a file of its own, or one import: what follows counts again.
                Some(next) if next.ends_with(';') => continue,
                _ => break,
            }
        }
        code.push_str(line);
        code.push('\n');
    }
    code
}

/// Every path of two words or more, those of a group (`a::{b, c}`) one by one.
fn paths(tokens: &[String]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let begins = is_word(&tokens[at])
            && tokens.get(at + 1).is_some_and(|next| next == "::")
            && (at == 0 || tokens[at - 1] != "::");
        at = if begins && (at == 0 || tokens[at - 1] != "use") {
            tree(tokens, at, &[], &mut found)
        } else if begins {
            // A re-export only passes on, and what is imported is used under its name or not at all.
            let public = at >= 2 && [")", "pub"].contains(&tokens[at - 2].as_str());
            let mut used = Vec::new();
            let after = tree(tokens, at, &[], &mut used);
            if !public {
                found.append(&mut used);
            }
            after
        } else {
            at + 1
        };
    }
    found.into_iter().map(|(_, path)| path).collect()
}

/// What `use` brings in, by name.
fn uses(tokens: &[String]) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    for at in (0..tokens.len()).filter(|at| tokens[*at] == "use") {
        tree(tokens, at + 1, &[], &mut found);
    }
    found
}

/// Reads a path from a token on, and gives the token after it.
fn tree(
    tokens: &[String],
    mut at: usize,
    before: &[String],
    found: &mut Vec<(String, Vec<String>)>,
) -> usize {
    let mut path = before.to_vec();
    let is = |at: usize, sign: &str| tokens.get(at).is_some_and(|token| token == sign);
    let mut name = String::new();
    loop {
        match tokens.get(at).map(String::as_str) {
            Some("{") => {
                at += 1;
                while at < tokens.len() && !is(at, "}") {
                    at = tree(tokens, at, &path, found);
                    while at < tokens.len() && !is(at, ",") && !is(at, "}") {
                        at += 1;
                    }
                    at += usize::from(is(at, ","));
                }
                return at + 1;
            }
            Some("*") => name = "*".to_owned(),
            Some("self") if !path.is_empty() => {}
            Some(word) if is_word(word) => {
                path.push(word.to_owned());
                name = word.to_owned();
            }
            _ => break,
        }
        at += 1;
        if !is(at, "::") {
            break;
        }
        at += 1;
    }
    if is(at, "as") {
        name = tokens.get(at + 1).cloned().unwrap_or_default();
    }
    if name.is_empty() {
        name = path.last().cloned().unwrap_or_default();
    }
    found.push((name, path));
    at
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Words, `::` and signs, without the insides of texts.
fn tokens(code: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut letters = code.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => {
                while let Some(inside) = letters.next() {
                    match inside {
                        '\\' => drop(letters.next()),
                        '"' => break,
                        _ => {}
                    }
                }
            }
            '\'' => {
                // A letter, or the name of a lifetime.
                let mut ahead = letters.clone();
                match ahead.next() {
                    Some('\\') => {
                        letters.nth(1);
                        let _ = letters.by_ref().find(|c| *c == '\'');
                    }
                    Some(_) if ahead.next() == Some('\'') => {
                        letters.nth(1);
                    }
                    _ => {}
                }
            }
            ':' if letters.peek() == Some(&':') => {
                letters.next();
                tokens.push("::".to_owned());
            }
            c if c.is_alphanumeric() || c == '_' => {
                let mut word = c.to_string();
                while let Some(next) = letters.next_if(|c| c.is_alphanumeric() || *c == '_') {
                    word.push(next);
                }
                if ["r", "br"].contains(&word.as_str()) && raw_text(&mut letters) {
                    continue;
                }
                tokens.push(word);
            }
            c if c.is_whitespace() => {}
            c => tokens.push(c.to_string()),
        }
    }
    tokens
}

/// Passes over the rest of a raw text, `#"..."#`; `false`: here is none.
fn raw_text(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> bool {
    let mut ahead = letters.clone();
    let mut end = String::from("\"");
    while ahead.next_if_eq(&'#').is_some() {
        end.push('#');
    }
    if ahead.next() != Some('"') {
        return false;
    }
    let rest: String = ahead.clone().collect();
    let length = rest.find(&end).map_or(rest.len(), |at| at + end.len());
    let passed = rest[..length].chars().count();
    for _ in 0..passed {
        ahead.next();
    }
    *letters = ahead;
    true
}

#[test]
fn circles_are_found_whatever_the_imports_look_like() {
    let check = |files: &[(&str, &str)], expect: &[&[&str]]| {
        let files: Vec<(String, String)> = files
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect();
        let modules = Modules::of(&files);
        let circles: Vec<Vec<&str>> = modules
            .circles()
            .into_iter()
            .map(|circle| circle.into_iter().collect())
            .collect();
        assert_eq!(circles, expect, "{files:?}");
    };
    check(
        &[
            ("lib.rs", "mod a;\nmod b;"),
            ("a.rs", "use crate::b::X;"),
            ("b.rs", ""),
        ],
        &[],
    );
    check(
        &[
            ("lib.rs", ""),
            ("a.rs", "use crate::b::X;"),
            ("b.rs", "use super::a;"),
        ],
        &[&["a.rs", "b.rs"]],
    );
    check(
        &[
            ("lib.rs", ""),
            ("a/mod.rs", "mod one;\nfn f() { one::f(); }"),
            ("a/one.rs", "use crate::{c::{self, X}, b};"),
            ("b.rs", ""),
            ("c.rs", "fn f() { let _ = crate::a::f(); }"),
        ],
        &[&["a/mod.rs", "a/one.rs", "c.rs"]],
    );
    check(
        &[
            ("main.rs", "use a::X;"),
            (
                "a.rs",
                "// use crate::Y;\n#[cfg(test)]\nmod tests {\n use crate::Y;\n}",
            ),
        ],
        &[],
    );
    check(
        &[
            ("main.rs", "fn f() { a::f(); }\nstruct Y;"),
            ("a.rs", "use super::Y;"),
        ],
        &[&["a.rs", "main.rs"]],
    );
    // What a root passes on is its home's.
    check(
        &[
            ("lib.rs", "pub use a::X;\npub use b::*;"),
            ("a.rs", "use crate::Y;\npub struct X;"),
            ("b.rs", "pub struct Y;"),
        ],
        &[],
    );
    check(
        &[
            ("lib.rs", "pub use a::X;\npub use b::*;"),
            ("a.rs", "use crate::Y;\npub struct X;"),
            ("b.rs", "use crate::X;\npub struct Y;"),
        ],
        &[&["a.rs", "b.rs"]],
    );
}
