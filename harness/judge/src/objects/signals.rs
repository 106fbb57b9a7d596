//! Signals: what processes do with them, which came, and what their handlers called.

use ipclab_evidence::{
    Delivery, Process, SignalMoment, SignalState, SourceLine, Taken, Unseen, signal_name,
};
use ipclab_spec::{Aspect, SignalsExpectation};

use super::seen::not_seen;
use crate::facts::Facts;
use crate::finding::Finding;

const ASPECT: Aspect = Aspect::Calls;

/// One finding for each signal and what is expected of it, with its name.
pub(super) fn judge(
    facts: Facts<'_>,
    index: usize,
    wanted: &SignalsExpectation,
) -> Vec<(String, Finding)> {
    let of = Of {
        facts,
        index,
        who: facts.who(index),
    };
    let mut findings = Vec::new();
    let mut judged = |name: String, one: &dyn Fn() -> Finding| {
        let finding = not_seen(facts, index, ASPECT).unwrap_or_else(one);
        findings.push((name, finding));
    };
    for (does, signals) in wanted.states() {
        for signal in signals {
            let name = format!("{does} {}", signal_name(*signal));
            judged(name, &|| of.state(does, *signal, wanted.at));
        }
    }
    for signal in &wanted.receives {
        let name = format!("receives {}", signal_name(*signal));
        judged(name, &|| of.receives(*signal));
    }
    if wanted.safe_handlers {
        judged("handlers safe".to_owned(), &|| of.handlers());
    }
    findings
}

/// The signals of one actor.
struct Of<'a> {
    facts: Facts<'a>,
    index: usize,
    who: String,
}

impl<'a> Of<'a> {
    fn processes(&self) -> impl DoubleEndedIterator<Item = &'a Process> + use<'a> {
        let (all, index) = (&self.facts.evidence.objects.processes, self.index);
        all.iter().filter(move |process| process.actor == index)
    }

    fn came(&self) -> impl DoubleEndedIterator<Item = (&'a Process, &'a Delivery)> + use<'a> {
        self.processes()
            .flat_map(|process| process.signals.came.iter().map(move |came| (process, came)))
    }

    fn name(&self) -> Option<&'a str> {
        self.facts
            .actor(self.index)
            .map(|actor| actor.name.as_str())
    }

    fn pass(&self, text: String) -> Finding {
        Finding::pass(ASPECT, self.name(), text)
    }

    fn fail(&self, text: String) -> Finding {
        let why = self.facts.because(self.index);
        Finding::fail(ASPECT, self.name(), format!("{text}{why}"))
    }

    /// What it does with a signal, at some time or at each of these moments.
    fn state(&self, does: &str, signal: i32, at: Option<SignalMoment>) -> Finding {
        let (who, name) = (&self.who, signal_name(signal));
        let Some(moment) = at else {
            let meets = |process: &Process| {
                let states = &process.signals.states;
                states.iter().any(|state| is_so(does, state, signal))
            };
            return match self.processes().any(meets) {
                true => self.pass(format!("{who} {does} {name}")),
                false => {
                    let text = match does {
                        "catches" => {
                            format!("{who} never gave {name} a handler: call sigaction() for it")
                        }
                        "ignores" => {
                            format!("{who} never ignored {name}: call sigaction() with SIG_IGN")
                        }
                        _ => format!("{who} never blocked {name}: call sigprocmask() with it"),
                    };
                    self.fail(text)
                        .expecting(format!("it {does} {name}"), "it never does".to_owned())
                }
            };
        };
        let all = self.moments(moment);
        let when = match moment {
            SignalMoment::Exec => "started a program",
            SignalMoment::Wait => "waited for a child",
            SignalMoment::End | SignalMoment::Change => "ended by itself",
        };
        if all.is_empty() {
            return match moment {
                SignalMoment::Exec | SignalMoment::Wait => {
                    self.fail(format!("no process of {who} {when}"))
                }
                SignalMoment::End | SignalMoment::Change => {
                    self.fail(format!("{who} did not end by itself"))
                }
            };
        }
        let wrong = all.iter().find(|(_, state, _)| !is_so(does, state, signal));
        let Some((process, state, program)) = wrong else {
            return self.pass(format!("{who} {does} {name} whenever it {when}"));
        };
        let subject = match (program, process.parent) {
            (Some(program), _) => format!(
                "the program {} was started with {name}",
                crate::quote::quoted(program)
            ),
            (None, None) => format!("{who} {when} with {name}"),
            (None, Some(_)) => format!("process {} of {who} {when} with {name}", process.pid),
        };
        let seen = does_with(state, signal);
        let at = state.call.map(|n| format!(" at #{n}")).unwrap_or_default();
        let wanted = match does {
            "catches" => "caught",
            "ignores" => "ignored",
            "blocks" => "blocked",
            _ => "at its default and not blocked",
        };
        let remedy = match (moment, seen) {
            (SignalMoment::Exec, "ignored") if does == "defaults" => {
                "; what is ignored stays ignored in a program that is started: set SIG_DFL in the child before exec()"
            }
            (SignalMoment::Exec, "blocked") if does == "defaults" => {
                "; the mask stays in a program that is started: unblock in the child before exec()"
            }
            _ => "",
        };
        self.fail(format!("{subject} {seen}{at} instead of {wanted}{remedy}"))
            .expecting(wanted.to_owned(), seen.to_owned())
            .citing(state.call)
    }

    /// What was done with signals each time that this moment came: in which process, and in which program, if one was started.
    fn moments(&self, moment: SignalMoment) -> Vec<(&'a Process, &'a SignalState, Option<String>)> {
        let mut found = Vec::new();
        for process in self.processes() {
            // What the others do at their end is theirs.
            if moment == SignalMoment::End && process.parent.is_some() {
                continue;
            }
            let states = process.signals.states.iter();
            let states = states.filter(|state| state.moment == moment);
            // The actor's own program begins as the box lets it.
            let own = moment == SignalMoment::Exec && process.parent.is_none();
            for (nth, state) in states.enumerate().skip(usize::from(own)) {
                let program = process.programs.get(nth);
                let program = program.and_then(|program| program.argv.first());
                let program = program.filter(|_| moment == SignalMoment::Exec);
                found.push((process, state, program.map(|name| name.to_text())));
            }
        }
        found
    }

    /// Whether it took a signal, in whatever way.
    fn receives(&self, signal: i32) -> Finding {
        let (who, name) = (&self.who, signal_name(signal));
        let all: Vec<_> = self
            .came()
            .filter(|(_, came)| came.signal == signal)
            .collect();
        let taken = all
            .iter()
            .find(|(_, came)| matches!(came.how, Taken::Handler | Taken::Wait | Taken::Descriptor));
        if let Some((_, came)) = taken {
            let how = match came.how {
                Taken::Wait => "waited for it",
                Taken::Descriptor => "read it from a descriptor",
                Taken::Handler | Taken::Ignored | Taken::Default => "its handler ran",
            };
            return self.pass(format!("{name} came to {who}: {how}"));
        }
        let mut last = self
            .processes()
            .flat_map(|process| process.signals.states.last());
        let is_pending = last.any(|state| state.pending.has(signal));
        let text = match all.first() {
            Some((process, came)) => {
                let sender = self.sender(process, came);
                let became = match came.how {
                    Taken::Ignored => "ignores it",
                    _ => "had no handler for it and did not wait for it",
                };
                format!("{name} came to {who}{sender}, which {became}")
            }
            None if is_pending => format!(
                "{who} blocks {name} and never took it: it was sent, and was pending to the end"
            ),
            None => format!("{name} never came to {who}"),
        };
        self.fail(text)
            .expecting(format!("{name} is taken"), "it is not".to_owned())
    }

    /// ` from itself`, ` from its child 12`
    fn sender(&self, receiver: &Process, came: &Delivery) -> String {
        let all = &self.facts.evidence.objects.processes;
        match came.from.and_then(|from| all.get(from)) {
            Some(from) if from == receiver => " from itself".to_owned(),
            Some(from) => format!(" from process {}", from.pid),
            None => String::new(),
        }
    }

    /// Whether handlers called only what they may.
    fn handlers(&self) -> Finding {
        let who = &self.who;
        let runs = || {
            self.came().filter_map(|(_, came)| {
                let run = came.handler.as_ref()?;
                Some((came, run))
            })
        };
        let is_wrong = |(_, run): &(_, &ipclab_evidence::HandlerRun)| run.unsafe_call.is_some();
        if let Some((came, run)) = runs().find(is_wrong) {
            let symbol = run.unsafe_call.as_deref().unwrap_or_default();
            let name = signal_name(came.signal);
            let at = place(&run.called_at);
            let text = format!(
                "the handler of {name} in {who} calls {}{at}, which is not async-signal-safe: {}",
                function(symbol),
                harm(symbol)
            );
            return Finding::fail(ASPECT, self.name(), text).expecting(
                "async-signal-safe functions only".to_owned(),
                function(symbol),
            );
        }
        let unseen = runs().find_map(|(came, run)| Some((came.signal, run.unseen?)));
        if let Some((signal, why)) = unseen {
            let why = match why {
                Unseen::NoNames => {
                    "the program is linked statically, and the functions of its C library have no names there; link it without -static"
                }
                Unseen::TooLong => {
                    "it does far more than a handler should; set a flag there, and work outside of it"
                }
            };
            return self.fail(format!(
                "what the handler of {} in {who} calls is not proved: {why}",
                signal_name(signal)
            ));
        }
        let number = runs().count() as u64;
        let took_otherwise = self
            .came()
            .any(|(_, came)| matches!(came.how, Taken::Wait | Taken::Descriptor));
        match number {
            0 if took_otherwise => self.pass(format!("{who} takes signals without handlers")),
            0 => self.fail(format!("no handler of {who} ever ran")),
            _ => self.pass(format!(
                "handlers of {who} called only what is async-signal-safe, in {}",
                crate::quote::count(number, "run")
            )),
        }
    }
}

/// Whether a process does this with a signal.
fn is_so(does: &str, state: &SignalState, signal: i32) -> bool {
    match does {
        "catches" => state.caught.has(signal),
        "ignores" => state.ignored.has(signal),
        "blocks" => state.blocked.has(signal),
        _ => state.leaves(signal),
    }
}

fn does_with(state: &SignalState, signal: i32) -> &'static str {
    if state.blocked.has(signal) {
        "blocked"
    } else if state.caught.has(signal) {
        "caught"
    } else if state.ignored.has(signal) {
        "ignored"
    } else {
        "at its default"
    }
}

/// ` in line server.c:12`
fn place(lines: &[SourceLine]) -> String {
    lines
        .first()
        .map(|line| format!(" ({line})"))
        .unwrap_or_default()
}

/// What the program's text calls a function, by the symbol that it is linked to.
fn function(symbol: &str) -> String {
    let plain = symbol.trim_start_matches("__").trim_end_matches("_chk");
    let plain = plain.strip_prefix("isoc99_").unwrap_or(plain);
    let plain = plain.strip_prefix("isoc23_").unwrap_or(plain);
    match plain.strip_prefix("_IO_").unwrap_or(plain) {
        // What compilers make of a text without conversions.
        "puts" | "putchar" => "printf() or puts()".to_owned(),
        "fwrite" => "fprintf() or fwrite()".to_owned(),
        "fputc" | "fputs" => "fprintf() or fputs()".to_owned(),
        "_Znwm" | "_Znam" => "new".to_owned(),
        "_ZdlPv" | "_ZdaPv" | "_ZdlPvm" => "delete".to_owned(),
        name => format!("{name}()"),
    }
}

fn harm(symbol: &str) -> &'static str {
    match symbol {
        "exit" => {
            "it runs what atexit() registered and flushes streams that may be in use; call _exit(), or set a volatile sig_atomic_t flag and end outside of the handler"
        }
        "malloc" | "calloc" | "realloc" | "free" => {
            "where the signal comes within malloc() or free(), it waits for a lock that it holds itself; set a volatile sig_atomic_t flag, and work outside of the handler"
        }
        _ if symbol.starts_with("pthread_") => {
            "where the signal comes while the lock is held, it waits for itself; set a volatile sig_atomic_t flag, or call sem_post()"
        }
        _ => {
            "where the signal comes within the same function, it waits for a lock that it holds itself, or spoils what is half done; use write(), or set a volatile sig_atomic_t flag and print outside of the handler"
        }
    }
}
