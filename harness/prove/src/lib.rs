//! Proving a lab: a spec that grades others shows first that it grades rightly.
//!
//! [`validate`] tries it on programs of which it is known what they must get, [`mutants`] makes programs that pass wrong one
//! call at a time, [`cheats`] tries programs that do not do the task, [`worlds`] tries the same submissions in other
//! surroundings, [`reports`] looks at what their students would read, [`certify`] runs the same programs again and again in different ways, [`coverage`] holds the cases against
//! what the unit asks, and [`golden`] compares what every submission gets with a record.

pub mod certify;
pub mod cheats;
pub mod coverage;
pub mod fault;
pub mod golden;
mod json;
pub mod mutants;
pub mod new_lab;
mod optional;
pub mod reports;
pub mod validate;
pub mod worlds;
