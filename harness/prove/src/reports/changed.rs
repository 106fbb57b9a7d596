//! The lines of a rejected submission that its patch changed or added.

use std::collections::BTreeSet;
use std::fs;

use ipclab_report::{Line, Place};
use similar::{ChangeTag, TextDiff};

use crate::validate::probes::{Kind, Probe};
use ipclab_intake::failure::{Failure, reason};
use ipclab_intake::materialise;
use ipclab_intake::show;

/// Lines by file.
#[derive(Debug, Default)]
pub(super) struct Changed(BTreeSet<(Line, u32)>);

impl Changed {
    /// What the patch of a probe changed; `None`: it has none, or only takes lines away.
    ///
    /// # Errors
    /// It does not fit its base.
    pub(super) fn by(probe: &Probe) -> Result<Option<Self>, Failure> {
        let (Kind::Rejected, Some(path)) = (probe.kind, &probe.path) else {
            return Ok(None);
        };
        if !materialise::is_patch(path) {
            return Ok(None);
        }
        let text = fs::read_to_string(path).map_err(|error| {
            Failure::usage(format!("reading {}: {}", show::path(path), reason(&error)))
        })?;
        let base =
            ipclab_spec::patch(&show::path(path), &text).map(|patch| patch.base().to_owned());
        let base = base.map_err(|wrong| Failure::usage(wrong.render(false)))?;
        let folder = path.parent().and_then(|rejected| rejected.parent());
        let base = folder.map(|folder| folder.join("accepted").join(base));
        let before = materialise::materialised(&base.unwrap_or_default())?;
        let after = materialise::materialised(path)?;
        let mut changed = Self::default();
        for (name, (bytes, _)) in &after {
            let old = before.get(name).map_or(&[][..], |(bytes, _)| bytes);
            let (old, new) = (String::from_utf8_lossy(old), String::from_utf8_lossy(bytes));
            changed.add(name, &old, &new);
        }
        Ok((!changed.0.is_empty()).then_some(changed))
    }

    fn add(&mut self, name: &str, old: &str, new: &str) {
        let diff = TextDiff::from_lines(old, new);
        for change in diff.iter_all_changes() {
            if let (ChangeTag::Insert, Some(at)) = (change.tag(), change.new_index()) {
                let line = u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1);
                self.0.insert((Line::new(name), line));
            }
        }
    }

    pub(super) fn has(&self, place: &Place) -> bool {
        self.0.contains(&(place.file.clone(), place.line))
    }

    pub(super) fn is_near(&self, place: &Place, lines: u32) -> bool {
        let mut all = self.0.iter();
        all.any(|(file, line)| *file == place.file && line.abs_diff(place.line) <= lines)
    }

    /// `client.c:12`, in their order.
    pub(super) fn places(&self) -> Vec<String> {
        let all = self.0.iter();
        all.map(|(file, line)| format!("{file}:{line}")).collect()
    }

    pub(super) fn has_file(&self, place: &Place) -> bool {
        self.0.iter().any(|(file, _)| *file == place.file)
    }
}

#[cfg(test)]
mod tests {
    use super::Changed;

    #[test]
    fn lines_that_were_changed_or_added_count_and_those_taken_away_do_not() {
        let check = |old: &str, new: &str, expect: &[u32]| {
            let mut changed = Changed::default();
            changed.add("a.c", old, new);
            let lines: Vec<u32> = changed.0.iter().map(|(_, line)| *line).collect();
            assert_eq!(lines, expect);
        };
        check("a\nb\nc\n", "a\nB\nc\n", &[2]);
        check("a\nb\n", "a\nx\ny\nb\n", &[2, 3]);
        check("a\nb\n", "a\n", &[]);
    }
}
