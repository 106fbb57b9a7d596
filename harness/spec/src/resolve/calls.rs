//! Patterns of system calls: `shmget(100, 1024, IPC_CREAT|0644) >= 0`, `no accept()`, `every socket() has close()`.

use std::ops::Range;

use ipclab_evidence::{is_all_on_request, is_watched, unseen, watched_names};

use super::flaw::Flaw;
use super::scan::Scan;
use crate::names::{errnos, is_call, is_errno, nearest};
use crate::{ArgPattern, CallMatch, CallPattern, ResultPattern};

/// Reads one pattern. `everywhere`: names mean each such call, on whatever descriptor.
pub(crate) fn pattern(text: &str, everywhere: bool) -> Result<CallPattern, Flaw> {
    let mut scan = Scan::new(text);
    let pattern = if scan.word("no") {
        // What is not seen everywhere cannot be known not to be there.
        CallPattern::No(call(&mut scan, true)?)
    } else if scan.word("every") {
        let opener = call(&mut scan, everywhere)?;
        if !scan.word("has") {
            return Err(scan.expected("`has` and the call that must follow"));
        }
        // What is made out of sight is undone there, too.
        let closer = call(&mut scan, opener.everywhere)?;
        CallPattern::Every { opener, closer }
    } else {
        let first = call(&mut scan, everywhere)?;
        let mut all = vec![first];
        while scan.word("or") {
            all.push(call(&mut scan, everywhere)?);
        }
        match all.len() {
            1 => CallPattern::Has(all.remove(0)),
            _ => CallPattern::AnyOf(all),
        }
    };
    scan.end()?;
    Ok(pattern)
}

/// Checks the name of a call or family: whether it is one that is seen when it is made.
pub(crate) fn known_call(name: &str, at: Range<usize>) -> Result<(), Flaw> {
    if is_watched(name) {
        return Ok(());
    }
    if let Some(why) = unseen(name) {
        let message = format!("nothing tells whether a program calls {name}(): {why}");
        return Err(Flaw::new(at, message).help(
            "expect what comes of it; `ipclab spec calls` lists the calls that can be seen",
        ));
    }
    let meant = nearest(name, watched_names());
    if !is_call(name) {
        return Err(Flaw::new(at, format!("there is no system call `{name}`"))
            .suggest(meant)
            .help_if_none("only what enters the kernel can be seen: see syscalls(2)"));
    }
    let list = "`ipclab spec calls` lists the calls that are";
    let help = match meant {
        Some(meant) => format!("did you mean `{meant}`? {list}"),
        None => list.to_owned(),
    };
    Err(Flaw::new(
        at,
        format!("{name}() is not watched, so nothing tells whether a program calls it"),
    )
    .help(help))
}

fn call(scan: &mut Scan<'_>, everywhere: bool) -> Result<CallMatch, Flaw> {
    let Some(name) = scan.name() else {
        return Err(scan.expected("the name of a call"));
    };
    let named = scan.last();
    known_call(name, named)?;
    if !scan.sign("(") {
        return Err(scan
            .expected("`(`")
            .help(format!("write {name}() for a call with any arguments")));
    }
    let mut args = Vec::new();
    let mut open = false;
    if scan.sign(")") {
        open = true;
    } else {
        loop {
            if scan.sign("...") {
                open = true;
                if scan.sign(")") {
                    break;
                }
                return Err(scan.expected("`)`: `...` stands for all other arguments"));
            }
            args.push(argument(scan)?);
            if scan.sign(")") {
                break;
            }
            if !scan.sign(",") {
                return Err(scan.expected("`,` or `)`"));
            }
        }
    }
    Ok(CallMatch {
        name: name.to_owned(),
        args,
        open,
        result: result(scan)?,
        everywhere: everywhere || is_all_on_request(name),
        text: scan.text().to_owned(),
    })
}

fn argument(scan: &mut Scan<'_>) -> Result<ArgPattern, Flaw> {
    if let Some(text) = scan.quoted()? {
        return Ok(ArgPattern::Text(text));
    }
    if let Some(number) = scan.number()? {
        return if scan.peek_sign("|") {
            flags(scan, vec![scan.text()[scan.last()].to_owned()])
        } else {
            Ok(ArgPattern::Number(number))
        };
    }
    match scan.name() {
        Some("_") => Ok(ArgPattern::Any),
        Some(name) => flags(scan, vec![name.to_owned()]),
        None => Err(scan
            .expected("an argument")
            .help("an argument is `_`, a number, flags such as IPC_CREAT|0644, or a \"text\"")),
    }
}

fn flags(scan: &mut Scan<'_>, mut flags: Vec<String>) -> Result<ArgPattern, Flaw> {
    while scan.sign("|") {
        if scan.number()?.is_some() {
            flags.push(scan.text()[scan.last()].to_owned());
        } else if let Some(name) = scan.name() {
            flags.push(name.to_owned());
        } else if scan.sign("...") {
            return Ok(ArgPattern::FlagsAmong(flags));
        } else {
            return Err(scan
                .expected("a flag")
                .help("`...` stands for whatever other flags: MSG_PEEK|..."));
        }
    }
    Ok(ArgPattern::Flags(flags))
}

fn result(scan: &mut Scan<'_>) -> Result<Option<ResultPattern>, Flaw> {
    let compare = ["==", ">=", "<=", "=", ">", "<"]
        .into_iter()
        .find(|sign| scan.sign(sign));
    let Some(compare) = compare else {
        return Ok(None);
    };
    if let Some(number) = scan.number()? {
        // strace(1) writes `= -1 EINVAL`.
        if number == -1
            && matches!(compare, "=" | "==")
            && let Some(name) = scan.errno_name()
        {
            return errno(name, scan.last()).map(Some);
        }
        return Ok(Some(match compare {
            ">=" => ResultPattern::AtLeast(number),
            ">" => ResultPattern::AtLeast(number.saturating_add(1)),
            "<" => ResultPattern::Below(number),
            "<=" => ResultPattern::Below(number.saturating_add(1)),
            _ => ResultPattern::Is(number),
        }));
    }
    match scan.name() {
        Some(name) if matches!(compare, "=" | "==") => errno(name, scan.last()).map(Some),
        Some(_) => Err(Flaw::new(scan.last(), "an errno has no order").help("write `= EINVAL`")),
        None => Err(scan.expected("a number or an errno")),
    }
}

/// Checks the name of an errno.
pub(crate) fn errno(name: &str, at: Range<usize>) -> Result<ResultPattern, Flaw> {
    if is_errno(name) {
        Ok(ResultPattern::Errno(name.to_owned()))
    } else {
        Err(Flaw::new(at, format!("there is no errno `{name}`")).suggest(nearest(name, errnos())))
    }
}
