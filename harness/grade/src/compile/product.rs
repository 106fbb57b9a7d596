//! Which of the programs that a Makefile built is the one that was asked for, when it is called otherwise.
//!
//! Pure: names in, a choice out.

use std::path::{Path, PathBuf};

/// The names that a program may have: its own first, then those of its sources, as students call what they build.
pub(super) fn names(program: &str, sources: &[String], source: Option<&Path>) -> Vec<String> {
    let stem = |path: &Path| Some(path.file_stem()?.to_string_lossy().into_owned());
    let mut names = vec![program.to_owned()];
    let known = source
        .into_iter()
        .chain(sources.iter().map(Path::new))
        .filter_map(stem)
        .filter(|name| !ipclab_spec::is_glob(name));
    for name in known {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The built program that has one of the names; else the only one that nearly has.
pub(super) fn choose<'a>(names: &[String], built: &'a [PathBuf]) -> Option<&'a Path> {
    for name in names {
        let mut same: Vec<&PathBuf> = built.iter().filter(|path| stem(path) == *name).collect();
        same.sort_by_key(|path| (path.components().count(), (*path).clone()));
        if let Some(path) = same.first() {
            return Some(path);
        }
    }
    for alike in [loosely, nearly] {
        let found: Vec<&PathBuf> = built
            .iter()
            .filter(|path| names.iter().any(|name| alike(&stem(path), name)))
            .collect();
        match found.as_slice() {
            [] => {}
            [only] => return Some(only),
            _ => return None,
        }
    }
    None
}

fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

fn simple(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    letters.collect::<String>().to_lowercase()
}

/// `TCP-Server` is `tcp_server`.
fn loosely(built: &str, name: &str) -> bool {
    simple(built) == simple(name)
}

/// `my_server` is a `server`, and so is `srv`.
fn nearly(built: &str, name: &str) -> bool {
    /// Shorter words are parts of too many others.
    const LETTERS: usize = 3;
    let (built, name) = (simple(built), simple(name));
    let abbreviates = || {
        let mut rest = name.chars();
        let in_order = built.chars().all(|c| rest.any(|letter| letter == c));
        built.chars().next() == name.chars().next() && in_order
    };
    built.len() >= LETTERS && name.len() >= LETTERS && (built.contains(&name) || abbreviates())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_built_is_known_by_the_names_of_the_sources() {
        let check = |built: &[&str], server: Option<&str>, client: Option<&str>| {
            let built: Vec<PathBuf> = built.iter().map(PathBuf::from).collect();
            let known = |program: &str, sources: &[&str]| {
                let sources: Vec<String> = sources.iter().map(|name| (*name).to_owned()).collect();
                names(program, &sources, None)
            };
            let servers = known("iserver", &["iserver.c", "server.c", "tcp_server.c"]);
            let clients = known("comclient", &["comclient.c", "client.c"]);
            let found = (choose(&servers, &built), choose(&clients, &built));
            assert_eq!(found.0, server.map(Path::new), "{built:?}");
            assert_eq!(found.1, client.map(Path::new), "{built:?}");
        };
        check(&["client", "server"], Some("server"), Some("client"));
        check(
            &["bin/server", "bin/client"],
            Some("bin/server"),
            Some("bin/client"),
        );
        check(&["server", "iserver"], Some("iserver"), None);
        check(&["out/server", "server"], Some("server"), None);
        check(
            &["server.out", "Client"],
            Some("server.out"),
            Some("Client"),
        );
        check(&["srv", "cli"], Some("srv"), Some("cli"));
        check(
            &["echo_server", "lab5client"],
            Some("echo_server"),
            Some("lab5client"),
        );
        // Two that could be meant are none.
        check(&["my_server", "your_server"], None, None);
        check(&["a.out", "main", "s"], None, None);
    }
}
