//! `lookup NAME_OR_ADDRESS` (Q11): the addresses of a name, or the name of an address.
//!
//! How the contract is kept:
//! - getaddrinfo(3) and getnameinfo(3), the successors of the unit's gethostbyname and gethostbyaddr, so that IPv4 and IPv6 are
//!   one and the same. `AI_CANONNAME` tells a host's own name, `NI_NAMEREQD` makes an address without a name an error.
//! - Each address once, though the library gives it once for every kind of socket.
//! - What reads as an address is one, and is never looked up as a name; what does not is a name, `300.1.1.1` among them.

use std::ffi::OsString;
use std::net::IpAddr;

use dns_lookup::{AddrInfoHints, LookupError, SockType, getaddrinfo, lookup_addr};

use super::usage::usage;
use crate::failure::Failure;
use crate::stdio::say;

pub(super) fn main(argv: &[OsString]) -> Result<(), Failure> {
    let asked = match argv {
        [_, asked] if !asked.is_empty() => asked.to_string_lossy(),
        _ => return Err(usage(argv, "lookup", "NAME_OR_ADDRESS")),
    };
    match asked.parse::<IpAddr>() {
        Ok(address) => {
            let name = lookup_addr(&address).map_err(|e| unknown(&asked, e))?;
            say(format!("name: {name}"));
            say(format!("address: {address}"));
        }
        Err(_) => {
            let (name, addresses) = addresses(&asked).map_err(|e| unknown(&asked, e))?;
            say(format!("name: {name}"));
            if name != asked {
                say(format!("alias: {asked}"));
            }
            for address in addresses {
                say(format!("address: {address}"));
            }
        }
    }
    Ok(())
}

/// A host's own name and its addresses.
fn addresses(asked: &str) -> Result<(String, Vec<IpAddr>), LookupError> {
    let hints = AddrInfoHints {
        flags: libc::AI_CANONNAME,
        socktype: SockType::Stream.into(),
        ..AddrInfoHints::default()
    };
    let mut name = None;
    let mut addresses: Vec<IpAddr> = Vec::new();
    for entry in getaddrinfo(Some(asked), None, Some(hints))?.flatten() {
        name = name.or(entry.canonname);
        let address = entry.sockaddr.ip();
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok((name.unwrap_or_else(|| asked.to_owned()), addresses))
}

fn unknown(asked: &str, why: LookupError) -> Failure {
    let why = std::io::Error::from(why).to_string();
    let own = "failed to lookup address information: ";
    Failure::because(
        &format!("lookup {asked}"),
        why.strip_prefix(own).unwrap_or(&why),
    )
}
