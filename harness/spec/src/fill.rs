//! Filling: a case with the values of one run in the places of its variables.

use std::collections::BTreeMap;

use crate::{
    Action, Actor, Amount, Case, CommandLine, Count, Data, Descriptors, EnvironmentRule,
    FileExpectation, GivenFile, GivenKind, GivenMessage, GivenPosixQueue, GivenQueue, GivenSegment,
    GivenUrgentMessage, MappingsExpectation, MsgState, Objects, OutputExpectation, Player,
    PosixQueueState, Processes, SegmentName, ShmState, Step, Template, TranscriptLine, Wanted,
    Wire, escaped_for_regex,
};

/// The values of one run by name; `fault.call` and `fault.message` are names, too.
type Values = BTreeMap<String, String>;

impl Case {
    /// The same case with these values filled in, wherever it has templates. Names without a value stay holes; so do
    /// the holes that only the trace can fill. `fault.call` and `fault.message` may be among the names.
    #[must_use]
    pub fn filled(&self, values: &BTreeMap<String, String>) -> Self {
        Self {
            actors: self.actors.iter().map(|one| actor(one, values)).collect(),
            wire: self.wire.iter().map(|one| wire(one, values)).collect(),
            shm: self
                .shm
                .iter()
                .map(|one| ShmState {
                    size: one.size.as_ref().map(|size| count(size, values)),
                    attached: one
                        .attached
                        .as_ref()
                        .map(|attached| count(attached, values)),
                    holds: one.holds.as_ref().map(|holds| holds.with(values)),
                    ..one.clone()
                })
                .collect(),
            objects: objects(&self.objects, values),
            given: crate::Given {
                files: self
                    .given
                    .files
                    .iter()
                    .map(|one| file(one, values))
                    .collect(),
                shm: self
                    .given
                    .shm
                    .iter()
                    .map(|one| GivenSegment {
                        holds: one.holds.with(values),
                        ..one.clone()
                    })
                    .collect(),
                msg: self
                    .given
                    .msg
                    .iter()
                    .map(|one| queue(one, values))
                    .collect(),
                posix_mq: self
                    .given
                    .posix_mq
                    .iter()
                    .map(|one| posix_queue(one, values))
                    .collect(),
                ..self.given.clone()
            },
            ..self.clone()
        }
    }
}

impl Case {
    /// Every template of the case.
    pub(crate) fn templates(&self) -> Vec<&Template> {
        let mut found: Vec<&Template> = Vec::new();
        for actor in &self.actors {
            found.push(&actor.copies);
            found.extend(&actor.stdin);
            match &actor.player {
                Player::Student { args, .. } | Player::Reference { args, .. } => found.extend(args),
                Player::Peer { steps } => found.extend(steps.iter().flat_map(Step::templates)),
            }
            for expectation in actor.stdout.iter().chain(&actor.stderr) {
                match expectation {
                    OutputExpectation::Transcript(lines) => {
                        found.extend(lines.iter().filter_map(|line| match line {
                            TranscriptLine::Elided => None,
                            TranscriptLine::Line(template) => Some(template),
                        }));
                    }
                    OutputExpectation::Lines(texts)
                    | OutputExpectation::AnyOrder(texts)
                    | OutputExpectation::Contains(texts)
                    | OutputExpectation::AnyOf(texts)
                    | OutputExpectation::Lacks(texts)
                    | OutputExpectation::Regex(texts) => found.extend(texts),
                }
            }
        }
        for amount in self
            .wire
            .iter()
            .flat_map(|wire| wire.sent.iter().chain(&wire.received))
        {
            match amount {
                Amount::Bytes(template) => found.push(template),
                Amount::Range(count) => found.extend(count.sides()),
                Amount::Messages(messages) => found.extend(messages),
            }
        }
        for shm in &self.shm {
            let counts = shm.size.iter().chain(&shm.attached);
            found.extend(counts.flat_map(Count::sides));
            found.extend(&shm.holds);
        }
        found.extend(of_objects(&self.objects));
        found.extend(self.given.shm.iter().map(|segment| &segment.holds));
        let queues = self.given.msg.iter().flat_map(|queue| &queue.messages);
        found.extend(queues.map(|message| &message.text));
        let queues = self.given.posix_mq.iter();
        found.extend(queues.flat_map(|queue| queue.messages.iter().map(|message| &message.text)));
        found.extend(self.given.files.iter().filter_map(|file| match &file.kind {
            GivenKind::Text(text) => Some(text),
            GivenKind::StaleSocket
            | GivenKind::Directory
            | GivenKind::Fifo
            | GivenKind::Symlink(_)
            | GivenKind::HardLink(_) => None,
        }));
        found
    }
}

fn of_objects(objects: &Objects) -> Vec<&Template> {
    let mut counts: Vec<&Count> = Vec::new();
    let mut found: Vec<&Template> = Vec::new();
    for processes in &objects.processes {
        counts.extend(
            processes
                .counts()
                .into_iter()
                .filter_map(|(_, count)| count.as_ref()),
        );
        found.extend(processes.runs.iter().flat_map(|line| &line.words));
        let rules = processes.environment.iter();
        found.extend(rules.filter_map(|rule| rule.whole.as_ref()));
    }
    for descriptors in &objects.descriptors {
        counts.extend(
            descriptors
                .counts()
                .into_iter()
                .filter_map(|(_, count)| count.as_ref()),
        );
    }
    for mappings in &objects.mappings {
        counts.extend(
            mappings
                .counts()
                .into_iter()
                .filter_map(|(_, count)| count.as_ref()),
        );
    }
    for file in &objects.files {
        counts.extend(
            [&file.size, &file.links, &file.blocks]
                .into_iter()
                .flatten(),
        );
        found.extend(file.holds.iter().chain(&file.target));
    }
    for queue in &objects.msg {
        counts.extend(&queue.messages);
        found.extend(queue.holds.iter().flatten());
    }
    for queue in &objects.posix_mq {
        counts.extend(&queue.messages);
        found.extend(queue.holds.iter().flatten());
    }
    found.extend(counts.into_iter().flat_map(Count::sides));
    found
}

fn objects(objects: &Objects, values: &Values) -> Objects {
    let count = |wanted: &Option<Count>| wanted.as_ref().map(|wanted| count(wanted, values));
    Objects {
        processes: objects
            .processes
            .iter()
            .map(|one| Processes {
                total: count(&one.total),
                children: count(&one.children),
                threads: count(&one.threads),
                unjoined: count(&one.unjoined),
                zombies: count(&one.zombies),
                orphans: count(&one.orphans),
                runs: one
                    .runs
                    .iter()
                    .map(|line| CommandLine {
                        words: all(&line.words, values),
                    })
                    .collect(),
                environment: one
                    .environment
                    .iter()
                    .map(|rule| EnvironmentRule {
                        name: rule.name.clone(),
                        whole: rule.whole.as_ref().map(|whole| whole.with(values)),
                    })
                    .collect(),
                ..one.clone()
            })
            .collect(),
        descriptors: objects
            .descriptors
            .iter()
            .map(|one| Descriptors {
                at_exec: count(&one.at_exec),
                at_wait: count(&one.at_wait),
                at_end: count(&one.at_end),
                passes: count(&one.passes),
                receives: count(&one.receives),
                ..one.clone()
            })
            .collect(),
        mappings: objects
            .mappings
            .iter()
            .map(|one| MappingsExpectation {
                shared: count(&one.shared),
                private: count(&one.private),
                writable: count(&one.writable),
                at_once: count(&one.at_once),
                at_wait: count(&one.at_wait),
                at_end: count(&one.at_end),
                ..one.clone()
            })
            .collect(),
        signals: objects.signals.clone(),
        files: objects
            .files
            .iter()
            .map(|one| FileExpectation {
                holds: one.holds.as_ref().map(|holds| holds.with(values)),
                target: one.target.as_ref().map(|target| target.with(values)),
                size: count(&one.size),
                links: count(&one.links),
                blocks: count(&one.blocks),
                ..one.clone()
            })
            .collect(),
        sem: objects.sem.clone(),
        msg: objects
            .msg
            .iter()
            .map(|one| MsgState {
                messages: count(&one.messages),
                holds: one.holds.as_ref().map(|holds| all(holds, values)),
                ..one.clone()
            })
            .collect(),
        posix_sem: objects.posix_sem.clone(),
        posix_mq: objects
            .posix_mq
            .iter()
            .map(|one| PosixQueueState {
                messages: count(&one.messages),
                holds: one.holds.as_ref().map(|holds| all(holds, values)),
                ..one.clone()
            })
            .collect(),
    }
}

fn count(count: &Count, values: &Values) -> Count {
    Count {
        least: count.least.as_ref().map(|least| least.with(values)),
        most: count.most.as_ref().map(|most| most.with(values)),
    }
}

fn all(templates: &[Template], values: &Values) -> Vec<Template> {
    templates
        .iter()
        .map(|template| template.with(values))
        .collect()
}

fn actor(actor: &Actor, values: &Values) -> Actor {
    Actor {
        player: match &actor.player {
            Player::Student { program, args } => Player::Student {
                program: program.clone(),
                args: all(args, values),
            },
            Player::Reference { program, args } => Player::Reference {
                program: program.clone(),
                args: all(args, values),
            },
            Player::Peer { steps } => Player::Peer {
                steps: steps.iter().map(|one| step(one, values)).collect(),
            },
        },
        copies: actor.copies.with(values),
        stdin: actor.stdin.as_ref().map(|stdin| stdin.with(values)),
        stdout: actor.stdout.iter().map(|one| output(one, values)).collect(),
        stderr: actor.stderr.iter().map(|one| output(one, values)).collect(),
        ..actor.clone()
    }
}

fn output(expectation: &OutputExpectation, values: &Values) -> OutputExpectation {
    match expectation {
        OutputExpectation::Transcript(lines) => OutputExpectation::Transcript(
            lines
                .iter()
                .map(|line| match line {
                    TranscriptLine::Elided => TranscriptLine::Elided,
                    TranscriptLine::Line(template) => TranscriptLine::Line(template.with(values)),
                })
                .collect(),
        ),
        OutputExpectation::Lines(lines) => OutputExpectation::Lines(all(lines, values)),
        OutputExpectation::AnyOrder(lines) => OutputExpectation::AnyOrder(all(lines, values)),
        OutputExpectation::Contains(texts) => OutputExpectation::Contains(all(texts, values)),
        OutputExpectation::AnyOf(texts) => OutputExpectation::AnyOf(all(texts, values)),
        OutputExpectation::Lacks(texts) => OutputExpectation::Lacks(all(texts, values)),
        OutputExpectation::Regex(texts) => {
            let escaped: Values = values
                .iter()
                .map(|(name, value)| (name.clone(), escaped_for_regex(value)))
                .collect();
            OutputExpectation::Regex(all(texts, &escaped))
        }
    }
}

fn wire(wire: &Wire, values: &Values) -> Wire {
    let amount = |amount: &Amount| match amount {
        Amount::Bytes(template) => Amount::Bytes(template.with(values)),
        Amount::Range(range) => Amount::Range(count(range, values)),
        Amount::Messages(messages) => Amount::Messages(all(messages, values)),
    };
    Wire {
        sent: wire.sent.as_ref().map(amount),
        received: wire.received.as_ref().map(amount),
        ..wire.clone()
    }
}

fn file(file: &GivenFile, values: &Values) -> GivenFile {
    GivenFile {
        kind: match &file.kind {
            GivenKind::Text(text) => GivenKind::Text(text.with(values)),
            kind @ (GivenKind::StaleSocket
            | GivenKind::Directory
            | GivenKind::Fifo
            | GivenKind::Symlink(_)
            | GivenKind::HardLink(_)) => kind.clone(),
        },
        ..file.clone()
    }
}

fn queue(queue: &GivenQueue, values: &Values) -> GivenQueue {
    GivenQueue {
        messages: queue
            .messages
            .iter()
            .map(|message| GivenMessage {
                text: message.text.with(values),
                ..message.clone()
            })
            .collect(),
        ..queue.clone()
    }
}

fn posix_queue(queue: &GivenPosixQueue, values: &Values) -> GivenPosixQueue {
    GivenPosixQueue {
        messages: queue
            .messages
            .iter()
            .map(|message| GivenUrgentMessage {
                text: message.text.with(values),
                ..message.clone()
            })
            .collect(),
        ..queue.clone()
    }
}

fn step(step: &Step, values: &Values) -> Step {
    let action = action(&step.action, values);
    Step {
        // A step's text is what the peer reads: there, `{{` must mean nothing any more.
        text: if step.text.contains("{{") {
            action.to_string()
        } else {
            step.text.clone()
        },
        action,
    }
}

fn action(action: &Action, values: &Values) -> Action {
    let data = |data: &Data| match data {
        Data::Text(template) => Data::Text(template.with(values)),
        Data::Hex(_) | Data::Bytes(_) => data.clone(),
    };
    let segment = |name: &SegmentName| match name {
        SegmentName::Key(_) => name.clone(),
        SegmentName::Id(id) => SegmentName::Id(id.with(values)),
    };
    match action {
        Action::Send {
            data: sent,
            to,
            pieces,
            oob,
        } => Action::Send {
            data: data(sent),
            to: to.clone(),
            pieces: *pieces,
            oob: *oob,
        },
        Action::Recv(Wanted::Data(wanted)) => Action::Recv(Wanted::Data(data(wanted))),
        Action::ShmWrite(written) => Action::ShmWrite(data(written)),
        Action::ShmRead(wanted) => Action::ShmRead(data(wanted)),
        Action::FifoRecv(Wanted::Data(wanted)) => Action::FifoRecv(Wanted::Data(data(wanted))),
        Action::FifoSend(sent) => Action::FifoSend(data(sent)),
        Action::MsgSend {
            queue,
            mtype,
            data: sent,
        } => Action::MsgSend {
            queue: segment(queue),
            mtype: *mtype,
            data: data(sent),
        },
        Action::MsgRecv {
            queue,
            mtype,
            wanted,
        } => Action::MsgRecv {
            queue: segment(queue),
            mtype: *mtype,
            wanted: match wanted {
                Wanted::Data(wanted) => Wanted::Data(data(wanted)),
                other => other.clone(),
            },
        },
        Action::MsgRemove(name) => Action::MsgRemove(segment(name)),
        Action::ShmAttach(name) => Action::ShmAttach(segment(name)),
        Action::ShmRemove(name) => Action::ShmRemove(segment(name)),
        Action::Times { times, action } => Action::Times {
            times: *times,
            action: Box::new(self::action(action, values)),
        },
        Action::Each(action) => Action::Each(Box::new(self::action(action, values))),
        // The others have no templates.
        other => other.clone(),
    }
}
