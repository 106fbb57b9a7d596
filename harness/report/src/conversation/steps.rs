//! Calls of the trace as rows: in the words of the C source, without what only the kernel cares about.

use std::collections::BTreeSet;

use ipclab_evidence::{
    Address, Arg, ArgKind, Bytes, Call, Direction, Errno, Evidence, Names, Object, SocketKind,
    Transfer, canonical,
};

use super::delivery::{self, Deliveries};
use super::model::{Act, Placed, Position, Row, Tone};
use crate::{Line, Place};

/// The rows of all calls that belong to the conversation.
pub(super) fn of(evidence: &Evidence) -> Vec<Placed> {
    let deliveries = delivery::of(evidence);
    let joined: BTreeSet<usize> = deliveries.joined.values().copied().collect();
    let library = library_sockets(evidence);
    let mut rows = Vec::new();
    for (index, call) in evidence.trace.iter().enumerate() {
        // What never returned is shown at the end, at the actor that still waits in it.
        if !returned(call) || joined.contains(&index) {
            continue;
        }
        if is_library_talk(evidence, &library, call) {
            continue;
        }
        let Some((place, act)) = row(evidence, &deliveries, index, call) else {
            continue;
        };
        let mut row = Row::new(Some(call.n), act, tone(call));
        let receive = deliveries
            .joined
            .get(&index)
            .map(|receive| &evidence.trace[*receive]);
        row.fault = fault(call, receive);
        row.line = call.lines.first().map(Place::from);
        row.taken = receive.map(|receive| receive.n);
        rows.push(Placed {
            position: place,
            actor: call.actor,
            row,
        });
    }
    rows
}

/// Whether a program ever saw the call return. `ERESTART` and its kind stay in the kernel: a signal, mostly our own at the
/// end of a case, met the call while it was blocked.
fn returned(call: &Call) -> bool {
    match &call.returned {
        Some(returned) => !returned.errno.is_some_and(Errno::is_restart),
        None => false,
    }
}

/// Sockets that the C library made for itself while it looked up a name: to the name service's cache, `nscd(8)`, and to
/// the kernel's routing tables, `netlink(7)`.
fn library_sockets(evidence: &Evidence) -> BTreeSet<usize> {
    let of_family = evidence
        .sockets
        .iter()
        .enumerate()
        .filter(|(_, socket)| socket.family == "AF_NETLINK");
    let to_cache = evidence.trace.iter().filter_map(|call| match call.object {
        Some(Object::Socket(socket)) if call.name == "connect" => {
            let path = call.argument(ArgKind::Address)?.path()?;
            path.0.ends_with(b"/nscd/socket").then_some(socket)
        }
        Some(_) | None => None,
    });
    of_family.map(|(index, _)| index).chain(to_cache).collect()
}

fn is_library_talk(evidence: &Evidence, library: &BTreeSet<usize>, call: &Call) -> bool {
    match call.object {
        Some(Object::Socket(socket)) => {
            library.contains(&socket) && socket < evidence.sockets.len() && call.tampered.is_none()
        }
        Some(_) | None => false,
    }
}

fn row(
    evidence: &Evidence,
    deliveries: &Deliveries,
    index: usize,
    call: &Call,
) -> Option<(Position, Act)> {
    if let Some(transfer) = &call.transfer {
        return Some(moved(evidence, deliveries, index, call, transfer));
    }
    let text = match text(evidence, call) {
        Some(text) => text,
        // Even what is noise otherwise is shown when the tracer changed it.
        None if call.tampered.is_some() => generic(call),
        None => return None,
    };
    let act = match connected_to(evidence, call) {
        Some(to) if to != call.actor => Act::Connect {
            from: call.actor,
            to,
            text: text.into(),
        },
        Some(_) | None => Act::Step {
            actor: call.actor,
            text: text.into(),
        },
    };
    Some((place(evidence, call), act))
}

/// A call that moved bytes: an arrow, where both ends are known.
fn moved(
    evidence: &Evidence,
    deliveries: &Deliveries,
    index: usize,
    call: &Call,
    transfer: &Transfer,
) -> (Position, Act) {
    let whole = transfer.head.0.len() as u64 == transfer.bytes;
    if let Some((socket, delivery)) = deliveries.sends.get(&index) {
        let to = evidence.sockets[*socket].actor;
        let empty_on_stream = transfer.bytes == 0 && is_stream(evidence, transfer.socket);
        if to != call.actor && !empty_on_stream {
            let act = Act::Message {
                from: call.actor,
                to,
                bytes: transfer.bytes,
                text: Line::from(transfer.head.escaped()),
                whole,
                delivery: *delivery,
            };
            return (Position::at(call), act);
        }
    }
    let name = call.name_in_c();
    let text = match transfer.direction {
        Direction::Received if transfer.bytes == 0 && is_stream(evidence, transfer.socket) => {
            end_of_file(name)
        }
        Direction::Received | Direction::Sent => {
            let cut = if transfer.cut { ", cut" } else { "" };
            let text = quoted(&transfer.head.0, whole);
            format!("{name}() = {}{cut}{text}", transfer.bytes)
        }
    };
    let place = match deliveries.portions.get(&index) {
        Some(send) => Position::behind(*send).max(Position::at(call)),
        None if transfer.bytes == 0 => place(evidence, call),
        None => Position::at(call),
    };
    let act = Act::Step {
        actor: call.actor,
        text: text.into(),
    };
    (place, act)
}

/// Bytes as text behind a blank. Of many only the two ends: a step stands in a narrow column, and four thousand bytes in
/// it would be a page of their own.
fn quoted(head: &[u8], whole: bool) -> String {
    const QUOTED_MAX: usize = 64;
    const QUOTED_HEAD: usize = 32;
    const QUOTED_TAIL: usize = 8;
    let escaped = |bytes: &[u8]| Bytes(bytes.to_vec()).escaped();
    match (head.len() > QUOTED_MAX, whole) {
        (false, true) => format!(" \"{}\"", escaped(head)),
        (true, true) => format!(
            " \"{}...{}\"",
            escaped(&head[..QUOTED_HEAD]),
            escaped(&head[head.len() - QUOTED_TAIL..])
        ),
        // There was no more room for it in the trace.
        (_, false) if head.is_empty() => String::new(),
        (_, false) => format!(" \"{}\"...", escaped(&head[..head.len().min(QUOTED_HEAD)])),
    }
}

fn end_of_file(name: &str) -> String {
    format!("{name}() = 0 (end of file)")
}

fn fault(call: &Call, receive: Option<&Call>) -> Option<Line> {
    let sent = call.tampered.as_deref();
    let received = receive.and_then(|call| call.tampered.as_deref());
    match (sent, received) {
        (Some(sent), Some(received)) => Some(format!("{sent}; recv: {received}").into()),
        (Some(fault), None) | (None, Some(fault)) => Some(fault.into()),
        (None, None) => None,
    }
}

fn tone(call: &Call) -> Tone {
    if failed(call) {
        Tone::Failed
    } else {
        Tone::Plain
    }
}

fn failed(call: &Call) -> bool {
    call.errno().is_some()
}

/// Where a call stands that may have waited for another: behind what it waited for, not where it began.
fn place(evidence: &Evidence, call: &Call) -> Position {
    let began = Position::at(call);
    let Some(Object::Socket(socket)) = call.object else {
        return began;
    };
    let cause = match call.name.as_str() {
        // What was accepted has the connecting socket as its other end.
        "accept" | "accept4" => accepted(evidence, call, socket)
            .and_then(|accepted| evidence.sockets[accepted].peer)
            .and_then(|peer| number_of(evidence, peer, &["connect"])),
        // End of file and reset: behind the other end's goodbye.
        name if is(name, "recv") => evidence
            .sockets
            .get(socket)
            .and_then(|socket| socket.peer)
            .and_then(|peer| {
                number_of(evidence, peer, &["shutdown", "close"])
                    .or_else(|| last_of(evidence, peer))
            }),
        _ => None,
    };
    cause.map_or(began, |n| Position::behind(n).max(began))
}

/// The socket that an accept gave: the trace names either it or the one that listens.
fn accepted(evidence: &Evidence, call: &Call, named: usize) -> Option<usize> {
    let is_accepted = |socket: usize| {
        evidence
            .sockets
            .get(socket)
            .is_some_and(|socket| socket.accepted_from.is_some())
    };
    if is_accepted(named) {
        return Some(named);
    }
    evidence.sockets.iter().position(|made| made.born == call.n)
}

fn number_of(evidence: &Evidence, socket: usize, names: &[&str]) -> Option<u32> {
    let call = evidence.trace.iter().find(|call| {
        call.object == Some(Object::Socket(socket)) && names.contains(&call.name.as_str())
    })?;
    Some(call.n)
}

/// The last call of the actor that a socket belongs to.
fn last_of(evidence: &Evidence, socket: usize) -> Option<u32> {
    let actor = evidence.sockets.get(socket)?.actor;
    evidence
        .trace
        .iter()
        .rev()
        .find(|call| call.actor == actor)
        .map(|call| call.n)
}

/// The actor at the other end of a connection that this call made.
fn connected_to(evidence: &Evidence, call: &Call) -> Option<usize> {
    if call.name != "connect" || failed(call) {
        return None;
    }
    let Some(Object::Socket(socket)) = call.object else {
        return None;
    };
    let peer = evidence.sockets.get(socket)?.peer?;
    Some(evidence.sockets.get(peer)?.actor)
}

fn is_stream(evidence: &Evidence, socket: usize) -> bool {
    evidence
        .sockets
        .get(socket)
        .is_some_and(|socket| match socket.kind {
            SocketKind::Stream | SocketKind::Fifo => true,
            SocketKind::Datagram
            | SocketKind::Seqpacket
            | SocketKind::Queue
            | SocketKind::Other => false,
        })
}

/// Whether a kernel call on a socket is one of the family `recv`, or `send`.
fn is(name: &str, family: &str) -> bool {
    canonical(name, true) == family
}

/// What a call that moved nothing looks like; `None`: it is not part of the conversation.
fn text(evidence: &Evidence, call: &Call) -> Option<String> {
    let on_socket = matches!(call.object, Some(Object::Socket(_)));
    let name = call.name_in_c();
    let arg = |index: usize| call.args.get(index).map(Arg::to_string).unwrap_or_default();
    let value = call.returned.as_ref().map_or(0, |returned| returned.value);
    let good = match call.name.as_str() {
        "socket" | "socketpair" => format!(
            "{name}({}, {})",
            arg(0),
            call.args.get(1).map(socket_type).unwrap_or_default()
        ),
        "bind" | "connect" => {
            let place = call.args.get(1).map(address).unwrap_or_default();
            format!("{name}({place})")
        }
        "listen" => format!("{name}({})", arg(1)),
        "accept" | "accept4" => format!("{name}() = {value}"),
        "shutdown" => format!("{name}({})", arg(1)),
        "close" if on_socket && lingering(evidence, call) => {
            format!("{name}({}) with SO_LINGER", arg(0))
        }
        "close" if on_socket => format!("{name}({})", arg(0)),
        kernel if is(kernel, "recv") && on_socket && value == 0 => end_of_file(name),
        kernel if (is(kernel, "recv") || is(kernel, "send")) && on_socket => {
            format!("{name}() = {value}")
        }
        "setsockopt" if failed(call) => format!("{name}({}, {})", arg(1), arg(2)),
        "shmget" | "semget" | "msgget" => format!("{name}({}) = {value}", all(call)),
        "shmat" => format!("{name}({})", arg(0)),
        "shmdt" => format!("{name}()"),
        "shmctl" => format!("{name}({}, {})", arg(0), arg(1)),
        "semctl" => format!("{name}({}, {}, {})", arg(0), arg(1), arg(2)),
        "semop" | "semtimedop" => format!("{name}({}, {})", arg(0), arg(1)),
        "msgctl" => format!("{name}({}, {})", arg(0), arg(1)),
        "msgsnd" | "msgrcv" => format!("{name}({}) = {value}", arg(0)),
        "unlink" => format!("{name}({})", arg(0)),
        "unlinkat" => format!("{name}({})", arg(1)),
        "fork" | "vfork" => format!("{name}() = {value}"),
        // A thread is part of its process; only a new process is news.
        "clone" | "clone3" if !call.makes_thread() => format!("{name}() = {value}"),
        "kill" => format!("{name}({}, {})", arg(0), arg(1)),
        _ => return None,
    };
    Some(with_error(good, call))
}

/// A close that may send a RST, since the program asked for `SO_LINGER`, `socket(7)`. The trace does not hold its value.
fn lingering(evidence: &Evidence, call: &Call) -> bool {
    evidence.trace.iter().any(|earlier| {
        earlier.n < call.n
            && earlier.name == "setsockopt"
            && earlier.object == call.object
            && earlier.args.iter().any(|arg| arg.has("SO_LINGER"))
    })
}

fn generic(call: &Call) -> String {
    with_error(format!("{}({})", call.name_in_c(), all(call)), call)
}

fn with_error(mut text: String, call: &Call) -> String {
    if let Some(errno) = call.errno() {
        if let Some(at) = text.rfind(") = ") {
            text.truncate(at + 1);
        }
        text.push_str(" = -1 ");
        text.push_str(&errno.to_string());
    }
    text
}

fn all(call: &Call) -> String {
    let args: Vec<String> = call.args_in_c().iter().map(Arg::to_string).collect();
    args.join(", ")
}

/// `SOCK_STREAM`: the flag that libraries add says nothing about the conversation.
fn socket_type(kind: &Arg) -> String {
    match kind {
        Arg::Flags(Names::SocketType, bits) => {
            let aside = Names::SocketType.number("SOCK_CLOEXEC").unwrap_or(0);
            Arg::Flags(Names::SocketType, bits & !aside).to_string()
        }
        other => other.to_string(),
    }
}

/// An address without the braces and the family that the trace writes around it: `127.0.0.1:12345`.
fn address(arg: &Arg) -> String {
    match arg {
        Arg::Address(Address::Inet(address)) => address.to_string(),
        Arg::Address(Address::Path(path)) => format!("\"{}\"", path.escaped()),
        Arg::Address(Address::Abstract(name)) => format!("@\"{}\"", name.escaped()),
        Arg::Address(Address::Unnamed) => "AF_UNIX".to_owned(),
        Arg::Address(Address::Other(family)) => format!("family {family}"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, Arg, address};

    #[test]
    fn addresses_lose_their_wrapping() {
        let check = |arg, expected| assert_eq!(address(&arg), expected);
        check(
            Arg::Address(Address::Inet(([0, 0, 0, 0], 12345).into())),
            "0.0.0.0:12345",
        );
        check(
            Arg::Address(Address::Path("/tmp/a, b".into())),
            "\"/tmp/a, b\"",
        );
        check(Arg::Pointer(0), "NULL");
    }

    #[test]
    fn a_long_message_does_not_fill_a_page() {
        let check =
            |head: &[u8], whole, expected: &str| assert_eq!(super::quoted(head, whole), expected);
        check(b"hello\0", true, " \"hello\\x00\"");
        check(b"", true, " \"\"");
        check(b"hello", false, " \"hello\"...");
        check(b"", false, "");
        let long = [[b'a'; 4000].as_slice(), b"the end\0"].concat();
        let beginning = "a".repeat(32);
        check(&long, true, &format!(" \"{beginning}...the end\\x00\""));
        check(&long, false, &format!(" \"{beginning}\"..."));
    }
}
