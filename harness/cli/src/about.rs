//! The facts of this executable: its version, the commit, how it was built, and what it carries.

use std::sync::LazyLock;

use ipclab_grade::labs;

/// The commit that the sources are of, and its day; empty where they have no history.
const COMMIT: &str = env!("IPCLAB_COMMIT");
/// The version, without the commit.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The processor and the C library that this was built for, as compilers name them.
pub(crate) const TARGET: &str = env!("IPCLAB_TARGET");

/// `0.1.0 (1b1ee06 2026-11-29)`
pub(crate) fn version() -> &'static str {
    static VERSION_AND_COMMIT: LazyLock<String> = LazyLock::new(|| match COMMIT {
        "" => format!("{VERSION} (commit unknown)"),
        commit => format!("{VERSION} ({commit})"),
    });
    &VERSION_AND_COMMIT
}

/// The same, and how this was built.
pub(crate) fn long_version() -> &'static str {
    static ALL: LazyLock<String> = LazyLock::new(|| {
        let linked = if cfg!(target_feature = "crt-static") {
            "static: it needs no library of the machine"
        } else {
            "linked with the machine's C library"
        };
        let labs = labs::names();
        format!(
            "{}\nbuild {TARGET}, {}, {linked}\n{} labs inside: {}",
            version(),
            env!("IPCLAB_PROFILE"),
            labs.len(),
            labs.join(", ")
        )
    });
    &ALL
}

/// The commit that a build from sources is pinned to; `None`: it is unknown, or the sources were changed after it.
pub(crate) fn commit() -> Option<&'static str> {
    let id = COMMIT.split(' ').next().filter(|id| !id.is_empty())?;
    (!id.ends_with('+')).then_some(id)
}
