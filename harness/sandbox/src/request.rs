//! A request of the tool to a keeper, as both its ends write and read it.

use std::io;

use serde::Serialize;

/// A plan as JSON, and whether a processor is idle beside it.
pub(crate) fn encode(idle_processor: bool, plan: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut request = vec![u8::from(idle_processor)];
    serde_json::to_writer(&mut request, plan)?;
    Ok(request)
}

/// What is in a request; `None`: nothing, there will be no plan any more.
pub(crate) fn decode(request: &[u8]) -> Option<(bool, &[u8])> {
    let (idle_processor, plan) = request.split_first()?;
    Some((*idle_processor == 1, plan))
}
