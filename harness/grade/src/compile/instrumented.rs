//! Whether the sanitizer sees all of a program that a command of the submission's built.
//!
//! Such a command may start what it likes: a copy of the compiler, an assembler, `base64 -d`. So what it brought is looked at, and not what it
//! said. Each unit's debug information says how the compiler was called, no code lies outside of these units but for what every program
//! begins with, and the hooks of the runtime are the very bytes that our own compiler made.
//!
//! Debug information is a stranger's data: it is read by a process of its own in a box ([`super::lines`]).

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use gimli::{DW_AT_name, DW_AT_producer, Dwarf, EndianSlice, LittleEndian};
use ipclab_sandbox::Sandbox;
use ipclab_spec::Sanitizers;
use object::Endianness;
use object::elf::{FileHeader64, SHF_EXECINSTR, SHT_DYNSYM, SHT_SYMTAB};
use object::read::elf::{FileHeader, SectionHeader, Sym};
use serde::{Deserialize, Serialize};

use super::lines;
use super::sanitizer::{self, is_check, is_hook};
use ipclab_intake::show;

/// The name under which the tool looks at a program.
pub(super) const READER: &str = "ipclab-units";

/// Units that are looked at, and those that are named.
const UNITS_MAX: usize = 2_000;
const NAMES_MAX: usize = 20;
const NAME_BYTES_MAX: usize = 200;
/// Bytes of code that every program has from the C library, and that no compiler of ours made.
const START_BYTES_MAX: u64 = 512;
/// What may lie between two units, so that each begins where the processor likes it.
const GAP_BYTES_MAX: u64 = 16;
/// One of clang's checks, of which the library gives no size.
const CHECK_BYTES_MAX: u64 = 64;
/// No hook is longer.
const HOOK_BYTES_MAX: u64 = 4096;

/// What compilers of other languages leave in every program.
const LANGUAGES: [(&str, &[u8]); 8] = [
    ("Rust", b"rustc version"),
    ("Go", b"Go build ID"),
    ("OCaml", b"caml_startup"),
    ("Haskell", b"GHC "),
    ("D", b"ldc version"),
    ("Swift", b"Swift version"),
    ("Pascal", b"FPC "),
    ("Zig", b"zig "),
];

/// The runtime's hooks in a program, by name.
pub(super) type Hooks = BTreeMap<String, Vec<u8>>;

/// What a program is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Code {
    /// Another language than C, by what its compiler leaves.
    language: Option<String>,
    /// How many units there are.
    units: usize,
    /// Those that were compiled without AddressSanitizer, by name.
    without: Vec<String>,
    /// Those that were compiled without ThreadSanitizer, by name.
    without_threads: Vec<String>,
    /// Bytes of code of which no unit speaks.
    elsewhere: u64,
    /// The runtime's hooks.
    hooks: Hooks,
}

/// Looks at a program in a box; `None`: nothing can be said of it.
pub(super) fn look(program: &Path, sandbox: &mut Sandbox) -> Option<Code> {
    let said = lines::said_by(READER, program, sandbox)?;
    serde_json::from_slice(&said).ok()
}

/// What the tool prints where it was started to look at a program; `None`: it was not.
#[must_use]
pub fn hidden(argv: &[OsString]) -> Option<String> {
    let program = lines::asked_of(READER, argv)?;
    let code = fs::read(program).ok().and_then(|file| read(&file));
    serde_json::to_string(&code.unwrap_or_default()).ok()
}

impl Code {
    /// The other language that it is written in.
    pub(super) fn language(&self) -> Option<&str> {
        self.language.as_deref()
    }

    /// Why these sanitizers may not see all of it, as a clause. `ours` are the hooks as they should be.
    pub(super) fn flaw(&self, sanitizers: Sanitizers, ours: &Hooks) -> Option<String> {
        if self.units == 0 {
            return Some("its code does not say how it was compiled".to_owned());
        }
        let without = match sanitizers {
            Sanitizers::Memory => &self.without,
            Sanitizers::Threads => &self.without_threads,
        };
        if let Some(first) = without.first() {
            let more = match without.len() - 1 {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            return Some(format!("{first} was compiled without the sanitizer{more}"));
        }
        if self.elsewhere > START_BYTES_MAX + GAP_BYTES_MAX * self.units as u64 {
            let bytes = self.elsewhere;
            return Some(format!("{bytes} bytes of its code were not compiled here"));
        }
        let is_ours = |name: &&str| {
            ours.get(*name)
                .is_some_and(|hook| !hook.is_empty() && self.hooks.get(*name) == Some(hook))
        };
        let mut hooks = sanitizer::hooks(sanitizers).iter();
        let other = hooks.find(|name| !is_ours(name))?;
        Some(format!("{other} in it is not the sanitizer's"))
    }
}

/// The hooks of an object that our compiler made.
pub(super) fn hooks_of(object: &[u8]) -> Hooks {
    placed(object, is_hook).map_or_else(Hooks::new, |hooks| {
        hooks
            .into_iter()
            .map(|(name, (_, bytes))| (name, bytes))
            .collect()
    })
}

/// The functions of some names that a file defines: where they lie, and their bytes.
fn placed(file: &[u8], is_one: fn(&str) -> bool) -> Option<BTreeMap<String, (u64, Vec<u8>)>> {
    let header = FileHeader64::<Endianness>::parse(file).ok()?;
    let endian = header.endian().ok()?;
    let sections = header.sections(endian, file).ok()?;
    let mut found = BTreeMap::new();
    for kind in [SHT_SYMTAB, SHT_DYNSYM] {
        let Ok(table) = sections.symbols(endian, file, kind) else {
            continue;
        };
        for symbol in table.iter().filter(|symbol| !symbol.is_undefined(endian)) {
            let Ok(name) = symbol.name(endian, table.strings()) else {
                continue;
            };
            let name = String::from_utf8_lossy(name);
            let name = name.split('@').next().unwrap_or_default();
            if !is_one(name) {
                continue;
            }
            let at = object::SectionIndex(usize::from(symbol.st_shndx(endian).0));
            let Ok(section) = sections.section(at) else {
                continue;
            };
            let (value, size) = (symbol.st_value(endian), symbol.st_size(endian));
            let Some(begin) = value.checked_sub(section.sh_addr(endian)) else {
                continue;
            };
            let data = section.data(endian, file).unwrap_or_default();
            let end = begin.saturating_add(size.min(HOOK_BYTES_MAX));
            let bytes = data.get(begin as usize..end as usize).unwrap_or_default();
            found.insert(name.to_owned(), (value, bytes.to_vec()));
        }
    }
    Some(found)
}

/// What a program is made of; `None`: it makes no sense.
fn read(file: &[u8]) -> Option<Code> {
    let header = FileHeader64::<Endianness>::parse(file).ok()?;
    let endian = header.endian().ok()?;
    let sections = header.sections(endian, file).ok()?;
    let section = |name: &[u8]| lines::plain_section(&sections, endian, file, name);
    let comment = section(b".comment").unwrap_or_default();
    let known = LANGUAGES.iter().find(|(language, mark)| match *language {
        "Go" => section(b".note.go.buildid").is_some(),
        "OCaml" => contains(file, mark),
        _ => contains(comment, mark),
    });
    let mut code = Code {
        language: known.map(|(language, _)| (*language).to_owned()),
        ..Code::default()
    };
    let hooks = placed(file, is_hook)?;
    let checks = placed(file, is_check)?;
    let mut known: Vec<(u64, u64)> = hooks
        .values()
        .map(|(at, bytes)| (*at, at + bytes.len() as u64))
        .collect();
    // A linker refuses a second one of their names, so that they are what they are called.
    known.extend(checks.values().map(|(at, _)| (*at, at + CHECK_BYTES_MAX)));
    code.hooks = hooks
        .into_iter()
        .map(|(name, (_, bytes))| (name, bytes))
        .collect();

    let load = |id: gimli::SectionId| -> Result<EndianSlice<'_, LittleEndian>, gimli::Error> {
        let data = section(id.name().as_bytes()).unwrap_or_default();
        Ok(EndianSlice::new(data, LittleEndian))
    };
    let dwarf = Dwarf::load(load).ok()?;
    let mut units = dwarf.units();
    while let Some(header) = units.next().ok()? {
        let unit = dwarf.unit(header).ok()?;
        let mut entries = unit.entries();
        let root = entries.next_dfs().ok()??;
        let text = |name| {
            let value = root.attr_value(name)?;
            let text = dwarf.attr_string(&unit, value).ok()?;
            Some(text.to_string_lossy().into_owned())
        };
        let mut has_code = false;
        let mut ranges = dwarf.die_ranges(&unit, root).ok()?;
        while let Some(range) = ranges.next().ok()? {
            // What the linker took out was put at address 0.
            if range.begin != 0 && range.begin < range.end {
                has_code = true;
                known.push((range.begin, range.end));
            }
        }
        if !has_code {
            continue;
        }
        code.units += 1;
        if code.units > UNITS_MAX {
            return None;
        }
        let producer = text(DW_AT_producer).unwrap_or_default();
        for (kind, without) in [
            ("address", &mut code.without),
            ("thread", &mut code.without_threads),
        ] {
            if !is_sanitized(&producer, kind) && without.len() < NAMES_MAX {
                let name = text(DW_AT_name).unwrap_or_else(|| "a part of it".to_owned());
                let name: String = name.chars().take(NAME_BYTES_MAX).collect();
                let name = name.strip_prefix("./").unwrap_or(&name);
                without.push(show::path(Path::new(name)));
            }
        }
    }
    known.sort_unstable();
    for section in sections.iter() {
        let name = sections.section_name(endian, section).unwrap_or_default();
        let is_linkers = [&b".plt"[..], b".init", b".fini"]
            .iter()
            .any(|own| name.starts_with(own));
        if section.sh_flags(endian).0 & SHF_EXECINSTR.0 == 0 || is_linkers {
            continue;
        }
        let begin = section.sh_addr(endian);
        let end = begin.checked_add(section.sh_size(endian))?;
        code.elsewhere = code.elsewhere.saturating_add(uncovered(begin, end, &known));
    }
    Some(code)
}

/// Whether the last of a compiler's options about it has a sanitizer in: `address`, `thread`.
fn is_sanitized(producer: &str, sanitizer: &str) -> bool {
    let words = producer.split_whitespace();
    let mut on = false;
    for word in words {
        if let Some(kinds) = word.strip_prefix("-fsanitize=") {
            on |= kinds.split(',').any(|kind| kind == sanitizer);
        } else if let Some(kinds) = word.strip_prefix("-fno-sanitize=") {
            on &= !kinds
                .split(',')
                .any(|kind| [sanitizer, "all"].contains(&kind));
        }
    }
    on
}

/// How many bytes of a range are in none of these, which are in order.
fn uncovered(begin: u64, end: u64, known: &[(u64, u64)]) -> u64 {
    let (mut at, mut bytes) = (begin, 0);
    for (from, to) in known {
        if *to <= at || *from >= end {
            continue;
        }
        bytes += from.saturating_sub(at);
        at = at.max(*to);
    }
    bytes + end.saturating_sub(at)
}

fn contains(bytes: &[u8], mark: &[u8]) -> bool {
    bytes.windows(mark.len()).any(|at| at == mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_option_about_it_counts() {
        let check = |producer: &str, expect: bool| {
            assert_eq!(is_sanitized(producer, "address"), expect);
            let threads = producer.replace("address", "thread");
            assert_eq!(is_sanitized(&threads, "thread"), expect);
        };
        check(
            "GNU C17 12.2.0 -g -fsanitize=address -fsanitize=undefined",
            true,
        );
        check("GNU C17 12.2.0 -g -fsanitize=address,undefined", true);
        check("GNU C17 12.2.0 -fno-sanitize=all -fsanitize=address", true);
        check("GNU C17 12.2.0 -fsanitize=address -fno-sanitize=all", false);
        check("GNU C17 12.2.0 -fsanitize=undefined", false);
        check("GNU AS 2.40", false);
    }

    #[test]
    fn bytes_outside_of_all_units_are_counted() {
        let check =
            |known: &[(u64, u64)], expect: u64| assert_eq!(uncovered(10, 20, known), expect);
        check(&[], 10);
        check(&[(10, 20)], 0);
        check(&[(0, 12), (11, 15), (18, 30)], 3);
        check(&[(0, 5), (30, 40)], 10);
    }
}
