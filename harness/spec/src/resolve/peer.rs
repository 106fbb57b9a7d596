//! Scripted peers: one step a text, `connect tcp:12345`, `send 'hal'`, `until server waits`, `reset`.
//!
//! A text in quotes is sent as it stands, without a NUL that is not written. In `'...'` nothing is escaped, in `"..."`
//! there are `\n \r \t \0 \\ \" \xHH`.

use std::ops::Range;

use ipclab_evidence::ServedPart;

use super::context::{after, known_actor};
use super::endpoint::{filled_endpoint, key, peer_endpoint, peer_socket};
use super::flaw::Flaw;
use super::scan::{Scan, hex};
use super::template::{Scope, Use, template};
use crate::names::{is_signal, nearest, signals};
use crate::{
    Action, Data, FifoEnd, Hole, Part, PeerEndpoint, PeerPlace, SegmentName, Shutdown, Step, Wanted,
};

/// What a step begins with.
pub(crate) const STEPS: &[&str] = &[
    "connect", "open", "bind", "listen", "accept", "send", "recv", "until", "shutdown", "reset",
    "close", "abandon", "flood", "signal", "shm", "fifo", "msg", "each", "fill",
];

/// More often than this a step is not done.
const TIMES_MAX: u32 = 4096;

/// Reads one step; names are checked against the case's.
pub(crate) fn step(text: &str, scope: &Scope) -> Result<Step, Flaw> {
    let mut scan = Scan::new(text);
    let action = action(&mut scan, scope)?;
    scan.end()?;
    Ok(Step {
        text: text.trim().to_owned(),
        action,
    })
}

fn action(scan: &mut Scan<'_>, scope: &Scope) -> Result<Action, Flaw> {
    if let Some(times) = scan.number()? {
        let said = scan.last();
        if !(scan.word("times") || scan.word("time")) {
            return Err(scan.expected("`times`, and what is to be done so often"));
        }
        let times = u32::try_from(times)
            .ok()
            .filter(|times| (1..=TIMES_MAX).contains(times))
            .ok_or_else(|| Flaw::new(said, format!("a step is done 1 to {TIMES_MAX} times")))?;
        let action = Box::new(once(scan, scope)?);
        return Ok(Action::Times { times, action });
    }
    once(scan, scope)
}

/// A step that is not said to be done so many times.
fn once(scan: &mut Scan<'_>, scope: &Scope) -> Result<Action, Flaw> {
    let Some(verb) = scan.chunk() else {
        return Err(Flaw::new(0..scan.text().len(), "this step is empty"));
    };
    let said = scan.last();
    match verb {
        "connect" => destination(scan, scope).map(Action::Connect),
        "open" => {
            let name = scan
                .chunk()
                .ok_or_else(|| scan.expected("a kind of socket, such as udp"))?;
            peer_socket(name)
                .map(Action::Open)
                .map_err(|flaw| flaw.shifted(scan.last().start))
        }
        "bind" => place(scan).map(Action::Bind),
        "listen" => place(scan).map(Action::Listen),
        "accept" => Ok(Action::Accept),
        "send" => send(scan, scope),
        "recv" => recv(scan, scope).map(Action::Recv),
        "until" => {
            let start = scan.text().len() - scan.rest().len();
            let rest = scan.rest();
            if rest.is_empty() {
                return Err(scan.expected("whom to wait for, such as `server waits`"));
            }
            while scan.chunk().is_some() {}
            after(rest, &scope.actors)
                .map(Action::Until)
                .map_err(|flaw| flaw.shifted(start))
        }
        "shutdown" => {
            let way = scan
                .chunk()
                .ok_or_else(|| scan.expected("read, write or both"))?;
            match way {
                "read" => Ok(Action::Shutdown(Shutdown::Read)),
                "write" => Ok(Action::Shutdown(Shutdown::Write)),
                "both" => Ok(Action::Shutdown(Shutdown::Both)),
                _ => Err(Flaw::new(scan.last(), format!("`{way}` is no direction"))
                    .suggest(nearest(way, ["read", "write", "both"]))
                    .help_if_none("there are read, write and both")),
            }
        }
        "reset" => Ok(Action::Reset),
        "close" => Ok(Action::Close),
        "abandon" => Ok(Action::Abandon),
        "flood" => {
            let count = bytes(scan)?.ok_or_else(|| scan.expected("so many `bytes`"))?;
            Ok(Action::Flood(count))
        }
        "fill" => {
            let count = bytes(scan)?.ok_or_else(|| scan.expected("at most so many `bytes`"))?;
            Ok(Action::Fill(count))
        }
        "signal" => signal(scan, scope),
        "shm" => shm(scan, scope),
        "fifo" => fifo(scan, scope),
        "msg" => msg(scan, scope),
        "each" => each(scan, scope),
        _ => Err(Flaw::new(said, format!("a peer cannot `{verb}`"))
            .suggest(nearest(verb, STEPS.iter().copied()))
            .help_if_none(&format!("it can {}", STEPS.join(", ")))),
    }
}

/// What can be done with each socket that is open.
fn each(scan: &mut Scan<'_>, scope: &Scope) -> Result<Action, Flaw> {
    const ACTIONS: [&str; 5] = ["send", "recv", "shutdown", "reset", "close"];
    let verb = scan.rest().split_whitespace().next().unwrap_or_default();
    if !ACTIONS.contains(&verb) {
        scan.chunk()
            .ok_or_else(|| scan.expected("what to do with each socket"))?;
        return Err(Flaw::new(
            scan.last(),
            format!("`{verb}` is not done with each socket"),
        )
        .suggest(nearest(verb, ACTIONS))
        .help_if_none(&format!("there are {}", ACTIONS.join(", "))));
    }
    once(scan, scope).map(|action| Action::Each(Box::new(action)))
}

fn place(scan: &mut Scan<'_>) -> Result<PeerEndpoint, Flaw> {
    let text = scan
        .chunk()
        .ok_or_else(|| scan.expected("a place such as tcp:12345"))?;
    peer_endpoint(text).map_err(|flaw| flaw.shifted(scan.last().start))
}

/// Where a peer goes, which may be known only when it starts.
fn destination(scan: &mut Scan<'_>, scope: &Scope) -> Result<PeerPlace, Flaw> {
    let text = scan
        .chunk()
        .ok_or_else(|| scan.expected("a place such as tcp:12345"))?;
    let at = scan.last();
    if scope.filled {
        return filled_endpoint(text).map(PeerPlace::At);
    }
    if !text.contains("{{") {
        let place = peer_endpoint(text).map_err(|flaw| flaw.shifted(at.start))?;
        return Ok(PeerPlace::At(place));
    }
    let template = template(text, scope, Use::Place)
        .map_err(|mut flaws| flaws.swap_remove(0).shifted(at.start))?;
    // What it will be is not known, but whether it can be a place is.
    let example = template.parts.iter().map(|part| match part {
        Part::Text(text) => text.as_str(),
        Part::Hole(Hole::Listens { part, .. }) => match part {
            ServedPart::Place => "tcp:1",
            ServedPart::Path => "/path",
            ServedPart::Port => "1",
            ServedPart::Ip => "127.0.0.1",
        },
        Part::Hole(_) => "",
    });
    match peer_endpoint(&example.collect::<String>()) {
        Ok(_) => Ok(PeerPlace::Served(template)),
        Err(_) => Err(Flaw::new(at, format!("`{text}` does not become a place")).help(
            "write {{server.listens}}, tcp:{{server.listens.port}} or unix-stream:{{server.listens.path}}",
        )),
    }
}

/// `100 bytes`
fn bytes(scan: &mut Scan<'_>) -> Result<Option<u64>, Flaw> {
    let Some(number) = scan.number()? else {
        return Ok(None);
    };
    let said = scan.last();
    if !(scan.word("bytes") || scan.word("byte")) {
        return Err(scan.expected("`bytes`"));
    }
    match u64::try_from(number) {
        Ok(number) if number <= BYTES_MAX => Ok(Some(number)),
        _ => Err(Flaw::new(said, format!("from 0 to {BYTES_MAX} bytes"))),
    }
}

/// A gibibyte: more is no lab's matter.
const BYTES_MAX: u64 = 1 << 30;

fn data(scan: &mut Scan<'_>, scope: &Scope) -> Result<Option<Data>, Flaw> {
    let start = scan.text().len() - scan.rest().len();
    let verbatim = scan.peek_sign("'");
    if let Some(text) = scan.quoted()? {
        let whole = start..scan.last().end;
        return match template(&text, scope, Use::Input) {
            Ok(template) => Ok(Some(Data::Text(template))),
            Err(mut flaws) => {
                let mut flaw = flaws.swap_remove(0);
                flaw.at = if verbatim {
                    flaw.at.start + start + 1..flaw.at.end + start + 1
                } else {
                    whole
                };
                Err(flaw)
            }
        };
    }
    if scan.word("hex") {
        let digits = scan
            .chunk()
            .ok_or_else(|| scan.expected("hexadecimal digits"))?;
        return hex(digits)
            .map(|bytes| Some(Data::Hex(bytes)))
            .ok_or_else(|| {
                Flaw::new(
                    scan.last(),
                    format!("`{digits}` are no bytes in hexadecimal"),
                )
                .help("write two digits for each byte: hex 00ff")
            });
    }
    Ok(bytes(scan)?.map(Data::Bytes))
}

fn send(scan: &mut Scan<'_>, scope: &Scope) -> Result<Action, Flaw> {
    let data = data(scan, scope)?
        .ok_or_else(|| scan.expected("what to send: 'text', `hex 00ff` or `100 bytes`"))?;
    let (mut to, mut pieces, mut oob) = (None, None, false);
    loop {
        if to.is_none() && scan.word("to") {
            let said = scan.last();
            to = Some(destination(scan, scope)?);
            if oob {
                return Err(no_urgent_datagram(said));
            }
        } else if pieces.is_none() && scan.word("in") {
            if !(scan.word("pieces") && scan.word("of")) {
                return Err(scan.expected("`pieces of N`"));
            }
            pieces = match scan.number()? {
                Some(size) if size > 0 => u32::try_from(size).ok(),
                _ => None,
            };
            if pieces.is_none() {
                return Err(Flaw::new(scan.last(), "a piece has at least 1 byte"));
            }
            if !scan.word("bytes") {
                scan.word("byte");
            }
        } else if pieces.is_none() && scan.word("byte") {
            if !(scan.word("by") && scan.word("byte")) {
                return Err(scan.expected("`byte by byte`"));
            }
            pieces = Some(1);
        } else if !oob && scan.word("oob") {
            let said = scan.last();
            if to.is_some() {
                return Err(no_urgent_datagram(said));
            }
            oob = true;
        } else if let Some(word) = scan.chunk() {
            return Err(
                Flaw::new(scan.last(), format!("`{word}` says nothing of a send"))
                    .suggest(nearest(word, ["to", "in", "byte", "oob"]))
                    .help_if_none(
                        "there are `to PLACE`, `in pieces of N`, `byte by byte` and `oob`",
                    ),
            );
        } else {
            return Ok(Action::Send {
                data,
                to,
                pieces,
                oob,
            });
        }
    }
}

fn no_urgent_datagram(at: Range<usize>) -> Flaw {
    Flaw::new(at, "a datagram is never urgent")
        .help("`oob` is for a TCP connection, which needs no `to`")
}

fn recv(scan: &mut Scan<'_>, scope: &Scope) -> Result<Wanted, Flaw> {
    if scan.rest().is_empty() || scan.word("any") {
        return Ok(Wanted::Any);
    }
    if scan.word("until") {
        return if eof(scan) {
            Ok(Wanted::UntilEof)
        } else {
            Err(scan.expected("`EOF`"))
        };
    }
    if eof(scan) {
        return Ok(Wanted::Eof);
    }
    match data(scan, scope)? {
        Some(Data::Bytes(count)) => Ok(Wanted::Bytes(count)),
        Some(data) => Ok(Wanted::Data(data)),
        None => Err(scan
            .expected("what to receive")
            .help("there are 'text', `hex 00ff`, `49 bytes`, `until EOF`, `EOF` and `any`")),
    }
}

fn eof(scan: &mut Scan<'_>) -> bool {
    scan.word("EOF") || scan.word("eof")
}

fn signal(scan: &mut Scan<'_>, scope: &Scope) -> Result<Action, Flaw> {
    let actor = scan.chunk().ok_or_else(|| scan.expected("an actor"))?;
    known_actor(actor, &scope.actors).map_err(|flaw| flaw.shifted(scan.last().start))?;
    let signal = scan
        .chunk()
        .ok_or_else(|| scan.expected("a signal such as SIGTERM"))?;
    if !is_signal(signal) {
        return Err(
            Flaw::new(scan.last(), format!("there is no signal `{signal}`"))
                .suggest(nearest(signal, signals())),
        );
    }
    Ok(Action::Signal {
        actor: actor.to_owned(),
        signal: signal.to_owned(),
    })
}

fn shm(scan: &mut Scan<'_>, scope: &Scope) -> Result<Action, Flaw> {
    const ACTIONS: [&str; 6] = ["create", "attach", "write", "read", "detach", "remove"];
    let what = scan
        .chunk()
        .ok_or_else(|| scan.expected(&ACTIONS.join(", ")))?;
    let said = scan.last();
    match what {
        "create" => {
            let key = shm_key(scan)?;
            let size = match scan.number()? {
                Some(size) if (1..=1 << 30).contains(&size) => size.unsigned_abs(),
                Some(_) => {
                    return Err(Flaw::new(
                        scan.last(),
                        format!("a segment has 1 to {BYTES_MAX} bytes"),
                    ));
                }
                None => return Err(scan.expected("the segment's size in bytes")),
            };
            let mode = mode(scan)?;
            Ok(Action::ShmCreate { key, size, mode })
        }
        "attach" => segment(scan, scope).map(Action::ShmAttach),
        "write" => {
            let data = data(scan, scope)?
                .ok_or_else(|| scan.expected("what to write: 'text' or `hex 00ff`"))?;
            Ok(Action::ShmWrite(data))
        }
        "read" => {
            let data = data(scan, scope)?
                .ok_or_else(|| scan.expected("what must be there: 'text' or `hex 00ff`"))?;
            Ok(Action::ShmRead(data))
        }
        "detach" => Ok(Action::ShmDetach),
        "remove" => segment(scan, scope).map(Action::ShmRemove),
        _ => Err(Flaw::new(said, format!("a segment cannot be `{what}`ed"))
            .suggest(nearest(what, ACTIONS))
            .help_if_none(&format!("there are {}", ACTIONS.join(", ")))),
    }
}

/// Permission bits, where any are said.
fn mode(scan: &mut Scan<'_>) -> Result<u32, Flaw> {
    if scan.rest().is_empty() {
        return Ok(0o600);
    }
    let mode = scan.number()?.and_then(|mode| u32::try_from(mode).ok());
    mode.filter(|mode| *mode <= 0o777)
        .ok_or_else(|| Flaw::new(scan.last(), "these are no permission bits").help("write 0644"))
}

fn fifo(scan: &mut Scan<'_>, scope: &Scope) -> Result<Action, Flaw> {
    const ACTIONS: [&str; 6] = ["make", "open", "send", "recv", "close", "remove"];
    let what = scan
        .chunk()
        .ok_or_else(|| scan.expected(&ACTIONS.join(", ")))?;
    let said = scan.last();
    match what {
        "make" => Ok(Action::FifoMake {
            path: path(scan)?,
            mode: mode(scan)?,
        }),
        "open" => {
            let path = path(scan)?;
            let end = if scan.word("read") {
                FifoEnd::Read
            } else if scan.word("write") {
                FifoEnd::Write
            } else {
                return Err(scan.expected("`read` or `write`"));
            };
            Ok(Action::FifoOpen { path, end })
        }
        "send" => {
            let data = data(scan, scope)?
                .ok_or_else(|| scan.expected("what to send: 'text', `hex 00ff` or `100 bytes`"))?;
            Ok(Action::FifoSend(data))
        }
        "recv" => recv(scan, scope).map(Action::FifoRecv),
        "close" => Ok(Action::FifoClose),
        "remove" => path(scan).map(Action::FifoRemove),
        _ => Err(Flaw::new(said, format!("a FIFO cannot be `{what}`ed"))
            .suggest(nearest(what, ACTIONS))
            .help_if_none(&format!("there are {}", ACTIONS.join(", ")))),
    }
}

fn path(scan: &mut Scan<'_>) -> Result<String, Flaw> {
    let path = scan
        .chunk()
        .ok_or_else(|| scan.expected("a path such as /tmp/req"))?;
    Ok(path.to_owned())
}

fn msg(scan: &mut Scan<'_>, scope: &Scope) -> Result<Action, Flaw> {
    const ACTIONS: [&str; 4] = ["create", "send", "recv", "remove"];
    let what = scan
        .chunk()
        .ok_or_else(|| scan.expected(&ACTIONS.join(", ")))?;
    let said = scan.last();
    match what {
        "create" => Ok(Action::MsgCreate {
            key: shm_key(scan)?,
            mode: mode(scan)?,
        }),
        "send" => {
            let queue = segment(scan, scope)?;
            let mtype = mtype(scan)?.unwrap_or(1);
            if mtype < 1 {
                return Err(Flaw::new(
                    scan.last(),
                    "the type of a message is more than 0",
                ));
            }
            let data = data(scan, scope)?
                .ok_or_else(|| scan.expected("what to send: 'text', `hex 00ff` or `100 bytes`"))?;
            Ok(Action::MsgSend { queue, mtype, data })
        }
        "recv" => {
            let queue = segment(scan, scope)?;
            let mtype = mtype(scan)?.unwrap_or(0);
            match recv(scan, scope)? {
                Wanted::Eof | Wanted::UntilEof => {
                    Err(Flaw::new(scan.last(), "a message queue has no end of file"))
                }
                wanted => Ok(Action::MsgRecv {
                    queue,
                    mtype,
                    wanted,
                }),
            }
        }
        "remove" => segment(scan, scope).map(Action::MsgRemove),
        _ => Err(
            Flaw::new(said, format!("a message queue cannot be `{what}`ed"))
                .suggest(nearest(what, ACTIONS))
                .help_if_none(&format!("there are {}", ACTIONS.join(", "))),
        ),
    }
}

/// `type 3`
fn mtype(scan: &mut Scan<'_>) -> Result<Option<i64>, Flaw> {
    if !scan.word("type") {
        return Ok(None);
    }
    match scan.number()? {
        Some(mtype) => Ok(Some(mtype)),
        None => Err(scan.expected("the type of a message, a number")),
    }
}

/// `100`, `id {{creator.told.shmid}}`
fn segment(scan: &mut Scan<'_>, scope: &Scope) -> Result<SegmentName, Flaw> {
    if !scan.word("id") {
        return shm_key(scan).map(SegmentName::Key);
    }
    let text = scan
        .chunk()
        .ok_or_else(|| scan.expected("an identifier such as {{creator.told.shmid}}"))?;
    let at = scan.last();
    let name = template(text, scope, Use::Start)
        .map_err(|mut flaws| flaws.swap_remove(0).shifted(at.start))?;
    match name.as_text() {
        Some(number) if number.parse::<i32>().map_or(true, |id| id < 0) => Err(Flaw::new(
            at,
            format!("`{number}` is no identifier of a segment"),
        )),
        _ => Ok(SegmentName::Id(name)),
    }
}

fn shm_key(scan: &mut Scan<'_>) -> Result<i32, Flaw> {
    let text = scan.chunk().ok_or_else(|| scan.expected("a key"))?;
    key(text).map_err(|flaw| flaw.shifted(scan.last().start))
}
