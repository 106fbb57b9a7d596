//! `results.jsonl`: a line for each submission, written as soon as it is graded.
//!
//! A line is written in one piece and synced before the next; what a crash or a full disk leaves of one is recognised,
//! since it has no end, and dropped. A later line about the same submission, graded by the same settings, replaces an
//! earlier one; when a run is done the file is written anew, one line each, in the order of ids. Lines by other settings
//! are kept apart: they are no results of this grading.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use ipclab_report::{Entry, Outcome, SourceFile, Who};
use serde::de::{Error, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::key::{is_of_nothing, settings_of};
use super::manifest::Manifest;
use super::print::Print;
use crate::results_folder::ResultsFolder;
use ipclab_intake::failure::{Failure, reason};
use ipclab_intake::show::path as display;

/// The name of the file.
pub(crate) const NAME: &str = "results.jsonl";

/// One line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Line {
    schema: Schema,
    /// The lab's name.
    pub(super) lab: String,
    /// What the result hangs on: [`super::key`].
    pub(super) key: String,
    /// Whether a mark stands; otherwise the next run tries again.
    pub(super) graded: bool,
    /// How long it took: the only thing that differs between two runs.
    pub(super) took_ms: u64,
    /// What came of it.
    pub(crate) entry: Entry,
    /// By what it was graded.
    #[serde(default)]
    pub(super) by: Manifest,
    /// What was handed in, for the staff to read beside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) code: Vec<SourceFile>,
    /// By what it is compared with others.
    #[serde(default, skip_serializing_if = "Print::is_empty")]
    pub(super) print: Print,
}

/// What is read of a line without its report.
#[derive(Deserialize)]
struct Head {
    #[serde(rename = "schema")]
    _schema: Schema,
    lab: String,
    key: String,
    graded: bool,
    entry: EntryHead,
}

#[derive(Deserialize)]
struct EntryHead {
    who: Who,
    #[serde(rename = "outcome")]
    _outcome: IgnoredAny,
}

/// Where a line is, and what is to be known of it.
#[derive(Clone, Debug)]
pub(crate) struct StoredResult {
    /// The student it belongs to.
    pub(super) who: Who,
    /// What it hangs on.
    pub(super) key: String,
    /// Whether a mark stands.
    pub(super) graded: bool,
    offset: u64,
    length: u64,
}

/// The file, open, and what is in it.
#[derive(Debug)]
pub(crate) struct Results {
    path: PathBuf,
    file: File,
    length: u64,
    /// The settings whose results these are; empty: those of the last line.
    settings: String,
    /// Lines of those settings.
    by_id: BTreeMap<String, StoredResult>,
    /// Lines of any other settings, by settings and id.
    others: BTreeMap<String, BTreeMap<String, StoredResult>>,
    /// How many lines made no sense.
    pub(super) dropped: usize,
}

impl Line {
    /// A line.
    pub(super) fn new(lab: &str, key: String, took_ms: u64, entry: Entry) -> Self {
        Self {
            schema: Schema,
            lab: lab.to_owned(),
            key,
            graded: entry.is_graded(),
            took_ms,
            entry,
            by: Manifest::default(),
            code: Vec::new(),
            print: Print::default(),
        }
    }
}

impl Line {
    /// Whether there is a mark of the same files already, and this is none for a reason that the student did not cause.
    pub(super) fn is_less_than(&self, stored: &StoredResult) -> bool {
        let same_files = self.key == stored.key || is_of_nothing(&self.key);
        let ours = match &self.entry.outcome {
            Outcome::Report(_) => true,
            Outcome::NotGraded(why) => why.ours,
        };
        stored.graded && !self.graded && same_files && ours
    }
}

impl Results {
    /// Opens the file of a folder of results, and mends its end.
    ///
    /// # Errors
    /// It is of another lab, or the disk's trouble.
    pub(super) fn open(out: &ResultsFolder, lab: &str, settings: &str) -> Result<Self, Failure> {
        let path = out.path(NAME);
        let opened = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .append(true)
            .open(&path);
        let results = opened
            .and_then(|file| Self::index(path.clone(), file))
            .map_err(|error| failed("reading", &path, &error))?;
        let results = results.of_lab(lab, &path)?.by(settings);
        let trouble = |error: io::Error| failed("writing", &path, &error);
        results.file.set_len(results.length).map_err(trouble)?;
        Ok(results)
    }

    /// Reads the file of a folder, and changes nothing in it.
    ///
    /// # Errors
    /// It is not there, or cannot be read.
    pub(crate) fn read_only(folder: &Path, settings: &str) -> Result<Self, Failure> {
        let path = folder.join(NAME);
        let results = File::open(&path).and_then(|file| Self::index(path.clone(), file));
        match results {
            Ok(results) => Ok(results.by(settings)),
            Err(error) => Err(failed("reading", &path, &error)),
        }
    }

    /// Makes the results of these settings the ones that count.
    pub(super) fn by(mut self, settings: &str) -> Self {
        let before = std::mem::replace(&mut self.settings, settings.to_owned());
        let lines = std::mem::take(&mut self.by_id);
        self.others.insert(before, lines);
        self.by_id = self.others.remove(settings).unwrap_or_default();
        self.others.retain(|_, lines| !lines.is_empty());
        self
    }

    /// Settings that there are lines of, and how many lines each has.
    pub(super) fn settings(&self) -> BTreeMap<&str, usize> {
        let others = self.others.iter();
        let mut counts: BTreeMap<&str, usize> = others
            .map(|(settings, lines)| (settings.as_str(), lines.len()))
            .collect();
        if !self.by_id.is_empty() {
            counts.insert(&self.settings, self.by_id.len());
        }
        counts
    }

    /// Results by other settings, which are in the file all the same.
    pub(crate) fn others(&self) -> impl Iterator<Item = (&str, Vec<(&String, &StoredResult)>)> {
        let others = self.others.iter();
        others.map(|(settings, lines)| (settings.as_str(), lines.iter().collect()))
    }

    fn of_lab(self, lab: &str, path: &Path) -> Result<Self, Failure> {
        let Some(other) = self.other_lab(lab) else {
            return Ok(self);
        };
        Err(Failure::usage(format!(
            "{} has results of the lab {}",
            display(path),
            ipclab_report::Line::new(&other)
        ))
        .remedy("name another folder with -o"))
    }

    /// The lab of a line, where it is not this one.
    fn other_lab(&self, lab: &str) -> Option<String> {
        let others = self.others.values().flat_map(BTreeMap::values);
        let kept = self.by_id.values().chain(others).next()?;
        let line = self.line(kept).ok()?;
        (line.lab != lab).then_some(line.lab)
    }

    fn index(path: PathBuf, file: File) -> io::Result<Self> {
        let mut results = Self {
            path,
            file: file.try_clone()?,
            length: 0,
            settings: String::new(),
            by_id: BTreeMap::new(),
            others: BTreeMap::new(),
            dropped: 0,
        };
        let mut reader = BufReader::new(file);
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            reader.read_until(b'\n', &mut bytes)?;
            // The end of the file, or a line that a killed run was about to write.
            if bytes.last() != Some(&b'\n') {
                results.dropped += usize::from(!bytes.is_empty());
                return Ok(results);
            }
            let length = bytes.len() as u64;
            match serde_json::from_slice::<Head>(&bytes) {
                Ok(head) => {
                    let kept = StoredResult {
                        who: head.entry.who,
                        key: head.key,
                        graded: head.graded,
                        offset: results.length,
                        length,
                    };
                    let _ = head.lab;
                    let of = results.others.entry(settings_of(&kept.key).to_owned());
                    of.or_default().insert(kept.who.id.to_string(), kept);
                }
                Err(_) => results.dropped += 1,
            }
            results.length += length;
        }
    }

    /// What is kept of a submission.
    pub(super) fn get(&self, id: &str) -> Option<StoredResult> {
        self.by_id.get(id).cloned()
    }

    /// Where a submission's line is.
    pub(crate) fn stored(&self, id: &str) -> Option<StoredResult> {
        self.get(id)
    }

    /// Everything that is kept, in the order of ids.
    pub(super) fn all(&self) -> impl Iterator<Item = (&String, &StoredResult)> {
        self.by_id.iter()
    }

    /// Adds a line. When it cannot be written whole, nothing of it stays.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn append(&mut self, line: &Line) -> Result<(), Failure> {
        let mut bytes = serde_json::to_vec(line)
            .map_err(|error| Failure::unable(format!("writing a result: {error}")))?;
        bytes.push(b'\n');
        let written = self
            .file
            .write_all(&bytes)
            .and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // The next run would drop it all the same.
            let _ = self.file.set_len(self.length);
            return Err(failed("writing", &self.path, &error)
                .remedy("make space, and run the same command again: what was graded is kept"));
        }
        let kept = StoredResult {
            who: line.entry.who.clone(),
            key: line.key.clone(),
            graded: line.graded,
            offset: self.length,
            length: bytes.len() as u64,
        };
        self.length += kept.length;
        self.by_id.insert(line.entry.who.id.to_string(), kept);
        Ok(())
    }

    /// The same result, of a student of whom more is known now.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn rename(&mut self, id: &str, who: Who) -> Result<(), Failure> {
        let Some(kept) = self.get(id) else {
            return Ok(());
        };
        let mut line = self.line(&kept)?;
        line.entry.who = who;
        self.append(&line)
    }

    /// Reads a line again, whole.
    ///
    /// # Errors
    /// The disk's, or it is not what it was.
    pub(crate) fn line(&self, kept: &StoredResult) -> Result<Line, Failure> {
        let bytes = self
            .bytes(kept)
            .map_err(|error| failed("reading", &self.path, &error))?;
        serde_json::from_slice(&bytes)
            .map_err(|error| Failure::unable(format!("reading {}: {error}", display(&self.path))))
    }

    /// A line as it stands there, newline included.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn bytes(&self, kept: &StoredResult) -> io::Result<Vec<u8>> {
        let length = usize::try_from(kept.length).map_err(io::Error::other)?;
        let mut bytes = vec![0; length];
        // Several may read at a time.
        self.file.read_exact_at(&mut bytes, kept.offset)?;
        Ok(bytes)
    }
}

fn failed(doing: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::unable(format!("{doing} {}: {}", display(path), reason(error)))
}

/// Name and version of the format; reading any other is an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Schema;

const SCHEMA: &str = "ipclab/result/v1";

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(SCHEMA)
    }
}

impl<'de> Deserialize<'de> for Schema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        if name == SCHEMA {
            Ok(Self)
        } else {
            Err(D::Error::custom("another schema"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipclab_report::NotGraded;

    fn line(id: &str, why: &str) -> Line {
        let entry = Entry {
            who: Who {
                id: id.into(),
                page: id.into(),
                ..Who::default()
            },
            outcome: Outcome::NotGraded(NotGraded {
                why: why.into(),
                ours: false,
            }),
        };
        Line::new("greet", "s-k".to_owned(), 5, entry)
    }

    fn out() -> (tempfile::TempDir, ResultsFolder) {
        let workdir = tempfile::tempdir().unwrap();
        let out =
            ResultsFolder::open(&workdir.path().join("out"), &workdir.path().join("in")).unwrap();
        (workdir, out)
    }

    fn says(results: &Results, id: &str) -> String {
        let line = results.line(&results.get(id).unwrap()).unwrap();
        match line.entry.outcome {
            Outcome::NotGraded(why) => why.why.to_string(),
            Outcome::Report(_) => panic!(),
        }
    }

    #[test]
    fn a_torn_line_is_dropped_and_the_next_one_stands_alone() {
        let (_workdir, out) = out();
        let mut results = Results::open(&out, "greet", "s").unwrap();
        results.append(&line("a", "1")).unwrap();
        results.append(&line("b", "2")).unwrap();
        let whole = std::fs::read(out.path(NAME)).unwrap();
        let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        // Wherever it tears.
        for cut in [first + 1, (first + whole.len()) / 2, whole.len() - 1] {
            std::fs::write(out.path(NAME), &whole[..cut]).unwrap();
            let mut results = Results::open(&out, "greet", "s").unwrap();
            assert_eq!(results.dropped, 1);
            assert!(results.get("a").is_some() && results.get("b").is_none());
            results.append(&line("b", "again")).unwrap();
            let results = Results::open(&out, "greet", "s").unwrap();
            assert_eq!(
                (results.dropped, says(&results, "b")),
                (0, "again".to_owned())
            );
            assert_eq!(says(&results, "a"), "1");
        }
    }

    #[test]
    fn damage_in_the_middle_costs_its_own_line_and_a_later_line_counts() {
        let (_workdir, out) = out();
        let mut results = Results::open(&out, "greet", "s").unwrap();
        for (id, why) in [("a", "1"), ("b", "2"), ("a", "3")] {
            results.append(&line(id, why)).unwrap();
        }
        assert_eq!(says(&results, "a"), "3");
        let text = std::fs::read_to_string(out.path(NAME)).unwrap();
        std::fs::write(out.path(NAME), text.replace("\"b\"", "\"b\0")).unwrap();
        let results = Results::open(&out, "greet", "s").unwrap();
        assert_eq!(results.dropped, 1);
        assert_eq!(results.all().count(), 1);
        assert_eq!(says(&results, "a"), "3");
    }

    #[test]
    fn results_by_other_settings_stand_beside_each_other() {
        let (_workdir, out) = out();
        let mut results = Results::open(&out, "greet", "s").unwrap();
        results.append(&line("a", "1")).unwrap();
        results.append(&line("b", "2")).unwrap();
        let mut results = Results::open(&out, "greet", "t").unwrap();
        assert_eq!(results.all().count(), 0);
        let mut other = line("a", "3");
        other.key = "t-k".to_owned();
        results.append(&other).unwrap();
        assert_eq!(says(&results, "a"), "3");
        assert_eq!(results.settings(), BTreeMap::from([("s", 2), ("t", 1)]));
        let results = Results::open(&out, "greet", "s").unwrap();
        assert_eq!(
            (says(&results, "a"), says(&results, "b")),
            ("1".to_owned(), "2".to_owned())
        );
    }

    #[test]
    fn results_of_another_lab_are_not_mixed_in() {
        let (_workdir, out) = out();
        Results::open(&out, "greet", "s")
            .unwrap()
            .append(&line("a", "1"))
            .unwrap();
        let failure = Results::open(&out, "tcp-echo", "s").unwrap_err();
        assert!(
            failure.message.contains("results of the lab greet"),
            "{failure}"
        );
    }

    #[test]
    fn a_folder_has_one_writer() {
        let (workdir, out) = out();
        let second = ResultsFolder::open(&workdir.path().join("out"), &workdir.path().join("in"));
        assert!(second.unwrap_err().message.contains("another run writes"));
        drop(out);
        ResultsFolder::open(&workdir.path().join("out"), &workdir.path().join("in")).unwrap();
    }

    #[test]
    fn what_a_killed_run_was_about_to_write_is_swept() {
        let (workdir, out) = out();
        out.write("pages/a.html", "whole").unwrap();
        drop(out);
        let half = ["out/.new-1", "out/pages/.new-2"].map(|name| workdir.path().join(name));
        for half in &half {
            std::fs::write(half, "half").unwrap();
        }
        let out =
            ResultsFolder::open(&workdir.path().join("out"), &workdir.path().join("in")).unwrap();
        assert!(half.iter().all(|half| !half.exists()));
        assert!(out.path("pages/a.html").exists());
    }

    /// The folder that was refused stayed there, and was a student's without files the next time.
    #[test]
    fn results_do_not_lie_among_the_submissions() {
        let workdir = tempfile::tempdir().unwrap();
        let class = workdir.path().join("in");
        std::fs::create_dir(&class).unwrap();
        std::os::unix::fs::symlink("in", workdir.path().join("link")).unwrap();
        for out in ["in", "in/out", "in/out/deeper", "link/out"] {
            let failure = ResultsFolder::open(&workdir.path().join(out), &class).unwrap_err();
            assert!(
                failure.message.contains("lies among the submissions"),
                "{failure}"
            );
        }
        assert_eq!(std::fs::read_dir(&class).unwrap().count(), 0);
        ResultsFolder::open(&workdir.path().join("in-out"), &class).unwrap();
    }
}
