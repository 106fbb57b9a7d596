//! `ipclab grade --list`: what an import found, without grading.

use ipclab_intake::import;
use ipclab_report::{Line, Student};

/// The submissions that an import found, for `--list`.
pub fn list(class: &import::Class) -> String {
    let mut text = format!(
        "{} submissions, from {}\n",
        class.found.len(),
        class.system.name()
    );
    let width = class.found.iter().map(|one| one.who.id.chars().count());
    let width = width.max().unwrap_or(0).min(40);
    for one in &class.found {
        let students: Vec<String> = one.who.students.iter().map(described).collect();
        let late = if one.who.late == Some(true) {
            "  late"
        } else {
            ""
        };
        let what = match &one.from {
            import::From::Folder(_) => "a folder".to_owned(),
            import::From::Files(files) => {
                let names: Vec<String> = files
                    .iter()
                    .map(|(_, name)| Line::new(name).to_string())
                    .collect();
                names.join(", ")
            }
            import::From::Nothing(why) => Line::new(why).to_string(),
        };
        let students = match students.is_empty() {
            true => String::new(),
            false => format!("  {}", students.join(", ")),
        };
        text.push_str(&format!(
            "  {:width$}{students}{late}  [{what}]\n",
            one.who.id
        ));
    }
    for student in &class.missing {
        text.push_str(&format!("  missing: {}\n", described(student)));
    }
    text
}

fn described(student: &Student) -> String {
    let ids: Vec<String> = student
        .ids
        .iter()
        .map(|(key, id)| format!("{key} {id}"))
        .collect();
    match (&student.name, ids.is_empty()) {
        (Some(name), true) => name.to_string(),
        (Some(name), false) => format!("{name} ({})", ids.join(", ")),
        (None, _) => ids.join(", "),
    }
}
