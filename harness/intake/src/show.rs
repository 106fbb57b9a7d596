//! Names that students chose, made fit for a terminal: nothing in them may move the cursor or turn the line around.

use std::path::Path;

use ipclab_report::Line;

/// A path as a reader can take it, escaped in the same way as reports do.
pub fn path(path: &Path) -> String {
    Line::new(&path.to_string_lossy()).as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use super::path;
    use std::path::Path;

    #[test]
    fn a_name_cannot_move_the_cursor_or_turn_the_line() {
        assert_eq!(path(Path::new("a\n\u{1b}[2Jb.c")), "a\\n\\x1b[2Jb.c");
        assert_eq!(path(Path::new("\u{202e}c.exe")), "\\u{202e}c.exe");
        assert_eq!(path(Path::new("Übung 1/server.c")), "Übung 1/server.c");
    }
}
