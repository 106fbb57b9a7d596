//! Mappings: files and shared memory that a process has put into its memory with `mmap(2)`.

use serde::{Deserialize, Serialize};

use crate::Moment;

/// A process's own mappings, where the plan asks for them: without those of its parent, and without those of the loader and of
/// libraries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mappings {
    /// Each file, and each memory that has no name, in the order in which they were mapped first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<MappedObject>,
    /// Objects that were still mapped at moments of interest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<HeldMappings>,
    /// There was so much to look at that something was left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crowd: Option<MappingCrowd>,
}

impl Mappings {
    /// Whether nothing was seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A process with too many mappings to be looked at each time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappingCrowd {
    /// The most that it was seen to have at once.
    pub mappings: u64,
    /// How often it was not looked.
    pub unseen: u64,
}

/// A file, or memory that has no name, that a process has mapped at some time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappedObject {
    /// Its path, or `shared memory 1`, in the order in which the case showed them.
    pub on: String,
    /// It has no name: only children of the process that mapped it can have it, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nameless: bool,
    /// The first call after which others saw what was written there, by number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared: Option<u32>,
    /// The first call after which no other process saw it, `MAP_PRIVATE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<u32>,
    /// The first call after which it could be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writable: Option<u32>,
    /// The most bytes of it that were mapped at once, in whole pages.
    pub most: u64,
    /// The call after which they were.
    pub most_by: u32,
}

/// A process's mappings of one moment that it had not given back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldMappings {
    /// When.
    pub moment: Moment,
    /// The call of that moment, by number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<u32>,
    /// One for each object and call that mapped some of it.
    pub mapped: Vec<HeldMapping>,
}

/// The rest of a mapping that one call made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldMapping {
    /// As in [`MappedObject`].
    pub on: String,
    /// As in [`MappedObject`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nameless: bool,
    /// The call that mapped it, by number.
    pub by: u32,
    /// How many bytes are left, in whole pages.
    pub bytes: u64,
    /// How many that call mapped.
    pub whole: u64,
}
