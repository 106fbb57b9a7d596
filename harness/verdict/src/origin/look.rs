//! A finding with what is known about it: its program, the run, the files.

use ipclab_evidence::{ActorEvidence, Evidence, SourceLine};
use ipclab_judge::{Finding, MistakeKind};
use ipclab_spec::{Case, ExitExpectation, Player};

use super::source::{Function, Source};

/// Calls whose first argument is a descriptor, which says nothing about a wrong value.
pub(super) const ON_DESCRIPTORS: [&str; 18] = [
    "send",
    "sendto",
    "sendmsg",
    "write",
    "recv",
    "recvfrom",
    "recvmsg",
    "read",
    "bind",
    "connect",
    "listen",
    "accept",
    "setsockopt",
    "getsockopt",
    "shutdown",
    "close",
    "dprintf",
    "fcntl",
];

/// A finding, and what is known about it.
pub(super) struct Look<'a> {
    pub(super) sources: &'a [Source<'a>],
    pub(super) evidence: &'a Evidence,
    pub(super) finding: &'a Finding,
    pub(super) case: &'a Case,
    /// The student's program that it is about, or that has the mistake.
    pub(super) actor: Option<(usize, &'a ActorEvidence)>,
    /// It is about that program itself.
    pub(super) is_own: bool,
    /// The program should have refused what it was given.
    pub(super) must_fail: bool,
    /// The case sends a signal.
    pub(super) is_signalled: bool,
    /// How many arguments it was given.
    pub(super) arguments: Option<usize>,
}

/// The student's program that an actor of the evidence plays.
fn program_of<'a>(case: &'a Case, evidence: &Evidence, index: usize) -> Option<&'a str> {
    let role = case.role(&evidence.actors.get(index)?.name)?;
    match &role.player {
        Player::Student { program, .. } => Some(program),
        Player::Reference { .. } | Player::Peer { .. } => None,
    }
}

/// A place in a file.
#[derive(Clone, Copy)]
pub(super) struct Spot<'a> {
    pub(super) source: &'a Source<'a>,
    pub(super) function: &'a Function<'a>,
    pub(super) line: u32,
}

impl<'a> Look<'a> {
    pub(super) fn new(
        sources: &'a [Source<'a>],
        case: &'a Case,
        evidence: &'a Evidence,
        finding: &'a Finding,
    ) -> Self {
        let program = |index: usize| program_of(case, evidence, index);
        let students: Vec<usize> = (0..evidence.actors.len())
            .filter(|index| program(*index).is_some())
            .collect();
        let named = finding.actor.as_deref();
        let is_named = |index: &&usize| {
            let name = &evidence.actors[**index].name;
            named.is_some_and(|named| {
                named == name || case.role(name).is_some_and(|role| role.name == named)
            })
        };
        let mistake = finding.mistake.as_ref();
        let guilty = mistake.and_then(|mistake| mistake.program.as_deref());
        let is_guilty = |index: &&usize| guilty.is_some() && program(**index) == guilty;
        let index = students
            .iter()
            .find(is_named)
            .or_else(|| students.iter().find(is_guilty))
            .or_else(|| students.first());
        let actor = index.and_then(|index| Some((*index, evidence.actors.get(*index)?)));
        let role = actor.and_then(|(_, actor)| case.role(&actor.name));
        let arguments = role.and_then(|role| match &role.player {
            Player::Student { args, .. } => Some(args.len()),
            Player::Reference { .. } | Player::Peer { .. } => None,
        });
        let mut steps = case.actors.iter().flat_map(|role| match &role.player {
            Player::Peer { steps } => steps.as_slice(),
            Player::Student { .. } | Player::Reference { .. } => &[],
        });
        Self {
            is_signalled: steps.any(|step| step.text.starts_with("signal "))
                || case
                    .faults
                    .iter()
                    .any(|fault| fault.to_string().contains(": SIG")),
            arguments,
            must_fail: role.is_some_and(|role| role.exit == Some(ExitExpectation::Failure)),
            sources,
            evidence,
            finding,
            case,
            is_own: students.iter().any(|index| is_named(&index)),
            actor,
        }
    }

    pub(super) fn kind(&self) -> Option<MistakeKind> {
        self.finding.mistake.as_ref().map(|mistake| mistake.kind)
    }

    /// The name of that program.
    pub(super) fn program(&self) -> Option<&'a str> {
        program_of(self.case, self.evidence, self.actor?.0)
    }

    pub(super) fn says(&self, text: &str) -> bool {
        self.finding.message.contains(text)
    }

    /// The message, or what the mistake says where that is known better.
    pub(super) fn words(&self) -> &str {
        let mistake = self.finding.mistake.as_ref();
        let said = mistake.and_then(|mistake| mistake.says.as_deref());
        said.unwrap_or(&self.finding.message)
    }

    /// The outermost lines of the calls of an actor's first process, in their order.
    pub(super) fn evidence_of(&self, actor: usize) -> Vec<SourceLine> {
        let first = self.evidence.actors.get(actor).and_then(|actor| actor.pid);
        let trace = self.evidence.trace.iter();
        let calls = trace.filter(|call| call.actor == actor && Some(call.pid) == first);
        calls
            .filter_map(|call| call.lines.last().cloned())
            .collect()
    }

    /// The first line with a call of the program that failed.
    pub(super) fn failed_call(&self) -> Option<SourceLine> {
        self.failed()?.first().cloned()
    }

    /// The lines of that call, up to the outermost function.
    pub(super) fn failed(&self) -> Option<&'a [SourceLine]> {
        let (index, _) = self.actor?;
        let mut failed =
            self.evidence.trace.iter().filter(|call| {
                call.actor == index && call.errno().is_some() && !call.lines.is_empty()
            });
        // What was made to fail is what the case is about.
        let tampered = failed.clone().find(|call| call.tampered.is_some());
        let failed = tampered.or_else(|| failed.next())?;
        Some(&failed.lines)
    }

    pub(super) fn spot(&self, line: &SourceLine) -> Option<Spot<'a>> {
        let source = self
            .sources
            .iter()
            .find(|source| source.name == line.file)?;
        let function = source.function_at(line.line)?;
        Some(Spot {
            source,
            function,
            line: line.line,
        })
    }
}

/// Places of one call that are named.
pub(super) const LAST_SITES: usize = 2;

/// A line of a file.
pub(super) fn at(source: &Source<'_>, line: u32) -> SourceLine {
    SourceLine {
        file: source.name.to_owned(),
        line,
    }
}

/// Whether a function is one of those that labs are about.
pub(super) fn is_of_kernel(name: &str) -> bool {
    let families = ["shm", "sem", "msg"];
    ON_DESCRIPTORS.contains(&name) || families.iter().any(|family| name.starts_with(family))
}
