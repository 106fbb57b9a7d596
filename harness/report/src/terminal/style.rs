//! What a terminal can show.

/// What the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Escape sequences for colours are understood and wanted.
    pub color: bool,
    /// Columns; what is wider than 110 is not used, since no eye follows such a line, and less than 60 is taken for 60.
    pub width: usize,
    /// More than ASCII can be shown.
    pub unicode: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            color: false,
            width: 80,
            unicode: true,
        }
    }
}
