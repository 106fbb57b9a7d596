//! The few characters that reports draw with, in two alphabets.

/// One alphabet.
pub(super) struct Glyphs {
    pub(super) pass: &'static str,
    pub(super) fail: &'static str,
    pub(super) unknown: &'static str,
    pub(super) skipped: &'static str,
    pub(super) remark: &'static str,
    pub(super) note: &'static str,
    pub(super) dot: &'static str,
    /// Stands where text was cut.
    pub(super) more: &'static str,
    /// Stands for a blank that must be seen.
    pub(super) blank: char,
    pub(super) full: &'static str,
    pub(super) open: &'static str,
    pub(super) empty: &'static str,
    pub(super) dash: &'static str,
    pub(super) caret: &'static str,
    pub(super) times: &'static str,
    pub(super) lane: &'static str,
    pub(super) lane_left_out: &'static str,
    /// Where an arrow leaves a lane to the right, and to the left.
    pub(super) leave_right: &'static str,
    pub(super) leave_left: &'static str,
    pub(super) head_right: &'static str,
    pub(super) head_left: &'static str,
    /// An arrow over a lane that it has nothing to do with.
    pub(super) cross: &'static str,
    /// The line of what never arrived, and where it ends.
    pub(super) lost_dash: &'static str,
    pub(super) lost_end: &'static str,
    /// Before a call that a finding cites.
    pub(super) cited: &'static str,
    /// From one actor to another, in running text.
    pub(super) to: &'static str,
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
    pub(super) fn of(unicode: bool) -> &'static Self {
        if unicode { &UNICODE } else { &ASCII }
    }
}
