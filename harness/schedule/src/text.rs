//! A schedule as a file: one turn a line, its thread and the steps that it takes; `#` begins a comment.

use std::fmt::Write as _;

use ipclab_evidence::ThreadId;

use crate::shrink::turns;

/// The most steps that a file may name, so that a damaged one costs no memory.
const STEPS_MAX: usize = 1_000_000;

/// Writes a schedule.
#[must_use]
pub fn write(schedule: &[ThreadId]) -> String {
    let mut text = "# A schedule: ACTOR.THREAD, and how many steps it takes in a row.\n".to_owned();
    for (thread, steps) in turns(schedule) {
        let _ = writeln!(text, "{thread} {steps}");
    }
    text
}

/// Reads one.
///
/// # Errors
/// The line that is no turn.
pub fn read(text: &str) -> Result<Vec<ThreadId>, String> {
    let mut schedule = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let wrong = |why: &str| format!("line {number}: {why}");
        let (thread, steps) = line
            .split_once(char::is_whitespace)
            .ok_or_else(|| wrong("expected a thread and a number of steps, as in `0.1 3`"))?;
        let thread = thread.parse().map_err(|why: String| wrong(&why))?;
        let steps: usize = steps
            .trim()
            .parse()
            .map_err(|_| wrong("the number of steps is no number"))?;
        if schedule.len().saturating_add(steps) > STEPS_MAX {
            return Err(wrong("there are too many steps"));
        }
        schedule.extend(std::iter::repeat_n::<ThreadId>(thread, steps));
    }
    Ok(schedule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let thread = |nth| ThreadId { actor: 0, nth };
        let schedule = [0, 0, 1, 1, 1, 0].map(thread);
        let text = write(&schedule);
        assert!(text.ends_with("0.0 2\n0.1 3\n0.0 1\n"), "{text}");
        assert_eq!(read(&text).unwrap(), schedule);
        for (wrong, why) in [
            ("0.1", "line 1: expected a thread"),
            ("\n0,1 3", "line 2: \"0,1\" is no thread"),
            ("0.1 many", "line 1: the number of steps is no number"),
            ("0.1 99999999999", "line 1: there are too many steps"),
        ] {
            let error = read(wrong).unwrap_err();
            assert!(error.starts_with(why), "{error}");
        }
    }
}
