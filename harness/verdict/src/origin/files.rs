//! Files that are other ones than they should be: where they are opened, and what is written into them.

use ipclab_evidence::{Arg, ArgKind, Call, SourceLine, belongs};
use ipclab_spec::Aspect;

use super::look::{Look, Spot, at};
use super::named::Value;
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
        let opened_at = self.opened(path).and_then(<[_]>::first).cloned();
        if said.starts_with("has mode") || said.contains(" has mode ") {
            let set = self.written_call(&["fchmod", "chmod", "umask"]);
            let number = set.as_ref().or(opened_at.as_ref());
            let number = number.and_then(|line| self.mode_of(said, line));
            return number.into_iter().chain(set).chain(opened_at).collect();
        }
        if said.contains("is not there") {
            return self.made_beside();
        }
        if said.contains("stand behind it") || said.contains("stands behind it") {
            let cut = self.written_call(&["ftruncate", "truncate"]);
            // Where nothing decides about it, its size does.
            let spot = cut.as_ref().and_then(|line| self.spot(line));
            let guard = spot.and_then(|spot| self.guard_around(spot));
            let size = spot.filter(|_| guard.is_none()).and_then(|spot| {
                let call = self.call_named(spot, "ftruncate")?;
                self.operand_of(spot, &call)
            });
            let is_own_size = size.is_some();
            let decides = guard.or(cut).into_iter().chain(size);
            return match is_own_size {
                true => decides.chain(opened_at).collect(),
                false => opened_at.into_iter().chain(decides).collect(),
            };
        }
        let ran = self.run_by(lines);
        if !ran.is_empty() {
            return ran;
        }
        if let Some(mapped) = self.private_mapping() {
            return std::iter::once(mapped).chain(opened_at).collect();
        }
        let mut from = self.content(said);
        if said.contains(": byte ") || said.contains("it is empty") {
            // It may have been opened in another way than it should.
            from.truncate(1);
            from.extend(opened_at);
        }
        from
    }

    /// The lines of the last call that opened this file.
    pub(super) fn opened(&self, path: &str) -> Option<&'a [SourceLine]> {
        let opens = |call: &&Call| {
            let named = call
                .argument(ArgKind::Path)
                .or_else(|| call.args.iter().find(|arg| matches!(arg, Arg::Path(_))));
            let is_it = matches!(named, Some(Arg::Path(named)) if named.to_text() == path);
            is_it && belongs(&call.name, false, "open") && !call.lines.is_empty()
        };
        self.calls().rfind(opens).map(|call| call.lines.as_slice())
    }

    /// The file that is another one than it should be, where the program opened it.
    pub(super) fn shown_file(&self) -> Option<&'a [SourceLine]> {
        let (path, _) = self.plain_words().split_once(' ')?;
        self.opened(path).filter(|_| path.starts_with('/'))
    }

    /// Where the number comes from that was taken for a mode, `660` for `0660`, in the call on a line.
    pub(super) fn mode_of(&self, said: &str, line: &SourceLine) -> Option<SourceLine> {
        let (_, seen) = said.split_once("has mode ")?;
        let seen = i64::from_str_radix(seen.split(' ').next()?, 8).ok()?;
        let spot = self.spot(line)?;
        let mut calls = spot.source.calls_on(spot.line).into_iter();
        calls.find_map(|call| {
            let mut steps = Vec::new();
            for arg in &call.args {
                self.follow(spot, arg.clone(), call.at, &[], 3, &mut steps);
            }
            let gives = steps.into_iter().find(|step| {
                let mut values = step.values.iter();
                values.any(|value| *value == Value::Number(seen))
            });
            gives.map(|step| step.line)
        })
    }

    /// Where a file is mapped to be written to, so that the file never gets what is written: `MAP_PRIVATE`, `mmap(2)`.
    pub(super) fn private_mapping(&self) -> Option<SourceLine> {
        self.sources.iter().find_map(|source| {
            let bodies = source.functions.iter();
            let mut tokens = bodies.flat_map(|function| function.body.clone());
            let mapped = tokens.find(|token| {
                let call = source.call_at(*token).filter(|_| source.is(*token, "mmap"));
                let has = |range: &std::ops::Range<usize>, word: &str| {
                    range.clone().any(|token| source.is(token, word))
                };
                call.is_some_and(|call| match call.args.as_slice() {
                    [_, _, access, flags, ..] => {
                        let anonymous = ["MAP_ANONYMOUS", "MAP_ANON"];
                        has(access, "PROT_WRITE")
                            && has(flags, "MAP_PRIVATE")
                            && !anonymous.iter().any(|word| has(flags, word))
                    }
                    _ => false,
                })
            })?;
            source.place(mapped)
        })
    }

    /// What was printed of a file, which a private mapping kept as it was.
    pub(super) fn unchanged_file(&self, _: &[SourceLine]) -> Vec<SourceLine> {
        let is_it = self.is_own && self.finding.aspect == Aspect::Output && !self.must_fail;
        let mapped = self.private_mapping().filter(|_| is_it);
        mapped.into_iter().collect()
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
