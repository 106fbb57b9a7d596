//! The columns of a grading worksheet.

/// A column of a grading worksheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// `Participant 17`
    Identifier,
    /// First and last name.
    FullName,
    /// The institution's number.
    Number,
    /// The address of e-mail.
    Email,
    /// `Submitted for grading - 2 days 3 hours late - Graded`
    Status,
    /// The group.
    Group,
    /// When it was handed in.
    HandedIn,
    /// The grade.
    Grade,
    /// The greatest grade.
    Maximum,
    /// Whether the grade can be changed: not where the gradebook has locked it.
    Changeable,
    /// What the student reads beside the grade.
    Feedback,
}

/// All of them, in the order in which the languages have them.
pub(super) const HEADERS: [Header; 11] = [
    Header::Identifier,
    Header::FullName,
    Header::Number,
    Header::Email,
    Header::Status,
    Header::Group,
    Header::HandedIn,
    Header::Grade,
    Header::Maximum,
    Header::Changeable,
    Header::Feedback,
];
