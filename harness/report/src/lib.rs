//! One Report, many renderers.
//!
//! [`Report::new`] assembles what the stages before it found out; here, and nowhere else, points are added up. A
//! renderer is a function from a [`Report`] to text in a file of its own: it computes no verdict and touches no file,
//! clock, process or environment, so that every format says the same about a submission.
//!
//! What students wrote is hostile until it has become a [`Line`] or a [`Block`]: those are the only kinds of text that
//! a report holds, and they cannot hold a control character.

mod alike;
mod assemble;
mod audience;
mod beside;
mod by_hand;
mod by_name;
pub mod cause;
mod changes;
mod class;
pub mod classroom50;
mod conversation;
pub mod csv;
pub mod ctrf;
mod diff;
mod excerpts;
pub mod explain;
pub mod github;
pub mod gradebook;
pub mod gradescope;
pub mod html;
pub mod interop;
pub mod json;
pub mod junit;
mod late;
mod likest;
mod mark;
pub mod markdown;
pub mod moodle;
pub mod names;
mod parting;
mod place;
mod program;
mod regrade;
mod report;
mod rows;
mod settled;
mod source_file;
pub mod tap;
pub mod terminal;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
pub mod time;
pub mod watching;
mod who;
mod words;

pub use alike::{Alike, AlikePair};
pub use assemble::{About, Judged};
pub use audience::Audience;
pub use by_hand::Override;
pub use class::{
    Cell, CellCause, Class, ClassCase, ClassSchema, Entry, Member, NotBuilt, NotGraded, Outcome,
    Standing, Summary,
};
pub use conversation::{
    Act, Column, Conversation, Delivery, Parting, Role, Row, Strayed, Tone, Turn,
};
pub use diff::{Diff, DiffRow};
pub use late::{Base, LateRule, Lateness};
pub use likest::likest;
pub use mark::Mark;
pub use place::{Excerpt, Place, Places};
pub use program::{CompilerMessage, Problem, Program, Severity};
pub use regrade::{CaseChange, CaseHeld, Change, Changes, Group, Held, Regrade};
pub use report::{
    CaseReport, CauseReport, FindingReport, Hint, PartReport, Report, Schema, Score, TierScore,
    Withheld,
};
pub use settled::{ByHand, Given, Late, Settled, Timing};
pub use source_file::SourceFile;
pub use text::{Block, Line, width};
pub use who::{Student, Who};
pub use words::called;
