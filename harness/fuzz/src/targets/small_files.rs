//! The small files beside submissions: `ipclab.toml`, `expected.toml`, a rejected one's patch, `equivalent.toml`, a spreadsheet's metadata.

use std::sync::LazyLock;

use ipclab_spec::Spec;

use super::spec::check_diagnostics;
use ipclab_prove::mutants::equivalent;

static SPEC: LazyLock<Spec> = LazyLock::new(|| {
    let text = include_str!("../../../spec/tests/everything.toml");
    ipclab_spec::parse("everything.toml", text)
        .expect("it is a test that it can be read")
        .spec
});

/// Any text as each of them.
pub fn small_files(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Err(diagnostics) = ipclab_spec::expected("expected.toml", text, &SPEC) {
        assert!(diagnostics.has_errors());
        check_diagnostics(text, &diagnostics);
    }
    if let Err(diagnostics) = ipclab_spec::submission("ipclab.toml", text) {
        assert!(diagnostics.has_errors());
        check_diagnostics(text, &diagnostics);
    }
    let applied = ipclab_spec::patch_expecting("fault.toml", text, &SPEC).and_then(|(patch, _)| {
        let base = [("server.c".to_owned(), b"int main(void)\n{\n}\n".to_vec())];
        patch.apply(&base.into())
    });
    if let Err(diagnostics) = applied {
        assert!(diagnostics.has_errors());
        check_diagnostics(text, &diagnostics);
    }
    if let Ok(entries) = equivalent::parse("equivalent.toml", text) {
        for entry in entries {
            entry.matches(
                "accepted/plain",
                "server",
                "close() of a connection not done",
            );
        }
    }
}
