//! Names of what can be left behind: how messages call it, and which of it a spec means.

use ipclab_evidence::{Address, LeftPort, Protocol};
use ipclab_spec::{Endpoint, Leftover, Named};

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
            | Leftover::Process,
            Kind::Semaphores | Kind::Queue,
        ) => false,
    }
}

pub(super) fn is_path(may: &Leftover, path: &str) -> bool {
    matches!(may, Leftover::Path(pattern) if globs(pattern, path))
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
        (Endpoint::Unix(path), Protocol::Unix, address) => crate::listening::is_path(address, path),
        (
            Endpoint::Tcp { .. } | Endpoint::Udp { .. } | Endpoint::Unix(_) | Endpoint::Shm(_),
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
            .all(|(pattern, part)| component_globs(pattern, part))
}

fn component_globs(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(first) else {
        return false;
    };
    let mut middle: Vec<&str> = rest.split('*').collect();
    let last = middle.pop().unwrap_or_default();
    for part in middle {
        let Some(at) = text.find(part) else {
            return false;
        };
        text = &text[at + part.len()..];
    }
    text.ends_with(last)
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
