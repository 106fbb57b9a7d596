//! The code that is kept beside a result: what the staff reads next to the findings.

use ipclab_intake::show;
use ipclab_intake::submission::{Submission, walk};
use ipclab_report::{Block, Line, Report, SourceFile};

/// Bytes of a file that are kept.
const FILE_MAX: usize = 64 << 10;
/// Bytes of all files of a submission that are kept.
const ALL_MAX: usize = 192 << 10;

/// The sources of a submission: those that its programs were built of first.
pub(super) fn of(submission: &Submission, report: &Report) -> Vec<SourceFile> {
    let built = |name: &str| {
        let programs = report.programs.iter();
        let mut sources = programs.flat_map(|program| &program.sources);
        !sources.any(|source| source.as_str() == name)
    };
    let files = submission.files.iter();
    let mut files: Vec<_> = files
        .filter(|file| walk::has_extension(file, walk::SOURCES))
        .map(|file| (file, show::path(file)))
        .collect();
    files.sort_by_key(|(_, name)| (built(name), name.clone()));
    let mut left = ALL_MAX;
    let mut code = Vec::new();
    for (file, name) in files {
        let bytes = submission.read(file);
        let kept = bytes.len().min(FILE_MAX).min(left);
        left -= kept;
        if kept > 0 {
            code.push(SourceFile {
                name: Line::new(&name),
                text: Block::new(&String::from_utf8_lossy(&bytes[..kept])),
                cut: kept < bytes.len(),
            });
        }
    }
    code
}
