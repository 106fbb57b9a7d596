//! Names of submissions on a command line: an id, a student's name in whatever order, or a number.

use ipclab_report::{Who, names as people};

/// Whether a submission is called so.
pub(super) fn is_called(who: &Who, name: &str) -> bool {
    let name = name.to_lowercase();
    let mut names = vec![who.id.to_lowercase()];
    for student in &who.students {
        let stored = student.name.iter().chain(student.ids.values());
        names.extend(stored.map(|name| name.to_lowercase()));
        // `Muller Zoe` is Zoë Müller.
        names.extend(student.name.iter().map(|name| people::key(name)));
    }
    names.contains(&name) || names.contains(&people::key(&name))
}
