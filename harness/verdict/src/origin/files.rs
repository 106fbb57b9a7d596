//! Files that are other ones than they should be: where they are opened, and what is written into them.

use ipclab_evidence::{Arg, ArgKind, Call, SourceLine, belongs};
use ipclab_spec::Aspect;

use super::look::{Look, Spot, at};
use super::source::Written;

impl<'a> Look<'a> {
    /// A file that is another one than it should be: where it is opened, and what is written into it.
    pub(super) fn file(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        if !self.finding.message.contains('/') || !matches!(self.finding.aspect, Aspect::Output) {
            return Vec::new();
        }
        let Some((path, said)) = self.plain_words().split_once(' ') else {
            return Vec::new();
        };
        if !path.starts_with('/') {
            return Vec::new();
        }
        let opens = |call: &&Call| {
            let named = call
                .argument(ArgKind::Path)
                .or_else(|| call.args.iter().find(|arg| matches!(arg, Arg::Path(_))));
            let is_it = matches!(named, Some(Arg::Path(named)) if named.to_text() == path);
            is_it && belongs(&call.name, false, "open") && !call.lines.is_empty()
        };
        let opened = self.calls().rfind(opens).map(|call| &call.lines);
        let opened_at = opened.and_then(|lines| lines.first()).cloned();
        if said.starts_with("has mode") || said.contains(" has mode ") {
            let set = self.written_call(&["fchmod", "chmod", "umask"]);
            return set.into_iter().chain(opened_at).collect();
        }
        if said.contains("is not there") {
            return Vec::new();
        }
        if said.contains("stand behind it") {
            let cut = self.written_call(&["ftruncate", "truncate"]);
            let guard = cut.as_ref().and_then(|line| {
                self.condition(std::slice::from_ref(line))
                    .into_iter()
                    .next()
            });
            return opened_at.into_iter().chain(guard.or(cut)).collect();
        }
        let ran = self.run_by(lines);
        if !ran.is_empty() {
            return ran;
        }
        let mut from = self.content(said);
        if said.contains(": byte ") || said.contains("it is empty") {
            // It may have been opened in another way than it should.
            from.truncate(1);
            from.extend(opened_at);
        }
        from
    }

    /// What is said, without the input or the order of turns that it was seen with.
    pub(super) fn plain_words(&self) -> &str {
        let words = self.words();
        let words = match words.split_once("(the smallest input that fails): ") {
            Some((_, behind)) => behind,
            None => words,
        };
        match words
            .strip_prefix("when ")
            .and_then(|words| words.split_once(": "))
        {
            Some((_, behind)) => behind,
            None => words,
        }
    }

    /// The last place in the text of a call with one of these names.
    pub(super) fn written_call(&self, names: &[&str]) -> Option<SourceLine> {
        self.sources.iter().find_map(|source| {
            let mut bodies = source
                .functions
                .iter()
                .rev()
                .map(|function| function.body.clone());
            let found = bodies.find_map(|mut body| {
                body.rfind(|token| {
                    source.is(token + 1, "(")
                        && source
                            .word(*token)
                            .is_some_and(|name| names.contains(&name))
                })
            })?;
            source.place(found)
        })
    }

    /// The first call on a line whose name begins like this.
    pub(super) fn call_named(&self, spot: Spot<'a>, name: &str) -> Option<Written> {
        let mut calls = spot.source.calls_on(spot.line).into_iter();
        calls.find(|call| {
            spot.source
                .word(call.at)
                .is_some_and(|word| word.starts_with(name))
        })
    }

    /// What is written into a file: how much, and how often.
    pub(super) fn content(&self, said: &str) -> Vec<SourceLine> {
        let Some(line) =
            self.written_call(&["write", "fwrite", "sendfile", "copy_file_range", "splice"])
        else {
            return Vec::new();
        };
        let Some((spot, call)) = self
            .spot(&line)
            .and_then(|spot| Some((spot, self.call_named(spot, "")?)))
        else {
            return Vec::new();
        };
        let source = spot.source;
        let more = said.split_once(" bytes, ").is_some_and(|(seen, wanted)| {
            let number = |text: &str, last: bool| {
                let mut words = text.split(|c: char| !c.is_ascii_digit()).filter(|word| !word.is_empty());
                let word = if last { words.next_back() } else { words.next() };
                word.and_then(|word| word.parse::<u64>().ok())
            };
            let wanted = wanted.split(" has ").nth(1).unwrap_or("");
            matches!((number(seen, true), number(wanted, false)), (Some(seen), Some(wanted)) if seen > wanted)
        });
        let loops = self.loops(std::slice::from_ref(&line));
        if more {
            return std::iter::once(line).chain(loops).collect();
        }
        let names = call
            .args
            .iter()
            .skip(1)
            .rev()
            .flat_map(|arg| source.names(arg.clone()));
        let counted = names
            .filter_map(|name| source.last_write(name, spot.function, call.at))
            .find(|write| {
                let reads = source
                    .callees(write)
                    .iter()
                    .any(|name| matches!(*name, "read" | "fread"));
                // A counter that begins anew says nothing.
                let is_plain = write.value.len() == 1
                    && source
                        .tokens
                        .get(write.value.start)
                        .and_then(|token| token.value())
                        .is_some();
                !reads && !is_plain && spot.function.body.contains(&write.at)
            });
        let counted = counted
            .and_then(|write| source.line(write.at))
            .map(|line| at(source, line));
        let outmost = loops.into_iter().next_back();
        counted.or(Some(line)).into_iter().chain(outmost).collect()
    }
}
