//! Kinds of findings whose origin is read off the run and a part of the text that is known beforehand: the calls that such a
//! finding is about, and what decides about them.

use ipclab_evidence::{Call, SourceLine, belongs};

use super::look::Look;

/// Places of one call that are looked at.
const SITES_MAX: usize = 16;

/// Where a finding of one kind comes from, by the lines that it shows at; empty: it is of another kind.
type Rule<'a> = fn(&Look<'a>, &[SourceLine]) -> Vec<SourceLine>;

impl<'a> Look<'a> {
    /// Where a finding of one of these kinds comes from; empty: it is none of them.
    pub(super) fn by_kind(&self, lines: &[SourceLine]) -> Vec<SourceLine> {
        let rules: [Rule<'a>; 55] = [
            Self::called_in_handler,
            Self::came_before,
            Self::came_unawaited,
            Self::out_of_range,
            Self::went_on,
            Self::fails_for_ever,
            Self::never_joined,
            Self::other_result,
            Self::made_what_was_missing,
            Self::believed,
            Self::sent_type,
            Self::gave_up,
            Self::ended_before,
            Self::not_refused,
            Self::refused_late,
            Self::made_itself,
            Self::made_to_fail,
            Self::interrupted,
            Self::went_elsewhere,
            Self::other_type,
            Self::serves_once,
            Self::gave_up_on,
            Self::ended_early,
            Self::printed_by_another,
            Self::one_after_the_other,
            Self::not_printed,
            Self::extra_text,
            Self::printed_before,
            Self::without_arguments,
            Self::after_signal,
            Self::flag,
            Self::stale,
            Self::never_waited_for,
            Self::process_count,
            Self::never_forks,
            Self::thread_count,
            Self::command,
            Self::still_there,
            Self::file,
            Self::unchanged_file,
            Self::standstill,
            Self::only_printed,
            Self::never_reached,
            Self::shared_nothing,
            Self::other_sites,
            Self::said_on_stdout,
            Self::not_removed,
            Self::removed_another,
            Self::replaced,
            Self::printed_less,
            Self::never_calls,
            Self::made_otherwise,
            Self::failed_as_well,
            Self::small_steps,
            Self::let_through,
        ];
        let found = rules.iter().map(|rule| rule(self, lines));
        found
            .into_iter()
            .find(|lines| !lines.is_empty())
            .unwrap_or_default()
    }

    /// The calls of the program, by all its processes.
    pub(super) fn calls(&self) -> impl DoubleEndedIterator<Item = &'a Call> + use<'a> {
        let index = self.actor.map(|(index, _)| index);
        let trace = self.evidence.trace.iter();
        trace.filter(move |call| Some(call.actor) == index)
    }

    /// Where calls of a family were made, each place once, the last place first: the line in the outermost function where a
    /// function of the student's makes them for several places.
    pub(super) fn sites(&self, family: &str) -> Vec<&'a [SourceLine]> {
        let mut sites: Vec<&[SourceLine]> = Vec::new();
        for call in self.calls().rev() {
            let is_it = belongs(&call.name, true, family) && !call.lines.is_empty();
            if sites.len() == SITES_MAX {
                break;
            }
            if is_it && !sites.contains(&call.lines.as_slice()) {
                sites.push(&call.lines);
            }
        }
        sites
    }
}
