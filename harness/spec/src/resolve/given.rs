//! What is there before the first actor starts: files, segments, semaphores, names of hosts.

use std::net::IpAddr;

use super::context::Context;
use super::number::natural;
use super::shm::{fits, unique_key};
use super::template::Use;
use crate::diagnostic::Diagnostics;
use crate::raw::{
    At, FileForm, Keyed, Many, RawGiven, RawGivenFile, RawGivenMsg, RawGivenSem, RawGivenShm,
};
use crate::{
    Given, GivenFile, GivenKind, GivenMessage, GivenQueue, GivenSegment, GivenSemaphores, Template,
};

/// Resolves the table. `everywhere`: in the language's second version.
pub(crate) fn given(raw: Option<&RawGiven>, everywhere: bool, context: &mut Context<'_>) -> Given {
    let Some(raw) = raw else {
        return Given::default();
    };
    let mut given = Given::default();
    for (path, form) in raw.files.iter().flat_map(Keyed::iter) {
        let file = file(path, form, everywhere, &given.files, context);
        given.files.extend(file);
    }
    let mut seen = Vec::new();
    for (name, segment) in raw.shm.iter().flat_map(Keyed::iter) {
        if let Some(key) = unique_key(name, "segment", &mut seen, context) {
            given.shm.extend(self::segment(key, segment, context));
        }
    }
    let mut seen = Vec::new();
    for (name, set) in raw.sem.iter().flat_map(Keyed::iter) {
        if let Some(key) = unique_key(name, "semaphore set", &mut seen, context) {
            given.sem.extend(semaphores(key, set, context));
        }
    }
    let mut seen = Vec::new();
    for (name, queue) in raw.msg.iter().flat_map(Keyed::iter) {
        if let Some(key) = unique_key(name, "message queue", &mut seen, context) {
            given.msg.push(self::queue(key, queue, context));
        }
    }
    given.posix_sem = super::posix::given_semaphores(raw, context);
    given.posix_mq = super::posix::given(raw, context);
    if let Some(number) = &raw.descriptors {
        match u32::try_from(number.value) {
            Ok(below) if (3..=DESCRIPTORS_MAX).contains(&below) => given.descriptors = below,
            _ => {
                context.diagnostics.error(
                    &number.span,
                    format!(
                        "programs start with the descriptors below 3 to {DESCRIPTORS_MAX} open"
                    ),
                );
            }
        }
    }
    given.hosts = hosts(raw.hosts.as_ref(), context.diagnostics);
    given
}

/// Lines of the hosts file.
pub(crate) fn hosts(
    raw: Option<&Keyed<Many>>,
    diagnostics: &mut Diagnostics,
) -> Vec<(String, IpAddr)> {
    let mut hosts = Vec::new();
    for (names, addresses) in raw.into_iter().flat_map(Keyed::iter) {
        for address in &addresses.items {
            match address.value.parse() {
                Ok(ip) => hosts.push((names.value.clone(), ip)),
                Err(_) => {
                    diagnostics.error(
                        &address.span,
                        format!("`{}` is no IP address", address.value),
                    );
                }
            }
        }
        if addresses.items.is_empty() {
            diagnostics
                .error(&addresses.span, "this host has no address")
                .consequence();
        }
        let mut each = names.value.split(' ');
        if each.any(|name| {
            name.is_empty()
                || name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '#')
        }) {
            diagnostics
                .error(&names.span, "this is no name of a host")
                .help("several names of one host stand with one blank between them");
        }
    }
    hosts
}

fn file(
    path: &At<String>,
    form: &FileForm,
    everywhere: bool,
    before: &[GivenFile],
    context: &mut Context<'_>,
) -> Option<GivenFile> {
    let absolute = path.value.starts_with('/') && path.value.len() > 1;
    if !absolute || path.value.contains('\0') || path.value.split('/').any(|part| part == "..") {
        context.diagnostics.error(
            &path.span,
            format!(
                "`{}` is no absolute path of a file",
                path.value.escape_debug()
            ),
        );
        return None;
    }
    let (kind, mode, size) = match form {
        FileForm::Word(word) => {
            let kind = match word.value.as_str() {
                "stale socket" => GivenKind::StaleSocket,
                "directory" => GivenKind::Directory,
                // In the first version of the language it is a text like any other.
                "fifo" if everywhere => GivenKind::Fifo,
                _ => GivenKind::Text(context.template(word, Use::Input)),
            };
            (kind, None, None)
        }
        FileForm::Table(table) if table.target.is_some() || table.link.is_some() => {
            (link(table, before, context)?, None, None)
        }
        FileForm::Table(table) => (
            GivenKind::Text(file_text(table, context)),
            table.mode.as_ref().map(|mode| mode.0.value),
            table
                .size
                .as_ref()
                .and_then(|size| file_size(size, context)),
        ),
    };
    Some(GivenFile {
        path: path.value.clone(),
        kind,
        mode,
        size,
    })
}

/// The most bytes that a given file may have, holes included.
const FILE_MAX: u64 = 1 << 30;

/// What a given file holds. One with a size may hold nothing but a hole.
fn file_text(table: &RawGivenFile, context: &mut Context<'_>) -> Template {
    let Some(text) = &table.text else {
        if table.lacks("text") && table.size.is_none() {
            context
                .diagnostics
                .error(&table.span, "this file has no `text`")
                .help("an empty one is text = \"\"")
                .consequence();
        }
        return Template::default();
    };
    let template = context.template(text, Use::Input);
    if let Some(size) = table
        .size
        .as_ref()
        .and_then(|size| u64::try_from(size.value).ok())
    {
        fits("file", text, &template, Some(size), context);
    }
    template
}

fn file_size(size: &At<i64>, context: &mut Context<'_>) -> Option<u64> {
    let bytes = natural(size, context)?;
    if bytes > FILE_MAX {
        context.diagnostics.error(
            &size.span,
            format!("a given file has at most {FILE_MAX} bytes"),
        );
    }
    Some(bytes)
}

/// A symbolic link, or another name of a file that stands above.
fn link(
    table: &RawGivenFile,
    before: &[GivenFile],
    context: &mut Context<'_>,
) -> Option<GivenKind> {
    let more = [
        table.text.as_ref().map(|text| &text.span),
        table.size.as_ref().map(|size| &size.span),
        table.mode.as_ref().map(|mode| &mode.0.span),
        table
            .link
            .as_ref()
            .map(|link| &link.span)
            .filter(|_| table.target.is_some()),
    ];
    if let Some(more) = more.into_iter().flatten().next() {
        context
            .diagnostics
            .error(more, "a link has nothing of its own")
            .help("say where it leads, by `target` (a symbolic link) or by `link` (a hard link), and nothing else");
    }
    if let Some(target) = &table.target {
        if target.value.is_empty() || target.value.contains('\0') {
            context.diagnostics.error(&target.span, "this is no path");
        }
        return Some(GivenKind::Symlink(target.value.clone()));
    }
    let of = table.link.as_ref()?;
    let known = before
        .iter()
        .any(|file| file.path == of.value && matches!(file.kind, GivenKind::Text(_)));
    if !known {
        context
            .diagnostics
            .error(
                &of.span,
                format!("no file `{}` is given before it", of.value.escape_debug()),
            )
            .help("a hard link is another name of a file that stands above it; a symbolic link to whatever path is target = \"...\"");
    }
    Some(GivenKind::HardLink(of.value.clone()))
}

fn segment(key: i32, raw: &RawGivenShm, context: &mut Context<'_>) -> Option<GivenSegment> {
    let Some(size) = &raw.size else {
        if raw.lacks("size") {
            context
                .diagnostics
                .error(&raw.span, "this segment has no `size`")
                .consequence();
        }
        return None;
    };
    let bytes = natural(size, context)?;
    if bytes == 0 || bytes > SEGMENT_MAX {
        context.diagnostics.error(
            &size.span,
            format!("a segment has 1 to {SEGMENT_MAX} bytes"),
        );
    }
    let holds = match &raw.holds {
        Some(holds) => {
            let template = context.template(holds, Use::Input);
            fits("segment", holds, &template, Some(bytes), context);
            template
        }
        None => Template::default(),
    };
    let foreign = raw.owner.as_ref().is_some_and(|owner| {
        if owner.value != "other" {
            context
                .diagnostics
                .error(&owner.span, format!("`{}` is no owner", owner.value))
                .help("\"other\" is a user who is not the actors'; leave it out for their own");
        }
        owner.value == "other"
    });
    Some(GivenSegment {
        key,
        size: bytes,
        mode: raw.mode.as_ref().map_or(0o600, |mode| mode.0.value),
        holds,
        foreign,
    })
}

/// So that some are left below the most that a case may ask for.
const DESCRIPTORS_MAX: u32 = 4000;

/// A gibibyte: more is no lab's matter.
const SEGMENT_MAX: u64 = 1 << 30;

fn queue(key: i32, raw: &RawGivenMsg, context: &mut Context<'_>) -> GivenQueue {
    let mut messages = Vec::new();
    for message in raw.messages.iter().flat_map(|items| &items.0) {
        let mtype = message.mtype.as_ref().map_or(1, |mtype| mtype.value);
        if let Some(at) = message.mtype.as_ref().filter(|mtype| mtype.value < 1) {
            context
                .diagnostics
                .error(&at.span, "the type of a message is more than 0");
        }
        let Some(text) = &message.text else {
            if message.lacks("text") {
                context
                    .diagnostics
                    .error(&message.span, "this message has no `text`")
                    .consequence();
            }
            continue;
        };
        messages.push(GivenMessage {
            mtype,
            text: context.template(text, Use::Input),
        });
    }
    GivenQueue {
        key,
        messages,
        mode: raw.mode.as_ref().map_or(0o600, |mode| mode.0.value),
    }
}

fn semaphores(key: i32, raw: &RawGivenSem, context: &mut Context<'_>) -> Option<GivenSemaphores> {
    let Some(values) = raw.values.as_ref().filter(|values| !values.0.is_empty()) else {
        if raw.lacks("values") {
            context
                .diagnostics
                .error(&raw.span, "this semaphore set has no `values`")
                .help("a set with one semaphore of value 1 is values = [1]")
                .consequence();
        }
        return None;
    };
    let mut set = Vec::new();
    for value in &values.0 {
        // SEMVMX of semctl(2).
        match u16::try_from(value.value)
            .ok()
            .filter(|value| *value <= 32767)
        {
            Some(value) => set.push(value),
            None => {
                context
                    .diagnostics
                    .error(&value.span, "a semaphore's value is 0 to 32767");
            }
        }
    }
    Some(GivenSemaphores {
        key,
        values: set,
        mode: raw.mode.as_ref().map_or(0o600, |mode| mode.0.value),
    })
}
