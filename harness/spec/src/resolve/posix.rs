//! POSIX semaphores and message queues: what is given, and what must be true of them after the last actor ended.

use super::context::Context;
use super::number::count;
use super::said::is_said;
use super::template::Use;
use crate::raw::{At, Keyed, RawCase, RawGiven, RawGivenPosixMq};
use crate::{GivenPosixQueue, GivenPosixSem, GivenUrgentMessage, PosixQueueState, PosixSemState};

/// `SEM_VALUE_MAX` of `sem_post(3)`.
const VALUE_MAX: i64 = i32::MAX as i64;

/// What every user may ask for, `mq_overview(7)`: more needs rights that a box does not have.
const MAXMSG: i64 = 10;
const MSGSIZE: i64 = 8_192;

/// `MQ_PRIO_MAX` of `mq_send(3)` is one more.
const PRIORITY_MAX: i64 = 32_767;

/// What must be true of semaphores.
pub(crate) fn semaphores(raw: &RawCase, context: &mut Context<'_>) -> Vec<PosixSemState> {
    let mut states = Vec::new();
    for (name, raw) in raw.posix_sem.iter().flat_map(Keyed::iter) {
        // In `/dev/shm` it is `sem.` longer.
        if !is_name(name, "semaphore", 251, context) {
            continue;
        }
        let says_more = raw.value.is_some() || raw.mode.is_some() || !raw.unread.is_empty();
        let keys = "exists, value or mode";
        is_said(&raw.exists, says_more, &raw.span, keys, context);
        states.push(PosixSemState {
            name: name.value.clone(),
            exists: raw.exists.as_ref().map(|exists| exists.value),
            value: number(
                raw.value.as_ref(),
                0,
                VALUE_MAX,
                "a semaphore's value",
                context,
            )
            .and_then(|value| u32::try_from(value).ok()),
            mode: raw.mode.as_ref().map(|mode| mode.0.value),
        });
    }
    states
}

/// What must be true of queues.
pub(crate) fn queues(raw: &RawCase, context: &mut Context<'_>) -> Vec<PosixQueueState> {
    let mut states = Vec::new();
    for (name, raw) in raw.posix_mq.iter().flat_map(Keyed::iter) {
        if !is_name(name, "message queue", 255, context) {
            continue;
        }
        let says_more = raw.messages.is_some()
            || raw.holds.is_some()
            || raw.maxmsg.is_some()
            || raw.msgsize.is_some()
            || raw.mode.is_some()
            || !raw.unread.is_empty();
        let keys = "exists, messages, holds, maxmsg, msgsize or mode";
        is_said(&raw.exists, says_more, &raw.span, keys, context);
        states.push(PosixQueueState {
            name: name.value.clone(),
            exists: raw.exists.as_ref().map(|exists| exists.value),
            messages: raw.messages.as_ref().and_then(|form| count(form, context)),
            holds: raw
                .holds
                .as_ref()
                .map(|many| context.templates(&many.items, Use::Expected)),
            maxmsg: number(raw.maxmsg.as_ref(), 1, i64::MAX, "`maxmsg`", context),
            msgsize: number(raw.msgsize.as_ref(), 1, i64::MAX, "`msgsize`", context),
            mode: raw.mode.as_ref().map(|mode| mode.0.value),
        });
    }
    states
}

/// The semaphores that are there before the first actor starts.
pub(crate) fn given_semaphores(raw: &RawGiven, context: &mut Context<'_>) -> Vec<GivenPosixSem> {
    let mut given = Vec::new();
    for (name, raw) in raw.posix_sem.iter().flat_map(Keyed::iter) {
        if !is_name(name, "semaphore", 251, context) {
            continue;
        }
        if raw.value.is_none() && raw.lacks("value") {
            context
                .diagnostics
                .error(&raw.span, "this semaphore has no `value`")
                .consequence();
        }
        let value = raw.value.as_ref();
        let value = number(value, 0, VALUE_MAX, "a semaphore's value", context);
        given.push(GivenPosixSem {
            name: name.value.clone(),
            value: value.and_then(|it| u32::try_from(it).ok()).unwrap_or(0),
            mode: raw.mode.as_ref().map_or(0o600, |mode| mode.0.value),
        });
    }
    given
}

/// The queues that are there before the first actor starts.
pub(crate) fn given(raw: &RawGiven, context: &mut Context<'_>) -> Vec<GivenPosixQueue> {
    let mut given = Vec::new();
    for (name, raw) in raw.posix_mq.iter().flat_map(Keyed::iter) {
        if is_name(name, "message queue", 255, context) {
            given.push(given_queue(name, raw, context));
        }
    }
    given
}

fn given_queue(
    name: &At<String>,
    raw: &RawGivenPosixMq,
    context: &mut Context<'_>,
) -> GivenPosixQueue {
    let size = |size: Option<&At<i64>>, most, what, context: &mut Context<'_>| {
        number(size, 1, most, what, context).unwrap_or(most.unsigned_abs())
    };
    let maxmsg = size(
        raw.maxmsg.as_ref(),
        MAXMSG,
        "`maxmsg` of a given queue",
        context,
    );
    let msgsize = size(
        raw.msgsize.as_ref(),
        MSGSIZE,
        "`msgsize` of a given queue",
        context,
    );
    let mut messages = Vec::new();
    for message in raw.messages.iter().flat_map(|items| &items.0) {
        let Some(text) = &message.text else {
            if message.lacks("text") {
                context
                    .diagnostics
                    .error(&message.span, "this message has no `text`")
                    .consequence();
            }
            continue;
        };
        let priority = message.priority.as_ref();
        let priority = number(priority, 0, PRIORITY_MAX, "a message's priority", context);
        let template = context.template(text, Use::Input);
        super::shm::fits("message", text, &template, Some(msgsize), context);
        messages.push(GivenUrgentMessage {
            priority: priority.and_then(|it| u32::try_from(it).ok()).unwrap_or(0),
            text: template,
        });
    }
    if messages.len() as u64 > maxmsg {
        context.diagnostics.error(
            &name.span,
            format!(
                "these {} messages do not fit into a queue with room for {maxmsg}",
                messages.len()
            ),
        );
    }
    GivenPosixQueue {
        name: name.value.clone(),
        maxmsg,
        msgsize,
        messages,
        mode: raw.mode.as_ref().map_or(0o600, |mode| mode.0.value),
    }
}

/// `/name`, as `mq_open(3)` and `sem_open(3)` want it.
fn is_name(name: &At<String>, what: &str, most: usize, context: &mut Context<'_>) -> bool {
    let rest = name.value.strip_prefix('/');
    let well = rest.is_some_and(|rest| {
        (1..=most).contains(&rest.len())
            && !rest.contains(['/', '\0'])
            && ![".", ".."].contains(&rest)
    });
    if !well {
        context
            .diagnostics
            .error(&name.span, format!("this is no name of a POSIX {what}"))
            .help("it is a slash and a name without one: \"/jobs\"");
    }
    well
}

fn number(
    number: Option<&At<i64>>,
    least: i64,
    most: i64,
    what: &str,
    context: &mut Context<'_>,
) -> Option<u64> {
    let number = number?;
    if !(least..=most).contains(&number.value) {
        let text = match most {
            i64::MAX => format!("{what} is at least {least}"),
            _ => format!("{what} is {least} to {most}"),
        };
        context.diagnostics.error(&number.span, text);
        return None;
    }
    u64::try_from(number.value).ok()
}
