//! The tutorial of `specs/README.md`, word for word: its commands are run in an empty folder, its files are written there.
//!
//! A block `console` holds commands after `$` and lines that must come of them, in this order; `...` stands for any lines. Other
//! blocks are files: `file=PATH` is one, and `append=PATH` is put behind one.

use std::fs;
use std::path::Path;

use crate::common::Workdir;

/// The tutorial's blocks: what stands behind the fence, and the block.
fn blocks() -> Vec<(String, String)> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs/README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let (_, from) = readme.split_once("<!-- tutorial:").unwrap();
    let (tutorial, _) = from.split_once("<!-- end of the tutorial -->").unwrap();
    let mut blocks = Vec::new();
    let mut rest = tutorial;
    while let Some((_, from)) = rest.split_once("\n```") {
        let (about, from) = from.split_once('\n').unwrap();
        let (block, after) = from.split_once("\n```\n").unwrap();
        blocks.push((about.to_owned(), format!("{block}\n")));
        rest = after;
    }
    blocks
}

#[test]
#[ignore = "takes half a minute: cargo test --workspace -- --ignored the_tutorial"]
fn the_tutorial_does_what_it_says() {
    let workdir = Workdir::with(&[]);
    let blocks = blocks();
    assert!(blocks.len() >= 8, "{}", blocks.len());
    for (about, block) in blocks {
        let words: Vec<&str> = about.split(' ').collect();
        let place = words.get(1).and_then(|word| word.split_once('='));
        match (words[0], place) {
            ("console", None) => console(&workdir, &block),
            (_, Some(("file", path))) => {
                workdir.write(path, block);
            }
            (_, Some(("append", path))) => {
                let path = workdir.path(path);
                let text = fs::read_to_string(&path).unwrap();
                fs::write(path, format!("{text}\n{block}")).unwrap();
            }
            _ => panic!("a block that is neither a command nor a file: {about}"),
        }
    }
}

/// Runs the commands of a block, each with the lines that follow it.
fn console(workdir: &Workdir, block: &str) {
    for command in block.split("$ ").skip(1) {
        let (line, expected) = command.split_once('\n').unwrap();
        let args = line.strip_prefix("ipclab ").expect("a command of ours");
        let output = workdir.ipclab().args(args.split(' ')).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        let mut lines = said.lines();
        for wanted in expected.lines().filter(|line| *line != "...") {
            assert!(
                lines.any(|line| line.starts_with(wanted.trim_end())),
                "{line}\nmust say, after what stands before it: {wanted}\nand says\n{said}"
            );
        }
    }
}
