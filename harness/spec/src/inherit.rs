//! Inheritance: `like = "other-case"` takes everything of that case over, and changes what differs.
//!
//! Tables are merged, everything else is replaced. A few tables are one thing and replaced whole: points, what crossed
//! between two actors, how a variable is drawn. And what plays an actor is one choice out of three keys.

use crate::diagnostic::Diagnostics;
use crate::names::nearest;
use crate::tree::{Entry, Node, Span, Table, Value};

/// Resolves every `like` among the cases of a file; gives the places of the cases whose `like` leads nowhere.
pub(crate) fn inherit(root: &mut Table, diagnostics: &mut Diagnostics) -> Vec<Span> {
    let mut orphans = Vec::new();
    let Some(cases) = root.entries.iter_mut().find(|entry| entry.key == "case") else {
        return orphans;
    };
    let Value::List(cases) = &mut cases.node.value else {
        return orphans;
    };
    let links: Vec<Link> = cases.iter().map(link).collect();
    let ids: Vec<&str> = links.iter().filter_map(|link| link.id.as_deref()).collect();
    let mut bases: Vec<Option<usize>> = Vec::new();
    for link in &links {
        bases.push(link.like.as_ref().and_then(|(name, span)| {
            let base = links
                .iter()
                .position(|other| other.id.as_ref() == Some(name));
            if base.is_none() {
                diagnostics
                    .error(span, format!("there is no case `{name}` to be like"))
                    .suggest(nearest(name, ids.iter().copied()))
                    .consequence();
                orphans.push(link.place.clone());
            }
            base
        }));
    }
    let written = bases.clone();
    for start in 0..cases.len() {
        let chain = chain(&written, start);
        if chain.looped {
            if let Some((name, span)) = &links[start].like
                && chain.links.contains(&start)
            {
                diagnostics.error(
                    span,
                    format!("this case is like `{name}`, which is like this one"),
                );
            }
            bases[start] = None;
            orphans.push(links[start].place.clone());
        }
    }
    let plain = cases.clone();
    for (at, case) in cases.iter_mut().enumerate() {
        // From the farthest ancestor down to the case itself.
        let mut merged: Option<Node> = None;
        for link in chain(&bases, at).links.iter().rev() {
            merged = Some(match merged {
                None => plain[*link].clone(),
                Some(base) => merge(base, &plain[*link], &mut Vec::new()),
            });
        }
        if let Some(mut merged) = merged {
            merged.span = case.span.clone();
            own_identity(&mut merged, &plain[at]);
            *case = merged;
        }
    }
    orphans
}

struct Link {
    place: Span,
    id: Option<String>,
    like: Option<(String, Span)>,
}

fn link(case: &Node) -> Link {
    let Value::Table(table) = &case.value else {
        return Link {
            place: case.span.clone(),
            id: None,
            like: None,
        };
    };
    let text = |key: &str| {
        table
            .get(key)
            .and_then(|node| Some((node.as_text()?.to_owned(), node.span.clone())))
    };
    Link {
        place: case.span.start..case.end(),
        id: text("id").map(|(id, _)| id),
        like: text("like"),
    }
}

struct Chain {
    /// The case itself first, then what it is like, and so on.
    links: Vec<usize>,
    looped: bool,
}

fn chain(bases: &[Option<usize>], start: usize) -> Chain {
    let mut links = vec![start];
    let mut at = start;
    while let Some(base) = bases[at] {
        if links.contains(&base) {
            // A case that leads into a loop without being on it has nothing wrong of its own.
            let on_loop = base == start;
            return Chain {
                links: if on_loop { links } else { Vec::new() },
                looped: true,
            };
        }
        links.push(base);
        at = base;
    }
    Chain {
        links,
        looped: false,
    }
}

/// `id` and `like` are never inherited.
fn own_identity(merged: &mut Node, own: &Node) {
    let (Value::Table(merged), Value::Table(own)) = (&mut merged.value, &own.value) else {
        return;
    };
    merged.entries.retain(|entry| {
        !matches!(entry.key.as_str(), "id" | "like") || own.get(&entry.key).is_some()
    });
}

fn merge(base: Node, change: &Node, path: &mut Vec<String>) -> Node {
    let Value::Table(changes) = &change.value else {
        return change.clone();
    };
    let Value::Table(mut table) = base.value else {
        return change.clone();
    };
    if replaced_whole(path) {
        return change.clone();
    }
    if path.len() == 2
        && path[0] == "actor"
        && changes.entries.iter().any(|entry| is_player(&entry.key))
    {
        table.entries.retain(|entry| !is_player(&entry.key));
    }
    for Entry {
        key,
        key_span,
        node,
    } in &changes.entries
    {
        match table.entries.iter().position(|entry| entry.key == *key) {
            Some(at) => {
                path.push(key.clone());
                let old = table.entries[at].node.clone();
                table.entries[at].node = merge(old, node, path);
                table.entries[at].key_span = key_span.clone();
                path.pop();
            }
            None => table.entries.push(Entry {
                key: key.clone(),
                key_span: key_span.clone(),
                node: node.clone(),
            }),
        }
    }
    Node {
        span: change.span.clone(),
        value: Value::Table(table),
    }
}

fn is_player(key: &str) -> bool {
    matches!(key, "student" | "reference" | "peer")
}

fn replaced_whole(path: &[String]) -> bool {
    match path {
        [one] => one == "points",
        [one, _] => one == "vary" || one == "wire",
        _ => false,
    }
}
