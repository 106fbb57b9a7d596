//! Names of what can be left behind: how messages call it, and which of it a spec means.

use ipclab_evidence::{Address, LeftPort, Protocol, ServedPart};
use ipclab_spec::{AnyPlace, Endpoint, Leftover, Named};

use crate::facts::Facts;

pub(super) fn key(key: i32) -> String {
    if key == 0 {
        "IPC_PRIVATE".to_owned()
    } else {
        key.to_string()
    }
}

/// `the segment with key 100`
pub(super) fn named(kind: &str, wanted: Named) -> String {
    match wanted {
        Named::Key(number) => format!("the {kind} with key {}", key(number)),
        Named::Private => format!("the {kind} with key {}", key(0)),
        Named::Any => format!("a {kind}"),
    }
}

pub(super) enum Kind {
    Semaphores,
    Queue,
}

pub(super) fn is_shm(may: &Leftover, key: i32) -> bool {
    matches!(may, Leftover::Shm(wanted) if wanted.is(key))
}

pub(super) fn is_key(may: &Leftover, key: i32, kind: Kind) -> bool {
    match (may, kind) {
        (Leftover::Sem(wanted), Kind::Semaphores) | (Leftover::Msg(wanted), Kind::Queue) => {
            wanted.is(key)
        }
        (
            Leftover::Path(_)
            | Leftover::Shm(_)
            | Leftover::Sem(_)
            | Leftover::Msg(_)
            | Leftover::PosixShm(_)
            | Leftover::PosixQueue(_)
            | Leftover::Port(_)
            | Leftover::Process
            | Leftover::Served(_),
            Kind::Semaphores | Kind::Queue,
        ) => false,
    }
}

pub(super) fn is_path(facts: Facts<'_>, may: &Leftover, path: &str) -> bool {
    match may {
        Leftover::Path(pattern) => globs(pattern, path),
        Leftover::Served(actor) => served_files(facts, actor).any(|file| is_named(&file, path)),
        Leftover::Shm(_)
        | Leftover::Sem(_)
        | Leftover::Msg(_)
        | Leftover::PosixShm(_)
        | Leftover::PosixQueue(_)
        | Leftover::Port(_)
        | Leftover::Process => false,
    }
}

/// The files of the sockets at which an actor and its copies served, or that they bound and never served.
pub(super) fn served_files(facts: Facts<'_>, actor: &str) -> impl Iterator<Item = String> {
    let of_one = move |index| {
        let served = facts.actor(index).and_then(|actor| actor.served.as_ref());
        let bound = facts.sockets(index).filter_map(|(_, socket)| {
            match (&socket.local, socket.accepted_from) {
                (Some(Address::Path(path)), None) => Some(path.clone()),
                (
                    Some(
                        Address::Path(_)
                        | Address::Inet(_)
                        | Address::Abstract(_)
                        | Address::Unnamed
                        | Address::Other(_),
                    )
                    | None,
                    _,
                ) => None,
            }
        });
        match served.and_then(|served| served.text(ServedPart::Path)) {
            Some(path) => vec![path],
            None => bound.collect(),
        }
    };
    let paths = facts.copies(actor).into_iter().flat_map(of_one);
    paths.map(|path| path.to_text())
}

/// Whether this is a file's path from the root, where a program named it by any way from the folder that it runs in.
fn is_named(name: &str, path: &str) -> bool {
    let parts = |text: &'_ str| -> Vec<String> {
        let parts = text
            .split('/')
            .filter(|part| !part.is_empty() && *part != ".");
        parts.map(str::to_owned).collect()
    };
    let (name_parts, path_parts) = (parts(name), parts(path));
    match name.starts_with('/') {
        true => name_parts == path_parts,
        false => path_parts.ends_with(&name_parts),
    }
}

pub(super) fn is_port(may: &Leftover, port: &LeftPort) -> bool {
    let Leftover::Port(endpoint) = may else {
        return false;
    };
    match (endpoint, port.protocol, &port.address) {
        (Endpoint::Tcp { port: wanted, .. }, Protocol::Tcp, Address::Inet(seen))
        | (Endpoint::Udp { port: wanted, .. }, Protocol::Udp, Address::Inet(seen)) => {
            seen.port() == *wanted
        }
        (Endpoint::Any(AnyPlace::Tcp), Protocol::Tcp, Address::Inet(_))
        | (Endpoint::Any(AnyPlace::Udp), Protocol::Udp, Address::Inet(_))
        | (Endpoint::Any(AnyPlace::Unix), Protocol::Unix, Address::Path(_)) => true,
        (Endpoint::Unix(path), Protocol::Unix, address) => crate::listening::is_path(address, path),
        (
            Endpoint::Tcp { .. }
            | Endpoint::Udp { .. }
            | Endpoint::Unix(_)
            | Endpoint::Shm(_)
            | Endpoint::Any(_),
            Protocol::Tcp | Protocol::Udp | Protocol::Unix | Protocol::Shm,
            _,
        ) => false,
    }
}

/// What a language's own machinery leaves in the working directory, whatever the program does.
pub(super) fn is_by_product(path: &str) -> bool {
    path.split('/').any(|part| part == "__pycache__")
}

/// `*` stands for any part of one component of a path.
pub(super) fn globs(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<&str>, Vec<&str>) =
        (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len()
        && pattern
            .iter()
            .zip(&path)
            .all(|(pattern, part)| ipclab_spec::globs(pattern, part))
}

#[cfg(test)]
mod tests {
    use super::globs;

    #[test]
    fn a_star_stays_within_its_component() {
        let check = |pattern: &str, path: &str, expect: bool| {
            assert_eq!(globs(pattern, path), expect, "{pattern} {path}");
        };
        check("/tmp/uc_cli_socket.*", "/tmp/uc_cli_socket.7", true);
        check("/tmp/uc_cli_socket.*", "/tmp/uc_cli_socket", false);
        check("/tmp/*", "/tmp/a/b", false);
        check("/tmp/*a*b", "/tmp/xaxb", true);
        check("/tmp/*ab", "/tmp/aab", true);
        check("/tmp/a*a", "/tmp/a", false);
        check("/tmp/s", "/tmp/s", true);
    }
}
