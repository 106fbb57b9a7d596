//! Which line of the student's files each address of a program comes from, by the debug information that its build left.
//!
//! That is a stranger's data with a stranger's names in it. It is read by a process of its own in a box, with limits, and
//! what that says is believed only where it names a file that was handed in, and a line that the file has. No name is ever opened.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use gimli::{
    AttributeValue, DebugLine, DebugLineOffset, DebugLineStr, DebugStr, EndianSlice,
    LineProgramHeader, LittleEndian,
};
use ipclab_evidence::{Actor, Bind, Bytes, Exit, Limits, LineRow, LineTable, Plan, Run, World};
use ipclab_intake::show;
use ipclab_intake::submission::Submission;
use ipclab_sandbox::Sandbox;
use object::Endianness;
use object::elf::{FileHeader64, SHF_COMPRESSED, SHT_SYMTAB, STT_FUNC, Sym64};
use object::read::elf::{FileHeader, SectionHeader, SectionTable, Sym, SymbolTable};

use super::boxed::INSIDE;
use crate::own;

/// The name under which the tool reads a program's lines.
const READER: &str = "ipclab-lines";
/// Where a box shows the tool to itself.
const SHOWN: &str = "/ref/ipclab-lines";
/// Where it shows the program.
const PROGRAM: &str = "program";

/// Files of source that became one program, functions of the C library aside.
const UNITS_MAX: usize = 2_000;
const FILES_MAX: usize = 2_000;
/// Rows that are looked at, and that are kept: a program of a lab has some hundred.
const ROWS_READ_MAX: usize = 1_000_000;
const ROWS_MAX: usize = 20_000;
const NAME_BYTES_MAX: usize = 1_000;

/// What a table takes as JSON at most.
const TABLE_BYTES_MAX: u64 = 2 << 20;

/// Functions of the C library that make threads.
const THREAD_MAKERS: [&str; 2] = ["pthread_create", "thrd_create"];

type Slice<'a> = EndianSlice<'a, LittleEndian>;

/// The lines of a program, read in a box; `None`: none are known.
pub(super) fn of_program(
    program: &Path,
    submission: &Submission,
    sandbox: &mut Sandbox,
) -> Option<LineTable> {
    let said = said_by(READER, program, sandbox)?;
    let named: LineTable = serde_json::from_slice(&said).ok()?;
    let names: Vec<String> = submission.files.iter().map(|it| show::path(it)).collect();
    let lines = |name: &str| {
        let at = names.iter().position(|known| known == name)?;
        let text = submission.read(&submission.files[at]);
        u32::try_from(text.iter().filter(|byte| **byte == b'\n').count() + 1).ok()
    };
    let known = handed_in(&named, lines, &names);
    (!known.is_empty()).then_some(known)
}

/// What the tool says of a program in a box, under this name of its own.
pub(super) fn said_by(reader: &str, program: &Path, sandbox: &mut Sandbox) -> Option<Vec<u8>> {
    let evidence = sandbox.run(&plan(reader, program)).ok()?;
    let actor = evidence.actors.first()?;
    let whole =
        evidence.trouble.is_empty() && actor.exit == Exit::Code(0) && actor.stdout.dropped == 0;
    whole.then(|| actor.stdout.kept().0.clone())
}

/// The program that the tool was started with under this name; `None`: it was started otherwise.
pub(super) fn asked_of<'a>(reader: &str, argv: &'a [OsString]) -> Option<&'a OsString> {
    match argv {
        [name, program] => (Path::new(name).file_name()? == reader).then_some(program),
        _ => None,
    }
}

fn plan(reader: &str, program: &Path) -> Plan {
    let bind = |host: &Path, inside: &Path, trusted_only: bool| Bind {
        host: host.to_owned(),
        inside: inside.to_owned(),
        writable: false,
        trusted_only,
        party: None,
    };
    let world = World {
        binds: vec![
            bind(&own::executable(), Path::new(SHOWN), true),
            bind(program, &Path::new(INSIDE).join(PROGRAM), false),
        ],
        cwd: INSIDE.into(),
        ..World::default()
    };
    let run = Run::Program {
        path: SHOWN.into(),
        argv: vec![Bytes::from(reader), Bytes::from(PROGRAM)],
        env: Vec::new(),
    };
    let reader = Actor {
        trusted: true,
        ..Actor::new("lines", run)
    };
    Plan {
        limits: Limits {
            wall_ms: 10_000,
            cpu_ms: 3_000,
            memory_mib: 512,
            output_bytes: TABLE_BYTES_MAX,
            output_kept: TABLE_BYTES_MAX,
            ..Limits::default()
        },
        traced: false,
        ..Plan::new("lines", world, vec![reader])
    }
}

/// What the tool prints where it was started to read a program's lines; `None`: it was not.
#[must_use]
pub fn hidden(argv: &[OsString]) -> Option<String> {
    let program = asked_of(READER, argv)?;
    let table = fs::read(program).ok().and_then(|file| read(&file));
    serde_json::to_string(&table.unwrap_or_default()).ok()
}

/// What is in a section of a program; `None`: it has no such section, or one that is compressed.
pub(super) fn plain_section<'d>(
    sections: &SectionTable<'d, FileHeader64<Endianness>>,
    endian: Endianness,
    file: &'d [u8],
    name: &[u8],
) -> Option<&'d [u8]> {
    let (_, section) = sections.section_by_name(endian, name)?;
    let plain = section.sh_flags(endian).0 & SHF_COMPRESSED.0 == 0;
    plain.then(|| section.data(endian, file).ok())?
}

/// All lines that a program's debug information names, files by the names that it has for them.
fn read(file: &[u8]) -> Option<LineTable> {
    let header = FileHeader64::<Endianness>::parse(file).ok()?;
    let endian = header.endian().ok()?;
    let sections = header.sections(endian, file).ok()?;
    let section = |name: &[u8]| plain_section(&sections, endian, file, name);
    let lines = section(b".debug_line")?;
    let mut reader = Reader {
        line_texts: DebugLineStr::new(
            section(b".debug_line_str").unwrap_or_default(),
            LittleEndian,
        ),
        texts: DebugStr::new(section(b".debug_str").unwrap_or_default(), LittleEndian),
        files: BTreeMap::new(),
        rows: Vec::new(),
        rows_read: 0,
    };
    let all = DebugLine::new(lines, LittleEndian);
    let mut at = 0;
    for _ in 0..UNITS_MAX {
        if at >= lines.len() {
            break;
        }
        let program = all.program(DebugLineOffset(at), 8, None, None).ok()?;
        let header = program.header();
        let length = header.unit_length();
        at = at
            .checked_add(length)?
            .checked_add(usize::from(header.format().initial_length_size()))?;
        reader.unit(program.rows())?;
    }
    let mut files = vec![String::new(); reader.files.len()];
    for (name, at) in reader.files {
        *files.get_mut(at as usize)? = name;
    }
    let rules = sections.section_by_name(endian, b".eh_frame");
    let rules = rules.map(|(_, rules)| (rules.sh_addr(endian), rules.sh_size(endian)));
    let table = LineTable::new(files, reader.rows).with_rules(rules);
    let symbols = sections.symbols(endian, file, SHT_SYMTAB).ok();
    let functions = symbols.map(|symbols| functions(&symbols, endian));
    Some(table.with_functions(functions.unwrap_or_default()))
}

/// Functions of a program that makes threads, by the addresses at which they begin: what a thread began with is told by its name.
fn functions(
    symbols: &SymbolTable<'_, FileHeader64<Endianness>>,
    endian: Endianness,
) -> Vec<(u64, String)> {
    let name = |symbol: &Sym64<Endianness>| {
        let name = symbol.name(endian, symbols.strings()).ok()?;
        std::str::from_utf8(name).ok().map(str::to_owned)
    };
    let makes_threads = symbols.iter().any(|symbol| {
        // Where it is linked dynamically, a version may follow: `pthread_create@GLIBC_2.34`.
        let plain = name(symbol).and_then(|name| name.split('@').next().map(str::to_owned));
        plain.is_some_and(|name| THREAD_MAKERS.contains(&name.as_str()))
    });
    let all = symbols.iter().filter(|_| makes_threads);
    let functions =
        all.filter(|symbol| symbol.st_type() == STT_FUNC && symbol.st_value(endian) != 0);
    functions
        .filter_map(|symbol| Some((symbol.st_value(endian), name(symbol)?)))
        .collect()
}

struct Reader<'a> {
    line_texts: DebugLineStr<Slice<'a>>,
    texts: DebugStr<Slice<'a>>,
    files: BTreeMap<String, u32>,
    rows: Vec<LineRow>,
    rows_read: usize,
}

impl<'a> Reader<'a> {
    /// `None`: it is too much, or makes no sense.
    fn unit(
        &mut self,
        mut program: gimli::LineRows<Slice<'a>, gimli::IncompleteLineProgram<Slice<'a>>>,
    ) -> Option<()> {
        let mut numbers: BTreeMap<u64, Option<u32>> = BTreeMap::new();
        let mut sequence: Vec<LineRow> = Vec::new();
        while let Some((header, row)) = program.next_row().ok()? {
            self.rows_read += 1;
            if self.rows_read > ROWS_READ_MAX {
                return None;
            }
            let index = row.file_index();
            let file = match numbers.get(&index) {
                Some(known) => *known,
                None => {
                    let name = self.name(header, index);
                    let number = name.and_then(|name| self.number(name));
                    numbers.insert(index, number);
                    number
                }
            };
            let line = row.line().and_then(|line| u32::try_from(line.get()).ok());
            let (file, line) = match (file, line, row.end_sequence()) {
                (Some(file), Some(line), false) => (file, line),
                _ => (0, 0),
            };
            let address = row.address();
            match sequence.last_mut() {
                // Of several lines at one address the last is the one whose code it is.
                Some(last) if last.address == address => (last.file, last.line) = (file, line),
                Some(last) if (last.file, last.line) == (file, line) => {}
                Some(_) | None => sequence.push(LineRow {
                    address,
                    file,
                    line,
                }),
            }
            if row.end_sequence() {
                // What the linker took out was put at address 0.
                if sequence.first().is_some_and(|first| first.address != 0) {
                    self.rows.append(&mut sequence);
                }
                sequence.clear();
            }
            if self.rows.len() + sequence.len() > ROWS_MAX {
                return None;
            }
        }
        Some(())
    }

    fn number(&mut self, name: String) -> Option<u32> {
        let next = u32::try_from(self.files.len()).ok()?;
        if let Some(known) = self.files.get(&name) {
            return Some(*known);
        }
        (self.files.len() < FILES_MAX).then(|| {
            self.files.insert(name, next);
            next
        })
    }

    /// A file by its folder and name, without what is not known of them.
    fn name(&self, header: &LineProgramHeader<Slice<'a>>, index: u64) -> Option<String> {
        let file = header.file(index)?;
        let name = self.text(file.path_name())?;
        let folder = file
            .directory(header)
            .and_then(|folder| self.text(folder))
            .unwrap_or_default();
        // A folder stands relative to that of the compiler, where it does.
        let compiler = header.directory(0).and_then(|folder| self.text(folder));
        let mut path = std::path::PathBuf::new();
        for part in [compiler.unwrap_or_default(), folder, name] {
            path.push(part);
        }
        Some(path.to_str()?.to_owned())
    }

    fn text(&self, value: AttributeValue<Slice<'a>>) -> Option<String> {
        let text = match value {
            AttributeValue::String(text) => text,
            AttributeValue::DebugLineStrRef(at) => self.line_texts.get_str(at).ok()?,
            AttributeValue::DebugStrRef(at) => self.texts.get_str(at).ok()?,
            _ => return None,
        };
        let short = text.slice().len() <= NAME_BYTES_MAX;
        short.then(|| String::from_utf8(text.slice().to_vec()).ok())?
    }
}

/// What of a table is about files that were handed in. `lines` says how many one has.
fn handed_in(
    named: &LineTable,
    lines: impl Fn(&str) -> Option<u32>,
    handed_in: &[String],
) -> LineTable {
    let mut files: Vec<String> = Vec::new();
    let mut most: Vec<u32> = Vec::new();
    let numbers: Vec<Option<u32>> = named
        .files()
        .iter()
        .map(|name| {
            let file = matched(name, handed_in)?;
            let at = match files.iter().position(|known| known == file) {
                Some(at) => at,
                None => {
                    most.push(lines(file)?);
                    files.push(file.to_owned());
                    files.len() - 1
                }
            };
            u32::try_from(at).ok()
        })
        .collect();
    let rows = named.rows().iter().map(|row| {
        let file = numbers.get(row.file as usize).copied().flatten();
        let known = file.filter(|file| {
            row.line > 0
                && most
                    .get(*file as usize)
                    .is_some_and(|most| row.line <= *most)
        });
        LineRow {
            address: row.address,
            file: known.unwrap_or(0),
            line: known.map_or(0, |_| row.line),
        }
    });
    let rows = rows.collect();
    let functions = named.functions().iter();
    let functions = functions.map(|(address, name)| (*address, name.clone()));
    LineTable::new(files, rows)
        .with_rules(named.rules())
        .with_functions(functions)
}

/// The file that was handed in under a name of the debug information. One that is relative to a folder which is not known is
/// the only one that ends so.
fn matched<'a>(name: &str, handed_in: &'a [String]) -> Option<&'a str> {
    let mut parts: Vec<&str> = Vec::new();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    let path = parts.join("/");
    let inside = match name.strip_prefix('/') {
        Some(_) => path
            .strip_prefix(INSIDE.trim_start_matches('/'))?
            .strip_prefix('/')?,
        None => path.as_str(),
    };
    if let Some(file) = handed_in.iter().find(|file| *file == inside) {
        return Some(file);
    }
    if name.starts_with('/') {
        return None;
    }
    let ending = format!("/{inside}");
    let mut alike = handed_in.iter().filter(|file| file.ends_with(&ending));
    match (alike.next(), alike.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const LISTING: &str = "#include <unistd.h>\n#define SAY(text) write(1, text, 2)\nstatic void say(void)\n{\n\tSAY(\"a\\n\");\n}\nint main(void)\n{\n\tsay();\n\treturn 0;\n}\n";

    fn compiled(files: &[(&str, &str)], flags: &[&str]) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let mut cc = Command::new("cc");
        cc.args(["-o", "a", files[0].0]).args(flags);
        assert!(cc.current_dir(folder.path()).status().unwrap().success());
        fs::read(folder.path().join("a")).unwrap()
    }

    /// Lines of each file, in order, without repetition.
    fn lines(table: &LineTable) -> String {
        let mut lines: Vec<(u32, u32)> = table
            .rows()
            .iter()
            .map(|row| (row.file, row.line))
            .collect();
        lines.retain(|(_, line)| *line > 0);
        lines.sort_unstable();
        lines.dedup();
        let name = |file: u32| table.files()[file as usize].as_str();
        let lines = lines
            .iter()
            .map(|(file, line)| format!("{}:{line}", name(*file)));
        lines.collect::<Vec<_>>().join(" ")
    }

    fn known(file: &[u8], handed_in: &[&str]) -> String {
        let handed_in: Vec<String> = handed_in.iter().map(|name| (*name).to_owned()).collect();
        let named = read(file).unwrap_or_default();
        lines(&super::handed_in(&named, |_| Some(100), &handed_in))
    }

    #[test]
    fn each_build_of_a_listing_has_its_lines_and_a_stripped_one_none() {
        let in_box = |flags: &[&str]| {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("a.c"), LISTING).unwrap();
            let map = format!("-fdebug-prefix-map={}=/lab", folder.path().display());
            let mut cc = Command::new("cc");
            cc.args(["-o", "a", "./a.c", &map]).args(flags);
            assert!(cc.current_dir(folder.path()).status().unwrap().success());
            fs::read(folder.path().join("a")).unwrap()
        };
        for flags in [
            &["-g", "-O0"][..],
            &["-g", "-static"],
            &["-g", "-no-pie"],
            &["-gdwarf-4"],
            &["-g1"],
        ] {
            assert_eq!(
                known(&in_box(flags), &["a.c"]),
                "a.c:4 a.c:5 a.c:6 a.c:8 a.c:9 a.c:10 a.c:11",
                "{flags:?}"
            );
        }
        assert!(known(&in_box(&["-g", "-O2"]), &["a.c"]).contains("a.c:5"));
        assert_eq!(known(&in_box(&["-g", "-s"]), &["a.c"]), "");
        assert_eq!(known(&in_box(&[]), &["a.c"]), "");
    }

    /// Of a program that makes none, names would only tell programs apart that do the same.
    #[test]
    fn functions_have_names_where_threads_begin_with_them() {
        let check = |made: &str, expect: &[&str]| {
            let text = format!(
                "#include <pthread.h>\nstatic void *work(void *x) {{ return x; }}\nint main(void) {{ pthread_t t; {made} return 0; }}\n"
            );
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("a.c"), text).unwrap();
            let map = format!("-fdebug-prefix-map={}=/lab", folder.path().display());
            let mut cc = Command::new("cc");
            cc.args(["-o", "a", "./a.c", "-g", "-pthread", &map]);
            assert!(cc.current_dir(folder.path()).status().unwrap().success());
            let file = fs::read(folder.path().join("a")).unwrap();
            let named = read(&file).unwrap_or_default();
            let known = super::handed_in(&named, |_| Some(100), &["a.c".to_owned()]);
            let names: Vec<&str> = known.functions().values().map(String::as_str).collect();
            assert_eq!(names, expect, "{made}");
        };
        check("pthread_create(&t, 0, work, 0);", &["work", "main"]);
        check("work(&t);", &[]);
    }

    #[test]
    fn names_are_matched_and_never_believed() {
        let check = |name: &str, handed_in: &[&str], expect: Option<&str>| {
            let handed_in: Vec<String> = handed_in.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(matched(name, &handed_in), expect, "{name}");
        };
        check("/lab/./a.c", &["a.c"], Some("a.c"));
        check("/lab/src/../a.c", &["a.c", "src/a.c"], Some("a.c"));
        check("/lab/src/a.c", &["a.c"], None);
        check("a.c", &["a.c"], Some("a.c"));
        check("a.c", &["src/a.c"], Some("src/a.c"));
        check("a.c", &["src/a.c", "old/a.c"], None);
        check("/etc/shadow", &["shadow", "etc/shadow"], None);
        check("/lab/../etc/shadow", &["etc/shadow"], None);
        check("../../etc/shadow", &["etc/shadow"], None);
        check("/labour/a.c", &["a.c", "our/a.c"], None);
        check("", &["a.c"], None);
    }

    #[test]
    fn a_line_that_the_file_does_not_have_is_none() {
        let rows = [(0x10, 1), (0x20, 100), (0x30, 101)];
        let rows = rows.map(|(address, line)| LineRow {
            address,
            file: 0,
            line,
        });
        let named = LineTable::new(vec!["/lab/a.c".into()], rows.to_vec());
        let known = handed_in(&named, |_| Some(100), &["a.c".to_owned()]);
        assert_eq!(lines(&known), "a.c:1 a.c:100");
    }

    /// No name leads anywhere, and no table does harm: it is read, or it is not.
    #[test]
    fn mangled_tables_are_read_to_an_end() {
        let text = LISTING.replace("\tsay();", "#line 1 \"/etc/shadow\"\n\tsay();");
        let file = compiled(&[("a.c", &text)], &["-g"]);
        assert!(!known(&file, &["a.c", "etc/shadow", "shadow"]).contains("shadow"));
        let header = FileHeader64::<Endianness>::parse(&*file).unwrap();
        let sections = header.sections(Endianness::Little, &*file).unwrap();
        let (_, section) = sections
            .section_by_name(Endianness::Little, b".debug_line")
            .unwrap();
        let (at, length) = section.file_range(Endianness::Little).unwrap();
        let mut seed = 1u64;
        for round in 0..2_000 {
            let mut bad = file.clone();
            for _ in 0..=(round % 8) {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let place = at + (seed >> 16) % length;
                bad[place as usize] = (seed >> 8) as u8;
            }
            read(&bad);
        }
        for cut in (0..file.len()).step_by(file.len() / 50) {
            read(&file[..cut]);
        }
    }
}
