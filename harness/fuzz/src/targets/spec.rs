//! A spec: read or refused, and whatever is wrong with it can be shown.

use ipclab_spec::Diagnostics;

/// Any text, as a spec, as a step of a peer and as a command.
pub fn spec(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match ipclab_spec::parse("fuzz.toml", text) {
        Ok(parsed) => check_diagnostics(text, &parsed.warnings),
        Err(diagnostics) => {
            assert!(diagnostics.has_errors());
            check_diagnostics(text, &diagnostics);
        }
    }
    let _ = ipclab_spec::parse_covering("fuzz.toml", text, Some(&["Q1.a".to_owned()]));
    for line in text.lines().take(8) {
        if let Ok(step) = ipclab_spec::parse_step(line, &["server".to_owned()]) {
            // What is printed for people reads as it was meant.
            let again = ipclab_spec::parse_step(&step.action.to_string(), &["server".to_owned()]);
            assert_eq!(
                again.map(|step| step.action).ok(),
                Some(step.action),
                "{line}"
            );
        }
        let _ = ipclab_spec::split_command(line);
    }
}

pub(crate) fn check_diagnostics(text: &str, diagnostics: &Diagnostics) {
    assert_eq!(diagnostics.render(true).is_empty(), diagnostics.is_empty());
    let lines = 1 + text.matches('\n').count();
    for one in diagnostics {
        assert!((1..=lines).contains(&diagnostics.line(one)), "{one:?}");
    }
}
