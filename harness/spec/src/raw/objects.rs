//! Tables about the kernel's objects: processes, descriptors, files.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{At, CopiesForm, ExitForm, Items, Many, ModeForm, Read, wrong_kind};
use crate::diagnostic::Diagnostics;
use crate::tree::{Node, Span, Value};

super::tables! {
    /// What must be true of an actor's processes.
    #[schemars(rename = "Processes")]
    RawProcesses {
        /// The actor; left out: the student's, where there is one only.
        actor: At<String>,
        /// How many processes it is in all, the first included; threads are none.
        total: CountForm,
        /// How many processes its first one makes.
        children: CountForm,
        /// How many threads are made beside the first of each process.
        threads: CountForm,
        /// Threads that a process has neither joined nor detached when it ends by itself.
        unjoined: CountForm,
        /// Children that had ended and that their parent never waited for.
        zombies: CountForm,
        /// Children that were alive when their parent ended.
        orphans: CountForm,
        /// How the children of its first process end, in any order: statuses, "failure", "any" or names of signals.
        ends: Items<ExitForm>,
        /// Programs that its processes start, in any order, each with its arguments: "ls -l /tmp".
        runs: Many,
        /// What each of these programs finds in its environment, or every program that its processes start where there are none:
        /// "NAME=value", or "no NAME".
        environment: Many,
    }

    /// What an actor's processes may have open beside stdin, stdout and stderr.
    #[schemars(rename = "Descriptors")]
    RawDescriptors {
        /// The actor; left out: the student's, where there is one only.
        actor: At<String>,
        /// What is counted: "any", "pipes", "read ends", "write ends", "files", "sockets", or "passed", what the process has sent to
        /// another one over a Unix socket; left out: "any".
        #[schemars(extend("enum" = ["any", "pipes", "read ends", "write ends", "files", "sockets", "passed"]))]
        of: At<String>,
        /// What a program that a process starts is left with.
        at_exec: CountForm,
        /// What a process has open when it waits for a child.
        at_wait: CountForm,
        /// What a process still has open when it ends by itself.
        at_end: CountForm,
        /// What its processes send to others over Unix sockets, SCM_RIGHTS.
        passes: CountForm,
        /// What its processes receive from others so.
        receives: CountForm,
    }

    /// What an actor's processes map, by mmap(), of files and of memory that is shared. What a process has from the one that forked it is
    /// not counted, and neither is what the C library maps.
    #[schemars(rename = "Mappings")]
    RawMappings {
        /// The actor; left out: the student's, where there is one only.
        actor: At<String>,
        /// What is counted: "any", "files", "anonymous" (memory that is shared and has no name), or one file by its path,
        /// "/tmp/data", "./data"; left out: "any".
        of: At<String>,
        /// How many are mapped for sharing at some time, MAP_SHARED: others see what is written there.
        shared: CountForm,
        /// How many files are mapped as a copy at some time, MAP_PRIVATE: no other process sees what is written there.
        private: CountForm,
        /// How many are mapped at some time so that they can be written.
        writable: CountForm,
        /// Bytes of one of them that a process has mapped at once, at the most; what is mapped is whole pages.
        at_once: CountForm,
        /// How many a process still has mapped when it waits for a child, in whole or in part.
        at_wait: CountForm,
        /// How many a process still has mapped when it ends by itself.
        at_end: CountForm,
    }

    /// What an actor does with signals. Each is a list of names, or one name.
    #[schemars(rename = "Signals")]
    RawSignals {
        /// The actor; left out: the student's, where there is one only.
        actor: At<String>,
        /// When it is looked at what it does with them: "exec" (each program that it starts), "wait" (each wait for a child), "end"
        /// (its first process ends by itself); left out: it is enough at some time.
        #[schemars(extend("enum" = ["exec", "wait", "end"]))]
        at: At<String>,
        /// It has a handler for them.
        catches: Many,
        /// It ignores them.
        ignores: Many,
        /// It blocks them.
        blocks: Many,
        /// It does none of the three: the kernel does what it does by default.
        defaults: Many,
        /// They come, and it takes them: by a handler, sigwait() or a signalfd.
        receives: Many,
        /// "safe": its handlers call no function of the C library that is not async-signal-safe, printf() or malloc().
        #[schemars(extend("enum" = ["safe"]))]
        handlers: At<String>,
    }

    /// What must be true of a file after the last actor ended.
    #[schemars(rename = "File")]
    RawFile {
        /// false: there must be none.
        exists: At<bool>,
        /// What it is.
        #[schemars(extend("enum" = ["file", "directory", "link", "fifo", "socket"]))]
        kind: At<String>,
        /// What it holds, from its first byte to its last.
        holds: At<String>,
        /// It holds the same as this file.
        same_as: At<String>,
        /// Bytes.
        size: CountForm,
        /// Permission bits: "0644".
        mode: ModeForm,
        /// Names that lead to it.
        links: CountForm,
        /// Blocks of 512 bytes that it takes.
        blocks: CountForm,
        /// Whether it takes fewer bytes than its size.
        holes: At<bool>,
        /// Where a symbolic link leads.
        target: At<String>,
        /// "writes": each write to it is made under a lock of this file that excludes others. "all": each read, too, under a
        /// lock of either kind.
        #[schemars(extend("enum" = ["writes", "all"]))]
        locked: At<String>,
        /// true: the students' programs read this directory's entries to their end. false: they read none of them.
        walked: At<bool>,
        /// "own": it belongs to the user who runs the program.
        #[schemars(extend("enum" = ["own", "other"]))]
        owner: At<String>,
    }

    /// State of a semaphore set.
    #[schemars(rename = "Sem")]
    RawSem {
        /// When: "server waits", "5s" of the case's clock; left out: after the last actor ended.
        after: At<String>,
        /// false: there must be none.
        exists: At<bool>,
        /// The value of each of its semaphores.
        values: Items<At<i64>>,
        /// Permission bits: "0644".
        mode: ModeForm,
    }

    /// State of a message queue.
    #[schemars(rename = "Msg")]
    RawMsg {
        /// When: "server waits", "5s" of the case's clock; left out: after the last actor ended.
        after: At<String>,
        /// false: there must be none.
        exists: At<bool>,
        /// How many messages wait in it.
        messages: CountForm,
        /// What they say, in their order.
        holds: Many,
        /// Permission bits: "0644".
        mode: ModeForm,
    }

    /// State of a POSIX named semaphore.
    #[schemars(rename = "PosixSem")]
    RawPosixSem {
        /// false: there must be none.
        exists: At<bool>,
        /// Its value.
        #[schemars(range(min = 0))]
        value: At<i64>,
        /// Permission bits: "0644".
        mode: ModeForm,
    }

    /// State of a POSIX message queue.
    #[schemars(rename = "PosixMq")]
    RawPosixMq {
        /// false: there must be none.
        exists: At<bool>,
        /// How many messages wait in it.
        messages: CountForm,
        /// What they say, in the order in which they would be received: the most urgent first.
        holds: Many,
        /// The most messages that it holds.
        #[schemars(range(min = 1))]
        maxmsg: At<i64>,
        /// The most bytes of a message.
        #[schemars(range(min = 1))]
        msgsize: At<i64>,
        /// Permission bits: "0644".
        mode: ModeForm,
    }

    /// A number that is not one but a range.
    #[schemars(rename = "Range")]
    RawRange {
        /// Not fewer.
        at_least: CopiesForm,
        /// Not more.
        at_most: CopiesForm,
    }
}

/// A number, a variable, or a range: `4`, `"{{n}}"`, `{ at_least = 1 }`.
#[derive(Clone, Debug)]
pub(crate) enum CountForm {
    Exactly(CopiesForm),
    Range(RawRange),
}

impl CountForm {
    pub(crate) fn span(&self) -> &Span {
        match self {
            Self::Exactly(number) => number.span(),
            Self::Range(range) => &range.span,
        }
    }
}

impl CopiesForm {
    pub(crate) fn span(&self) -> &Span {
        match self {
            Self::Number(number) => &number.span,
            Self::Template(text) => &text.span,
        }
    }
}

impl Read for CountForm {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Int(..) | Value::Text(_) => {
                CopiesForm::read(node, diagnostics).map(Self::Exactly)
            }
            Value::Table(_) => RawRange::read(node, diagnostics).map(Self::Range),
            _ => {
                wrong_kind(node, "a number, or { at_least = 1 }", diagnostics);
                None
            }
        }
    }
}

impl JsonSchema for CountForm {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Count".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "integer", "minimum": 0 },
            { "type": "string" },
            generator.subschema_for::<RawRange>()
        ] })
    }
}

/// One table, or a list of them.
#[derive(Clone, Debug)]
pub(crate) struct Tables<T>(pub(crate) Vec<T>);

impl<T: Read> Read for Tables<T> {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Table(_) => T::read(node, diagnostics).map(|one| Self(vec![one])),
            Value::List(_) => Items::read(node, diagnostics).map(|items| Self(items.0)),
            _ => {
                wrong_kind(node, "a table", diagnostics);
                None
            }
        }
    }
}

impl<T: JsonSchema> JsonSchema for Tables<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("TablesOf{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            generator.subschema_for::<T>(),
            { "type": "array", "items": generator.subschema_for::<T>() }
        ] })
    }
}
