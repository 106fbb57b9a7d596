//! Pages: what a program wrote on a stream, as text to match lines against.

use ipclab_evidence::Stream;

/// A stream as lines.
pub(crate) struct Page {
    /// Lines without their ends.
    pub(crate) lines: Vec<String>,
    /// The whole text, `\n` at the line ends.
    pub(crate) text: String,
    /// Bytes of its middle were not kept.
    pub(crate) has_hole: bool,
}

impl Page {
    /// NULs are left out, since many programs write a string with its NUL to the screen, where it is invisible; `\r\n` is a line end.
    pub(crate) fn of(stream: &Stream) -> Self {
        let clean = |bytes: &[u8]| {
            let kept: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
            String::from_utf8_lossy(&kept).replace("\r\n", "\n")
        };
        let mut text = clean(&stream.head.0);
        if stream.dropped > 0 {
            // What stood around the hole is not one line.
            text.push('\n');
        }
        text.push_str(&clean(&stream.tail.0));
        let lines = text.lines().map(str::to_owned).collect();
        Self {
            lines,
            text,
            has_hole: stream.dropped > 0,
        }
    }

    /// The page of a text.
    #[cfg(test)]
    pub(crate) fn of_text(text: &str) -> Self {
        Self {
            lines: text.lines().map(str::to_owned).collect(),
            text: text.to_owned(),
            has_hole: false,
        }
    }

    pub(crate) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }
}
