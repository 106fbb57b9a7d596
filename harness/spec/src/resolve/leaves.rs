//! What may and must be left behind.

use ipclab_evidence::ServedPart;

use super::context::Context;
use super::endpoint::{endpoint, key};
use super::flaw::Flaw;
use super::template::{Scope, Use, template};
use crate::names::nearest;
use crate::raw::{Many, RawLeaves};
use crate::{Hole, Leaves, Leftover, Named, Part};

/// Resolves the table; silence means that nothing may be left.
pub(crate) fn leaves(raw: Option<&RawLeaves>, context: &mut Context<'_>) -> Leaves {
    let mut list = |many: Option<&Many>| -> Vec<Leftover> {
        many.into_iter()
            .flat_map(|many| &many.items)
            .filter_map(|item| {
                let scope = context.scope.clone();
                context.read(item, |text| leftover(text, &scope))
            })
            .collect()
    };
    Leaves {
        may: list(raw.and_then(|raw| raw.may.as_ref())),
        must: list(raw.and_then(|raw| raw.must.as_ref())),
    }
}

fn leftover(text: &str, scope: &Scope) -> Result<Leftover, Flaw> {
    let all = 0..text.len();
    if text.contains("{{") {
        return served(text, scope);
    }
    if text == "process" {
        return Ok(Leftover::Process);
    }
    if text.starts_with('/') {
        return Ok(Leftover::Path(text.to_owned()));
    }
    let Some((kind, rest)) = text.split_once(':') else {
        return Err(Flaw::new(all, format!("`{text}` is nothing that can be left behind"))
            .suggest(nearest(text, ["process"]))
            .help_if_none("write a path, shm:100, sem:100, msg:100, posix-shm:/name, posix-mq:/name, tcp:12345 or process"));
    };
    let at = kind.len() + 1;
    let ipc = || match rest {
        "private" => Ok(Named::Private),
        "any" => Ok(Named::Any),
        _ => key(rest).map(Named::Key).map_err(|flaw| flaw.shifted(at)),
    };
    match kind {
        "shm" => ipc().map(Leftover::Shm),
        "sem" => ipc().map(Leftover::Sem),
        "msg" => ipc().map(Leftover::Msg),
        "posix-shm" if rest.starts_with('/') => Ok(Leftover::PosixShm(rest.to_owned())),
        "posix-shm" => Err(Flaw::new(
            at..text.len(),
            "the name of POSIX shared memory starts with `/`",
        )),
        "posix-mq" if rest.starts_with('/') => Ok(Leftover::PosixQueue(rest.to_owned())),
        "posix-mq" => Err(Flaw::new(
            at..text.len(),
            "the name of a POSIX message queue starts with `/`",
        )),
        "tcp" | "udp" => endpoint(text).map(Leftover::Port),
        "unix" => Err(
            Flaw::new(all, "a socket file that is left is named by its path alone")
                .help(format!("write \"{rest}\"")),
        ),
        _ => {
            let known = ["shm", "sem", "msg", "posix-shm", "posix-mq", "tcp", "udp"];
            Err(Flaw::new(
                0..kind.len(),
                format!("there is no `{kind}` that could be left behind"),
            )
            .suggest(nearest(kind, known))
            .help_if_none(&format!(
                "known here: a path, process, {}",
                known.join(", ")
            )))
        }
    }
}

/// `{{server.listens.path}}`: the file of the socket at which an actor serves.
fn served(text: &str, scope: &Scope) -> Result<Leftover, Flaw> {
    let read = template(text, scope, Use::Expected).map_err(|mut flaws| flaws.swap_remove(0))?;
    match read.parts.as_slice() {
        [
            Part::Hole(Hole::Listens {
                actor,
                part: ServedPart::Path,
            }),
        ] => Ok(Leftover::Served(actor.clone())),
        _ => Err(Flaw::new(
            0..text.len(),
            "of what is left, only the file of a socket can be filled in",
        )
        .help("write \"{{server.listens.path}}\" alone")),
    }
}
