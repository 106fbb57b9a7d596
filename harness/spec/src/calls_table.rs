//! The calls that a spec can speak of, as a table: names, arguments, what can be injected, and where.

use ipclab_evidence::{
    ArgKind, Names, families, injectable, kernel_calls, needs_request, signature, watched_names,
};

/// A row of the table.
struct Row {
    name: String,
    /// The kernel's calls that it stands for, where they have other names.
    calls: String,
    /// Arguments that a pattern can ask for.
    arguments: String,
    /// What a fault can do.
    injected: String,
    /// Kinds of descriptors that a fault can name.
    on: String,
}

/// The table of `ipclab spec calls`. `*` marks what format 1 sees only in part without asking: see `specs/README.md`.
#[must_use]
pub fn calls_table() -> String {
    let mut names: Vec<&str> = watched_names().collect();
    names.sort_unstable();
    names.dedup();
    let head = ["NAME", "KERNEL CALLS", "ARGUMENTS", "FAULTS", "ON"];
    let rows = names.iter().map(|name| {
        let row = row(name);
        [row.name, row.calls, row.arguments, row.injected, row.on]
    });
    let rows: Vec<[String; 5]> = [head.map(str::to_owned)].into_iter().chain(rows).collect();
    let width = |at: usize| rows.iter().map(|row| row[at].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut table = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths);
        let line: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        table.push_str(line.join("  ").trim_end());
        table.push('\n');
    }
    table
}

fn row(name: &str) -> Row {
    let calls: Vec<&str> = kernel_calls(name).collect();
    let is_family = families().any(|family| family == name);
    let possible = injectable(name);
    let mut injected = Vec::new();
    if possible.fails {
        injected.extend(["ERRNO", "SIGNAL"]);
    }
    if possible.moves_fewer {
        injected.push("at most");
    }
    let on: Vec<&str> = possible.on.iter().map(|kind| kind.name()).collect();
    Row {
        name: format!("{name}{}", if needs_request(name) { "*" } else { "" }),
        calls: if is_family {
            calls.join(" ")
        } else {
            String::new()
        },
        arguments: arguments(name, &calls),
        injected: injected.join(" "),
        on: on.join(" "),
    }
}

/// What stands between the parentheses of a pattern: as the C function of that name has it.
fn arguments(name: &str, calls: &[&str]) -> String {
    let own = calls.iter().find(|call| **call == name);
    let Some(kinds) = own.or(calls.first()).and_then(|call| signature(call)) else {
        return String::new();
    };
    let words: Vec<&str> = kinds.iter().map(|kind| word(*kind)).collect();
    format!("({})", words.join(", "))
}

fn word(kind: ArgKind) -> &'static str {
    match kind {
        ArgKind::Fd => "fd",
        ArgKind::Int | ArgKind::Size | ArgKind::PollMillis => "number",
        ArgKind::Hex => "0xBITS",
        ArgKind::Octal | ArgKind::Mode => "mode",
        ArgKind::Key => "key",
        ArgKind::Id => "id",
        ArgKind::Signal => "SIGNAL",
        ArgKind::Path => "\"path\"",
        ArgKind::Address => "address",
        ArgKind::Buffer => "\"bytes\"",
        ArgKind::Flags(Names::Family) => "AF_*",
        ArgKind::Flags(Names::SocketType) => "SOCK_*",
        ArgKind::Flags(Names::Message) => "MSG_*",
        ArgKind::Flags(Names::Shutdown) => "SHUT_*",
        ArgKind::Flags(Names::OptionLevel) => "SOL_*",
        ArgKind::Flags(Names::SocketOption) => "SO_*",
        ArgKind::Flags(Names::TcpOption) => "TCP_*",
        ArgKind::Flags(Names::IpcGet) => "IPC_*|mode",
        ArgKind::Flags(Names::Attach) => "SHM_*",
        ArgKind::Flags(Names::Control) => "IPC_*",
        ArgKind::Flags(Names::Open) => "O_*",
        ArgKind::SocketOption => "SO_*",
        ArgKind::FdPair
        | ArgKind::Pointer
        | ArgKind::NewAddress
        | ArgKind::OutBuffer
        | ArgKind::Iovec
        | ArgKind::Message
        | ArgKind::Messages
        | ArgKind::Timespec
        | ArgKind::Timeval
        | ArgKind::SemOps
        | ArgKind::ClockFlags => "_",
    }
}
