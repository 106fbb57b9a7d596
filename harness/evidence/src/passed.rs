//! Descriptors that processes send to others over Unix sockets, `SCM_RIGHTS` of `unix(7)`.

use serde::{Deserialize, Serialize};

/// A descriptor that was sent. The receiver has another number for the same open file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassedDescriptor {
    /// Its place with the process that sent it.
    pub from: DescriptorPlace,
    /// What it is open on, as [`crate::HeldDescriptor::on`].
    pub on: String,
    /// It can be read from.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reads: bool,
    /// It can be written to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub writes: bool,
    /// Its place with the process that received it; `None`: no process did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<DescriptorPlace>,
}

/// A descriptor of a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DescriptorPlace {
    /// Index into [`crate::Evidence::actors`].
    pub actor: usize,
    /// The process as it sees itself.
    pub pid: u32,
    /// Its number there.
    pub fd: i32,
    /// The call that sent or received it, by number.
    pub call: u32,
}
