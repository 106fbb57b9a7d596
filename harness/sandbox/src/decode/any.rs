//! Whatever a program passes to the kernel can be decoded: any registers, any memory, pointers to nowhere among them.
//!
//! The memory that is read is the test's own, by the call that reads a tracee's.

use std::net::SocketAddr;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;
use crate::calls::TABLE;

/// The same ones every time: what these find once they find always.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(0x1bc),
        ..ProptestConfig::default()
    }
}

fn me() -> Pid {
    std::process::id() as Pid
}

/// Where a pointer points.
#[derive(Clone, Debug)]
enum Place {
    /// A number that may be an address or a count.
    Number(u64),
    /// Into the memory of the test, this far.
    Inside(usize),
    /// This far before the end of it.
    NearItsEnd(u64),
    /// This far before the end of the stack, behind which there is nothing.
    NearNothing(u64),
    /// This far before the end of all addresses.
    NearTheLast(u64),
}

fn place() -> impl Strategy<Value = Place> {
    prop_oneof![
        any::<u64>().prop_map(Place::Number),
        (0..200_u64).prop_map(Place::Number),
        any::<i32>().prop_map(|number| Place::Number(i64::from(number) as u64)),
        (0..9_000_usize).prop_map(Place::Inside),
        (0..40_u64).prop_map(Place::NearItsEnd),
        (0..5_000_u64).prop_map(Place::NearNothing),
        (0..40_u64).prop_map(Place::NearTheLast),
    ]
}

impl Place {
    fn address(&self, memory: &[u8]) -> u64 {
        let base = memory.as_ptr() as u64;
        match self {
            Self::Number(number) => *number,
            Self::Inside(far) => base + (*far % memory.len().max(1)) as u64,
            Self::NearItsEnd(far) => base + memory.len() as u64 - far,
            Self::NearNothing(far) => end_of_stack() - far,
            Self::NearTheLast(far) => u64::MAX - far,
        }
    }
}

/// The first address behind the stack.
fn end_of_stack() -> u64 {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("maps");
    let line = maps.lines().find(|line| line.ends_with("[stack]"));
    let (range, _) = line.and_then(|line| line.split_once(' ')).expect("a stack");
    let (_, end) = range.split_once('-').expect("a range");
    u64::from_str_radix(end, 16).expect("an address")
}

/// Bytes, among them what structures are made of: pointers, families of addresses, text with what acts on terminals.
fn contents() -> impl Strategy<Value = (Vec<u8>, Vec<(usize, Place)>)> {
    let piece = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..64),
        Just(b"\x02\0\x30\x39\x7f\0\0\x01".to_vec()),
        Just(b"\x0a\0\x30\x39".to_vec()),
        Just(b"\x01\0/tmp/some_socket\0".to_vec()),
        Just(b"\x01\0\0abstract".to_vec()),
        Just("\u{1b}[31m\r\n\u{9b}2J\u{202e}e\u{301}\u{301}\"\\".into()),
        Just(vec![b'x'; 5_000]),
        Just(vec![0; 24]),
    ];
    (
        proptest::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat()),
        proptest::collection::vec((0..1_000_usize, place()), 0..8),
    )
}

/// Puts pointers into memory, now that it is known where it is.
fn laid_out((mut memory, pointers): (Vec<u8>, Vec<(usize, Place)>)) -> Vec<u8> {
    memory.resize(memory.len().max(64), 0);
    for (word, place) in pointers {
        let at = 8 * (word % (memory.len() / 8));
        let address = place.address(&memory);
        memory[at..at + 8].copy_from_slice(&address.to_ne_bytes());
    }
    memory
}

proptest! {
    #![proptest_config(config(1_000))]

    /// One line each, as long as a path at the most, with nothing in it that acts.
    #[test]
    fn every_call_has_a_printable_form(call in 0..TABLE.len(), contents in contents(), places in proptest::collection::vec(place(), 6)) {
        let memory = laid_out(contents);
        let mut args = [0; 6];
        for (arg, place) in args.iter_mut().zip(&places) {
            *arg = place.address(&memory);
        }
        let spec = &TABLE[call];
        let decoded = arguments(me(), spec, &args);
        prop_assert_eq!(decoded.len(), spec.args.len());
        for arg in decoded {
            let text = arg.to_string();
            prop_assert!(text.len() <= 4 * PATH_MAX + 2, "{} bytes", text.len());
            prop_assert!(!text.chars().any(char::is_control), "{text:?}");
        }
    }

    /// What is read of a vector's buffers is bounded.
    #[test]
    fn any_vector_is_read(contents in contents(), at in place(), count in any::<u64>(), most in 0..20_000_u64) {
        let memory = laid_out(contents);
        let vectors = vectors(me(), at.address(&memory), count);
        prop_assert!(vectors.len() as u64 <= count.min(MAX_VECTORS as u64));
        prop_assert!(gather(me(), &vectors, most).len() as u64 <= most.min(total(&vectors)));
        if let Some(message) = Message::read(me(), at.address(&memory)) {
            prop_assert!(gather(me(), &message.vectors, most).len() as u64 <= most);
            address(me(), message.name.0, message.name.1);
        }
        for kind in [ArgKind::Timespec, ArgKind::Timeval] {
            duration_us(me(), kind, at.address(&memory));
        }
    }

    /// What a vector's buffers hold is read in their order.
    #[test]
    fn a_vector_comes_back(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..20), most in 0..3_000_u64) {
        let table: Vec<u8> = pieces
            .iter()
            .flat_map(|piece| [piece.as_ptr() as u64, piece.len() as u64])
            .flat_map(u64::to_ne_bytes)
            .collect();
        let vectors = vectors(me(), table.as_ptr() as u64, pieces.len() as u64);
        let seen = pieces[..pieces.len().min(MAX_VECTORS)].concat();
        prop_assert_eq!(total(&vectors), seen.len() as u64);
        let got = gather(me(), &vectors, most);
        prop_assert_eq!(&got, &seen[..seen.len().min(most as usize)]);
    }

    /// A path is what stands before the first NUL, and no longer than any path.
    #[test]
    fn any_path_is_read(contents in contents(), far in 0..6_000_usize) {
        let mut memory = laid_out(contents);
        memory.push(0);
        let at = far % memory.len();
        let own = memory[at..].split(|byte| *byte == 0).next().unwrap_or_default();
        let path = path(me(), memory[at..].as_ptr() as u64);
        prop_assert_eq!(path.map(|path| path.0), Some(own[..own.len().min(PATH_MAX)].to_vec()));
    }

    /// Any bytes as an address, of any length that a program says it has.
    #[test]
    fn any_bytes_are_an_address_or_none(
        family in prop_oneof![Just(1), Just(2), Just(10), any::<u16>()],
        rest in proptest::collection::vec(any::<u8>(), 0..200),
        length in prop_oneof![0..40_u64, any::<u64>()],
    ) {
        let bytes = [family.to_ne_bytes().as_slice(), &rest].concat();
        let length = length.min(bytes.len() as u64);
        let said = &bytes[..length.min(128) as usize];
        let read = address(me(), bytes.as_ptr() as u64, length);
        prop_assert_eq!(&read, &parse_address(said));
        prop_assert_eq!(read.is_none(), match said {
            [] | [_] => true,
            [2, 0, rest @ ..] => rest.len() < 6,
            [10, 0, rest @ ..] => rest.len() < 22,
            _ => false,
        });
        if let Some(address) = read {
            prop_assert!(!Arg::Address(address.clone()).to_string().chars().any(char::is_control));
            if let Address::Path(path) = address {
                prop_assert!(!path.0.contains(&0));
            }
        }
    }

    /// An address that was laid out as the kernel does it is that address.
    #[test]
    fn an_address_comes_back(socket in any::<SocketAddr>(), rest in proptest::collection::vec(any::<u8>(), 0..16)) {
        let family = if socket.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
        let mut bytes = (family as u16).to_ne_bytes().to_vec();
        bytes.extend(socket.port().to_be_bytes());
        match socket.ip() {
            IpAddr::V4(ip) => bytes.extend(ip.octets()),
            IpAddr::V6(ip) => {
                bytes.extend([0; 4]);
                bytes.extend(ip.octets());
            }
        }
        bytes.extend(rest);
        let expect = SocketAddr::new(socket.ip(), socket.port());
        prop_assert_eq!(parse_address(&bytes), Some(Address::Inet(expect)));
    }
}
