//! Tries each capability by using it.
/// One capability of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capability {
    /// What it is.
    pub name: &'static str,
    /// Whether it works here.
    pub works: bool,
    /// What was seen.
    pub detail: String,
    /// What would make it work.
    pub remedy: Option<String>,
}
/// Tries everything.
#[must_use]
pub fn doctor() -> Vec<Capability> {
    Vec::new()
}
