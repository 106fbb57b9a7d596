//! Empty plans and evidence, for tests of the caches.

use ipclab_evidence::{Evidence, Leftovers, Plan, World};
use serde_json::{from_value, json, to_value};

/// A plan without actors.
pub(super) fn plan(name: &str) -> Plan {
    Plan::new(name, World::default(), Vec::new())
}

/// Evidence of it.
pub(super) fn evidence() -> Evidence {
    let leftovers = to_value(Leftovers::default()).unwrap();
    let isolation = json!({ "level": "namespaces", "counted_by": "rlimits", "notes": [] });
    from_value(json!({
        "name": "a", "isolation": isolation, "ended": "all-exited", "actors": [], "sockets": [], "trace": [],
        "calls_dropped": 0, "looks": [], "leftovers": leftovers, "trouble": [], "spent": { "world_us": 1, "actors_us": 1, "sweep_us": 1 },
    }))
    .unwrap()
}
