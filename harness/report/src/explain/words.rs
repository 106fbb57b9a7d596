//! Templates as a person reads them.

use ipclab_spec::{Hole, Part, Template};

/// With the names of variables, and a word for what is known only then.
pub(super) fn shown(text: &Template) -> String {
    let part = |part: &Part| match part {
        Part::Text(text) => text.clone(),
        Part::Hole(Hole::Variable(name)) => format!("{{{{{name}}}}}"),
        Part::Hole(hole) => known_then(hole),
    };
    text.parts.iter().map(part).collect()
}

/// The placeholder that a person who tries the case by hand fills in: `SHMID`.
pub(super) fn known_then(hole: &Hole) -> String {
    use ipclab_spec::ServedPart;
    match hole {
        Hole::Answer { name, .. } => name.to_uppercase(),
        Hole::Segment(_) => "SHMID".to_owned(),
        Hole::Listens { part, .. } => match part {
            ServedPart::Place | ServedPart::Ip => "ADDRESS".to_owned(),
            ServedPart::Path => "PATH".to_owned(),
            ServedPart::Port => "PORT".to_owned(),
        },
        _ => "...".to_owned(),
    }
}
