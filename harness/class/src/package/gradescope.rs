//! A zip for Gradescope: the tool itself, what installs it and what runs it.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use ipclab_spec::Reference;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use ipclab_grade::labs::{self, Lab};
use ipclab_intake::failure::{Failure, reason};
use ipclab_intake::show;

const SETUP: &str = include_str!("gradescope/setup.sh");
const RUN: &str = include_str!("gradescope/run_autograder");

/// A zip, and what is to be known about it.
#[derive(Clone, Debug)]
pub struct Package {
    /// The zip.
    pub archive: Vec<u8>,
    /// How many files are in it.
    pub files: usize,
    /// What the executable in it needs of the machine that it runs on.
    pub needs: String,
}

/// Packs a lab with an executable of the tool; `None`: this one.
///
/// # Errors
/// There is no such lab, a file of it cannot be read, or the executable is none for Linux on x86-64.
pub fn gradescope(lab: &str, tool: Option<&Path>) -> Result<Package, Failure> {
    let lab = labs::named(lab)?;
    let tool = match tool {
        Some(tool) => tool.to_owned(),
        None => std::env::current_exe().map_err(|error| {
            Failure::unable(format!(
                "finding the running executable: {}",
                reason(&error)
            ))
        })?,
    };
    let executable = fs::read(&tool).map_err(|error| {
        Failure::usage(format!("reading {}: {}", show::path(&tool), reason(&error)))
    })?;
    let needs = needs(&executable).ok_or_else(|| {
        Failure::usage(format!(
            "{} is no executable for Linux on x86-64",
            show::path(&tool)
        ))
    })?;
    let mut files = vec![
        ("setup.sh".to_owned(), SETUP.as_bytes().to_vec(), true),
        ("run_autograder".to_owned(), run(&lab).into_bytes(), true),
        ("ipclab".to_owned(), executable, true),
    ];
    if let Some(beside) = &lab.beside {
        files.push((
            "lab/spec.toml".to_owned(),
            lab.text.clone().into_bytes(),
            false,
        ));
        for name in sources(&lab) {
            let path = beside.join(name);
            let contents = fs::read(&path).map_err(|error| {
                Failure::usage(format!("reading {}: {}", show::path(&path), reason(&error)))
            })?;
            files.push((format!("lab/{name}"), contents, false));
        }
    }
    let archive =
        zipped(&files).map_err(|error| Failure::unable(format!("making the zip: {error}")))?;
    Ok(Package {
        archive,
        files: files.len(),
        needs,
    })
}

/// Files of the spec's own references, relative to it.
fn sources(lab: &Lab) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for program in &lab.spec.programs {
        match &program.reference {
            Reference::Sources(sources) => {
                names.extend(sources.iter().map(String::as_str));
            }
            Reference::BuiltIn(_) | Reference::None => {}
        }
    }
    names.sort_unstable();
    names.dedup();
    names
}

fn run(lab: &Lab) -> String {
    let words = match &lab.beside {
        Some(_) => "--spec source/lab/spec.toml".to_owned(),
        None => format!("--lab {}", lab.spec.lab),
    };
    RUN.replace("@LAB@", &words)
}

fn zipped(files: &[(String, Vec<u8>, bool)]) -> zip::result::ZipResult<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, contents, executable) in files {
        let mode = if *executable { 0o755 } else { 0o644 };
        let options = SimpleFileOptions::default().unix_permissions(mode);
        archive.start_file(name.as_str(), options)?;
        archive.write_all(contents)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// What an executable needs of the machine that it runs on; `None`: it is none for x86-64.
fn needs(file: &[u8]) -> Option<String> {
    // ELF, 64 bits, little-endian, machine 62: see elf(5).
    let is_ours = file.starts_with(b"\x7fELF\x02\x01") && file.get(18..20) == Some(&[62, 0]);
    if !is_ours {
        return None;
    }
    // The versions of symbols that it was linked with stand in its string table.
    let version = |tail: &[u8]| -> Option<u32> {
        let digits: Vec<u8> = tail
            .iter()
            .copied()
            .take_while(u8::is_ascii_digit)
            .collect();
        String::from_utf8(digits).ok()?.parse().ok()
    };
    if !file
        .windows(INTERPRETER.len())
        .any(|part| part == INTERPRETER)
    {
        return Some("Linux alone: it is linked statically".to_owned());
    }
    let newest = file
        .windows(PREFIX.len())
        .enumerate()
        .filter(|(at, part)| *part == PREFIX && at.checked_sub(1).is_none_or(|at| file[at] == 0))
        .filter_map(|(at, _)| version(&file[at + PREFIX.len()..]))
        .max()?;
    Some(format!(
        "glibc 2.{newest} or newer{}",
        match newest {
            0..=31 => ": Ubuntu 20.04 has it",
            32..=35 => ": Ubuntu 22.04 and Debian 12 have it",
            36..=39 => ": Ubuntu 24.04 has it",
            _ => "",
        }
    ))
}

const INTERPRETER: &[u8] = b"/lib64/ld-linux-x86-64.so.2\0";
const PREFIX: &[u8] = b"GLIBC_2.";
