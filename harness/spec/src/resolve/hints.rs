//! Hints that belong to a cause or an aspect, whatever the case: `[hints]` of a lab and `[case.hints]`.

use std::collections::BTreeMap;

use crate::diagnostic::Diagnostics;
use crate::names::nearest;
use crate::raw::{Keyed, Many};
use crate::{Aspect, CAUSES};

/// Steps of each hint, by the kind of cause or the aspect that it is for.
pub(crate) type Hints = BTreeMap<String, Vec<String>>;

/// Reads a table of hints and complains about names that no cause and no aspect has.
pub(crate) fn hints(raw: Option<&Keyed<Many>>, diagnostics: &mut Diagnostics) -> Hints {
    let mut hints = Hints::new();
    for (name, steps) in raw.into_iter().flat_map(Keyed::iter) {
        let mut known: Vec<&str> = CAUSES.to_vec();
        // `build` and `memory` are kinds of causes as well.
        known.extend(
            Aspect::ALL
                .map(Aspect::name)
                .iter()
                .filter(|name| !CAUSES.contains(name)),
        );
        if !known.contains(&name.value.as_str()) {
            diagnostics
                .error(
                    &name.span,
                    format!("there is no cause and no aspect `{}`", name.value),
                )
                .help(format!("known here: {}", known.join(", ")))
                .suggest(nearest(&name.value, known));
            continue;
        }
        if steps.items.is_empty() {
            diagnostics
                .error(
                    &steps.span,
                    format!("the hint for `{}` is empty", name.value),
                )
                .help("write what a teacher would say, or leave the key out");
            continue;
        }
        let steps = steps.items.iter().map(|step| step.value.clone());
        hints.insert(name.value.clone(), steps.collect());
    }
    hints
}

/// The hints of a case: its own, and the lab's where it has none for the same.
pub(crate) fn within(lab: &Hints, own: Hints) -> Hints {
    let mut all = lab.clone();
    all.extend(own);
    all
}
