//! The few characters that reports draw with, in two alphabets.

/// One alphabet.
pub(crate) struct Glyphs {
    pub(crate) pass: &'static str,
    pub(crate) fail: &'static str,
    pub(crate) unknown: &'static str,
    pub(crate) skipped: &'static str,
    pub(crate) remark: &'static str,
    pub(crate) note: &'static str,
    pub(crate) dot: &'static str,
    /// Stands where text was cut.
    pub(crate) more: &'static str,
    /// Stands for a blank that must be seen.
    pub(crate) blank: char,
    pub(crate) full: &'static str,
    pub(crate) open: &'static str,
    pub(crate) empty: &'static str,
    pub(crate) dash: &'static str,
    pub(crate) caret: &'static str,
    pub(crate) times: &'static str,
    pub(crate) lane: &'static str,
    pub(crate) lane_left_out: &'static str,
    /// Where an arrow leaves a lane to the right, and to the left.
    pub(crate) leave_right: &'static str,
    pub(crate) leave_left: &'static str,
    pub(crate) head_right: &'static str,
    pub(crate) head_left: &'static str,
    /// An arrow over a lane that it has nothing to do with.
    pub(crate) cross: &'static str,
    /// The line of what never arrived, and where it ends.
    pub(crate) lost_dash: &'static str,
    pub(crate) lost_end: &'static str,
    /// Before a call that a finding cites.
    pub(crate) cited: &'static str,
    /// From one actor to another, in running text.
    pub(crate) to: &'static str,
}

const UNICODE: Glyphs = Glyphs {
    pass: "✓",
    fail: "✗",
    unknown: "?",
    skipped: "–",
    remark: "·",
    note: "•",
    dot: "·",
    more: "…",
    blank: '·',
    full: "█",
    open: "▒",
    empty: "░",
    dash: "─",
    caret: "▲",
    times: "×",
    lane: "│",
    lane_left_out: "⋮",
    leave_right: "├",
    leave_left: "┤",
    head_right: "►",
    head_left: "◄",
    cross: "┼",
    lost_dash: "╌",
    lost_end: "✗",
    cited: "▸",
    to: "→",
};

const ASCII: Glyphs = Glyphs {
    pass: "+",
    fail: "x",
    unknown: "?",
    skipped: "-",
    remark: ".",
    note: "*",
    dot: "-",
    more: "...",
    blank: '_',
    full: "#",
    open: "?",
    empty: ".",
    dash: "-",
    caret: "^",
    times: "x",
    lane: "|",
    lane_left_out: ":",
    leave_right: "|",
    leave_left: "|",
    head_right: ">",
    head_left: "<",
    cross: "+",
    lost_dash: ".",
    lost_end: "x",
    cited: ">",
    to: "->",
};

impl Glyphs {
    pub(crate) fn of(unicode: bool) -> &'static Self {
        if unicode { &UNICODE } else { &ASCII }
    }
}
