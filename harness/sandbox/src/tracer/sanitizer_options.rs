//! Options for sanitizers: the variables of an environment that are some.

use ipclab_evidence::Run;

/// The variables with options for sanitizers that a run begins with, in order.
pub(super) fn options_of(run: &Run) -> Vec<Vec<u8>> {
    let Run::Program { env, .. } = run else {
        return Vec::new();
    };
    let all = env.iter().map(|(name, value)| format!("{name}={value}"));
    let mut options: Vec<Vec<u8>> = all
        .map(String::into_bytes)
        .filter(|variable| is_option(variable))
        .collect();
    options.sort();
    options
}

/// `ASAN_OPTIONS=...`
pub(super) fn is_option(variable: &[u8]) -> bool {
    let name = variable.split(|byte| *byte == b'=').next();
    name.is_some_and(|name| name.ends_with(b"SAN_OPTIONS"))
}

/// What ThreadSanitizer maps once more as it begins, and removes at once: `/tmp/tsan.rodata.4001`.
pub(super) fn is_own_file(path: &[u8]) -> bool {
    let number = path.strip_prefix(b"/tmp/tsan.rodata.").unwrap_or_default();
    !number.is_empty() && number.iter().all(u8::is_ascii_digit)
}
